import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Foundation
import Testing

@testable import EmakiWorkflow

/// Runs whose turns take long are not executed where others' commits wait (G9).
@Suite struct TurnHandsTests {
    /// Notes of each of its turns whether it was given on the loop.
    enum Slow: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> [Bool] {
            var places: [Bool] = []
            for number in 0..<input {
                places.append(CurrentLoop.id != 0)
                Self.compute()
                _ = try await context.step("step", on: .loop) { _ in number }
            }
            return places
        }

        /// Takes a little more than what makes a turn slow.
        static func compute() {
            let end = SystemClock.threadCPUNanoseconds() + 1_200_000
            while SystemClock.threadCPUNanoseconds() < end {}
        }
    }

    private static let brake = WatchdogTests.Brake()

    /// Slow for a while; then it keeps its thread.
    enum Stuck: Workflow {
        static func run(context: WorkflowContext<Self>, input: Bool) async throws -> String {
            for number in 0..<8 {
                Slow.compute()
                _ = try await context.step("step", on: .loop) { _ in number }
            }
            if input { TurnHandsTests.brake.spin() }
            return "done"
        }
    }

    /// Notes where its signals are handled.
    enum Reader: Workflow {
        static let put = Signal<Self, [UInt8]>("put")
        static let finish = Signal<Self, Nothing>("finish")
        struct State: Sendable {
            var places: [Bool] = []
            var isDone = false
        }
        static func initialState(for input: Nothing) -> State { State() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(put) { state, _ in state.places.append(CurrentLoop.id != 0) }
            handlers.on(finish) { state, _ in state.isDone = true }
        }

        static func run(
            context: WorkflowContext<Self>, input: Nothing
        ) async throws -> [Bool] {
            try await context.wait { $0.isDone }
            return context.state.places
        }
    }

    private func onEngine(_ body: (WorkflowEngine) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-hands-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 1 << 20)))
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        let engine = try await WorkflowEngine(
            log: log, workflows: [Slow.self, Stuck.self, Reader.self], options: options)
        try await body(engine)
        engine.close()
        await log.close()
    }

    @Test("a type whose turns take long gets them from other threads")
    func slowType() async throws {
        try await onEngine { engine in
            let first = try await engine.execute(Slow.self, id: "a", 12)
            #expect(first.count == 12)
            #expect(first.suffix(4) == [false, false, false, false])
            // The next run of the type, from its start on.
            let second = try await engine.execute(Slow.self, id: "b", 4)
            #expect(second == [false, false, false, false])
        }
    }

    @Test("a run of a slow type that keeps its thread does not hold up the others of its type")
    func heldUp() async throws {
        try await onEngine { engine in
            #expect(try await engine.execute(Stuck.self, id: "first", false) == "done")
            var stuck: [WorkflowHandle<Stuck>] = []
            // More than there are threads at first.
            for number in 0..<6 {
                stuck.append(try await engine.start(Stuck.self, id: "stuck-\(number)", true))
            }
            await Self.brake.spinning()
            #expect(try await engine.execute(Stuck.self, id: "last", false) == "done")
            Self.brake.letGo()
            for handle in stuck { #expect(try await handle.result() == "done") }
        }
    }

    @Test("what is larger than 64 KiB is decoded on other threads")
    func largePayload() async throws {
        try await onEngine { engine in
            let handle = try await engine.start(Reader.self, id: "reader", Nothing())
            for _ in 0..<3 {
                try await handle.signal(Reader.put, [UInt8](repeating: 1, count: 65_537))
            }
            try await handle.signal(Reader.finish, Nothing())
            #expect(try await handle.result() == [false, false, false])
        }
    }
}
