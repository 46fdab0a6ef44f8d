import EmakiLog
import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Synchronization
import Testing

/// Code that ends the whole process (G9): caught alone, and put aside.
@Suite struct QuarantineTests {
    static let runCount = 1_000
    static let culprit = 500

    struct Work: Activity {
        static let options = ActivityOptions(startToClose: .seconds(1_000))

        func run(context: ActivityContext, input: Int) async throws -> Int {
            guard input == QuarantineTests.culprit else { return input }
            while !QuarantineTests.allAreThere.load(ordering: .acquiring) { await Task.yield() }
            _exit(1)
        }
    }

    /// All runs have been started.
    static let allAreThere = Atomic(false)

    enum Worker: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.run(Work.self, input)
        }
    }

    /// The workflow's own code ends the process, once it is told to go on.
    enum Trapping: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(1))
            if input == QuarantineTests.culprit { _exit(1) }
            return input
        }
    }

    /// Good code until it is replaced by some that ends the process wherever it is executed.
    enum Redeployed: Workflow {
        static let isBad = Atomic(false)

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            // wf:allow(WF040) stands for other code, which ends the process
            if input == QuarantineTests.culprit, isBad.load(ordering: .relaxed) { _exit(1) }
            try await context.sleep(for: .seconds(1))
            return input
        }
    }

    private static func open(
        _ folder: String, _ clock: SkippingClock
    ) async throws -> (EventLog, WorkflowEngine) {
        let log = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 4 << 20)))
        var options = EngineOptions()
        options.clock = clock
        let engine = try await WorkflowEngine(
            log: log, workflows: [Worker.self, Trapping.self, Redeployed.self],
            activities: [Work()],
            options: options)
        return (log, engine)
    }

    /// Starts all runs, and waits for a result that does not come.
    /// - Parameter skips: false: no timer runs off, and the process ends as soon as all are there.
    private static func begin<W: Workflow>(
        _ type: W.Type, _ folder: String, skips: Bool = true
    ) async throws where W.Input == Int, W.Output == Int {
        let (_, engine) = try await open(folder, SkippingClock(skips: skips))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<runCount {
                group.addTask { try await engine.start(type, id: "w-\(number)", number) }
            }
            try await group.waitForAll()
        }
        allAreThere.store(true, ordering: .releasing)
        if !skips { _exit(1) }
        _ = try await engine.handle(type, id: "w-\(culprit)").result()
    }

    /// - Returns: once all others have ended and the culprit rests.
    private static func finish<W: Workflow>(_ type: W.Type, _ folder: String) async throws
    where W.Input == Int, W.Output == Int {
        allAreThere.store(true, ordering: .releasing)
        // Later than all timers, so that they are due when the runs are taken up.
        let (log, engine) = try await open(
            folder, SkippingClock(start: 1_800_000_000_000_000_000))
        for number in 0..<runCount where number != culprit {
            let result = try await engine.handle(type, id: "w-\(number)").result()
            precondition(result == number, "each run has its own result")
        }
        let culprit = engine.handle(type, id: "w-\(culprit)")
        while true {
            if case .quarantined(let failure) = try await culprit.describe().pause {
                precondition(failure.message.contains("3 times"), failure.message)
                let names = failure.message.contains("Work")
                precondition(names == (type is Worker.Type), failure.message)
                break
            }
            await Task.yield()
        }
        // Its code is not executed any more, whatever is asked of it.
        await #expect(throws: WorkflowError.self) { try await culprit.query(Ask<W>.anything) }
        engine.close()
        await log.close()
        try Data().write(to: URL(filePath: folder + "/done"))
        _exit(1)
    }

    private enum Ask<W: Workflow> {
        static var anything: Query<W, Nothing, Nothing> { Query("anything") }
    }

    /// Ends processes until one gets to the end, which it says with a file.
    private func deaths(
        _ folder: String, _ life: (String) async -> Void
    ) async -> Int {
        var deaths = 0
        while !FileManager.default.fileExists(atPath: folder + "/done"), deaths < 30 {
            await life(folder)
            deaths += 1
        }
        // The last one ended as it should.
        return deaths - 1
    }

    private func temporaryFolder() -> String {
        FileManager.default.temporaryDirectory.path + "/emaki-quarantine-\(UUID())"
    }

    // How many deaths it takes depends on who else was at work at each: it is at least the one
    // that makes a suspect of it, and three in which it is caught alone.

    @Test("of 1,000 runs one ends the process in its activity: it is put aside, the others finish")
    func activity() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
            try await Self.begin(Worker.self, folder)
        }
        let deaths = await deaths(folder) { folder in
            await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
                try await Self.finish(Worker.self, folder)
            }
        }
        #expect((3..<29).contains(deaths))
    }

    @Test("of 1,000 runs one ends the process in its own code: it is put aside, the others finish")
    func code() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
            try await Self.begin(Trapping.self, folder)
        }
        let deaths = await deaths(folder) { folder in
            await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
                try await Self.finish(Trapping.self, folder)
            }
        }
        #expect((3..<29).contains(deaths))
    }

    @Test("of 1,000 runs the new code of one ends the process: it is put aside, and questions too")
    func deployment() async throws {
        let folder = temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
            try await Self.begin(Redeployed.self, folder, skips: false)
        }
        let deaths = await deaths(folder) { folder in
            await #expect(processExitsWith: .exitCode(1)) { [folder = folder as String] in
                Redeployed.isBad.store(true, ordering: .relaxed)
                try await Self.finish(Redeployed.self, folder)
            }
        }
        #expect((4..<29).contains(deaths))
    }
}
