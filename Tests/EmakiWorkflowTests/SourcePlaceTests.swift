import EmakiWorkflowTesting
import Synchronization
import Testing

@testable import EmakiWorkflow

/// A divergence says where in the code its calls are.
@Suite struct SourcePlaceTests {
    struct Look: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        func run(context: ActivityContext, input: String) async throws -> String { input }
    }

    /// What histories here were recorded by: two steps, and a wait.
    enum Old: Called {
        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            _ = try await context.step("first") { _ in input }
            try await context.branch("side") {
                _ = try await context.step("second") { _ in input }
            }
            try await context.wait { $0 }
            return input
        }
    }

    /// The same from another place, until the second step: then it makes the call that its input
    /// names.
    enum New: Called {
        static let lines = Mutex<[String: UInt32]>([:])

        static func note(_ name: String, _ line: UInt32) {
            // wf:allow(WF040) notes for the test, and decides nothing
            lines.withLock { $0[name] = line }
        }

        static func line(of name: String) -> UInt32? { lines.withLock { $0[name] } }

        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            note("first", #line + 1)
            _ = try await context.step("first") { _ in input }
            try await context.branch("side") { try await call(input, context) }
            return input
        }

        private static func call(_ name: String, _ context: WorkflowContext<Self>) async throws {
            switch name {
            case "step":
                note(name, #line + 1)
                _ = try await context.step("other") { _ in name }
            case "run":
                note(name, #line + 1)
                _ = try await context.run(Look.self, name)
            case "sleep":
                note(name, #line + 1)
                try await context.sleep(for: .seconds(1))
            case "timeout":
                note(name, #line + 1)
                _ = try await context.wait(until: { $0 }, timeout: .seconds(1))
            case "saga":
                try await context.saga { saga in
                    note(name, #line + 1)
                    _ = try await saga.run(Look.self, name, undo: Look.self) { _ in name }
                }
            default: try await callOthers(name, context)
            }
        }

        private static func callOthers(
            _ name: String, _ context: WorkflowContext<Self>
        ) async throws {
            switch name {
            case "child":
                note(name, #line + 1)
                _ = try await context.startChild(Old.self, id: "c", name)
            case "runChild":
                note(name, #line + 1)
                _ = try await context.runChild(Old.self, id: "c", name)
            case "signal":
                note(name, #line + 1)
                try await context.signal("c", Old.go, Nothing())
            case "cancel":
                note(name, #line + 1)
                try await context.cancelWorkflow("c")
            case "terminate":
                note(name, #line + 1)
                try await context.terminateWorkflow("c", reason: "")
            case "helper": try await helper(context)
            default:
                // Asks for nothing: it waits.
                note(name, #line + 1)
                try await context.wait { $0 }
            }
        }

        /// Of a helper that passes on what it is given, its caller's place is told.
        private static func helper(_ context: WorkflowContext<Self>) async throws {
            note("helper", 7)
            try await context.sleep(for: .seconds(1), file: "Shop/Order.swift", line: 7)
        }
    }

    private func history(_ input: String) async throws -> [HistoryEvent] {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(), definitions: [WorkflowDefinition(Old.self)],
            options: options)
        let handle = try await engine.start(Old.self, id: "r", input)
        while try await handle.describe().eventCount < 5 { await Task.yield() }
        let history = try await handle.history()
        engine.close()
        return history
    }

    @Test(
        "every call that asks for something has its place in the report",
        arguments: [
            "step", "run", "sleep", "timeout", "saga", "child", "runChild", "signal", "cancel",
            "terminate", "helper",
        ])
    func calls(name: String) async throws {
        let verdict = Replayer(workflows: [New.self]).verdict(on: try await history(name))
        #expect(verdict.kind == .diverges && verdict.event == 3, "\(verdict)")
        let place = try #require(verdict.place)
        #expect(place.line == New.line(of: name))
        #expect(place.file == (name == "helper" ? "Shop/Order.swift" : #fileID))
        // A saga is a branch of its own, in which nothing came before.
        #expect(verdict.lastEqual == "StepScheduled first (first)")
        #expect(verdict.lastEqualPlace?.line == New.line(of: "first"))
        #expect(verdict.message.contains(", at \(place)"))
        #expect(verdict.message.contains(verdict.advice))
    }

    @Test("of code that asks for nothing more the report has the place where it waits")
    func waiting() async throws {
        let verdict = Replayer(workflows: [New.self]).verdict(on: try await history("wait"))
        #expect(verdict.kind == .diverges && verdict.found == nil && verdict.branch == "side")
        let place = try #require(verdict.place)
        #expect(place == SourcePlace(file: #fileID, line: New.line(of: "wait") ?? 0))
        #expect(verdict.message.contains("nothing more, and waits at \(place)"))
    }

    @Test("places are no part of what is compared, and nothing is kept of them live")
    func moved() async throws {
        let history = try await history("x")
        #expect(Replayer(workflows: [Old.self]).verdict(on: history).kind == .same)
        let start = try #require(history.first)
        guard case .started(let run) = start.body else { return }
        func places(isReplay: Bool) -> [SourcePlace?] {
            let decider = SwiftDecider<Old>(run, codec: JSONPayloadCodec())
            defer { decider.evict() }
            let decision = decider.activate(Activation(event: start, isReplay: isReplay))
            #expect(decision.commands.count == 1)
            return decision.places
        }
        #expect(places(isReplay: false).isEmpty)
        #expect(places(isReplay: true).count == 1)
    }
}

/// Releases of one workflow.
protocol Called: Workflow where Input == String, Output == String, State == Bool {}

extension Called {
    static var workflowName: String { "Called" }
    static var go: Signal<Self, Nothing> { Signal("go") }
    static func initialState(for input: String) -> Bool { false }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(go) { state, _ in state = true }
    }
}
