import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation
import Testing

/// `emaki workflow tail`, `export` and what the commands show while they work.
@Suite("emaki workflow tail and export")
struct WorkflowFollowTests {
    enum Tally: Workflow {
        static let add = Signal<Self, Int>("add")
        static func initialState(for input: Int) -> Int { input }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { $0 += $1 }
        }
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0 >= input + 100 }
            // A second run after the first.
            guard context.state < 1_000 else { return context.state }
            throw try context.continueAsNew(context.state)
        }
    }

    private func onEngine(
        _ store: TestStore, _ body: (WorkflowEngine) async throws -> Void
    ) async throws {
        // A command that looks may have the lock for a moment.
        var log: EventLog?
        while log == nil {
            do {
                log = try await EventLog.open(at: store.path)
            } catch LogError.locked {
                await Task.yield()
            }
        }
        guard let log else { return }
        let engine = try await WorkflowEngine(log: log, workflows: [Tally.self])
        do {
            try await body(engine)
        } catch {
            engine.close()
            await log.close()
            throw error
        }
        engine.close()
        await log.close()
    }

    private func run(_ arguments: String...) async throws -> CommandResult {
        let arguments = ["workflow"] + arguments
        let result = await SystemThread.offload(name: "command") {
            Result { try Command.run(arguments) }
        }
        return try result.get()
    }

    @Test("the events of a workflow are printed as they come, from run to run, until it ends")
    func live() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            let handle = try await engine.start(Tally.self, id: "t", 1)
            let tail = try RunningCommand(["workflow", "tail", store.path, "t", "--json"])
            #expect(try await Self.type(tail.line()) == "RunStarted")
            try await handle.signal(Tally.add, 1)
            #expect(try await Self.type(tail.line()) == "SignalReceived")
            try await handle.signal(Tally.add, 100)
            #expect(try await Self.type(tail.line()) == "SignalReceived")
            #expect(try await Self.type(tail.line()) == "RunClosed")
            // The run after it.
            let second = try #require(await tail.line())
            #expect(second.contains(#""event":1,"#) && second.contains("RunStarted"))
            try await engine.handle(Tally.self, id: "t").signal(Tally.add, 1_000)
            let (last, status) = await tail.end()
            let types = try last.map { try Self.type($0) }
            #expect(types == ["Activated", "SignalReceived", "RunClosed"])
            #expect(status == 0)
        }
    }

    private static func type(_ line: String?) throws -> String? {
        try CommandResult.object(try #require(line))["type"] as? String
    }

    @Test("where nobody has the store, what is there is printed, and the store is let go of")
    func alone() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            let handle = try await engine.start(Tally.self, id: "t", 1)
            try await handle.signal(Tally.add, 1)
        }
        let caughtUp = try await run("tail", store.path, "t", "--until", "caught-up")
        #expect(caughtUp.status == 0 && caughtUp.lines.count == 2, "\(caughtUp.errors)")
        let from = try await run("tail", store.path, "t", "--until", "caught-up", "--from", "2")
        #expect(from.lines == Array(caughtUp.lines.dropFirst()))

        let tail = try RunningCommand(["workflow", "tail", store.path, "t", "--from", "2"])
        #expect(await tail.line() == caughtUp.lines[1])
        // Whoever opens the store now can, and is followed.
        try await onEngine(store) { engine in
            try await engine.handle(Tally.self, id: "t").signal(Tally.add, 1)
            #expect(await tail.line()?.contains("SignalReceived") == true)
        }
        try await onEngine(store) { engine in
            try await engine.handle(Tally.self, id: "t").terminate(reason: "enough")
            let (last, status) = await tail.end()
            #expect(last.count == 1 && last[0].contains("enough") && status == 0)
        }
        let beyond = try await run("tail", store.path, "t", "--from", "999")
        #expect(beyond.status == 0 && beyond.output.isEmpty, "\(beyond.errors)")
        let nobody = try await run("tail", store.path, "nobody")
        #expect(nobody.status == 3 && nobody.errors.contains("no workflow nobody"))
    }

    @Test("what is exported replays with the same code, and not with other code")
    func export() async throws {
        let store = try TestStore()
        var open: [String] = []
        let looks = [
            ["t"], ["t", "--all-runs"], ["--all"], ["--all", "--all-runs"], ["--state", "open"],
            ["--type", "Tally", "--prefix", "u"],
        ]
        func look() async throws -> [String] {
            var outputs: [String] = []
            for arguments in looks {
                let arguments = ["workflow", "export", store.path] + arguments
                let result = try await SystemThread.offload(name: "command") {
                    Result { try Command.run(arguments) }
                }.get()
                #expect(result.status == 0, "\(arguments): \(result.errors)")
                outputs.append(result.output)
            }
            return outputs
        }
        try await onEngine(store) { engine in
            let handle = try await engine.start(Tally.self, id: "t", 1)
            try await handle.signal(Tally.add, 100)
            try await engine.handle(Tally.self, id: "t").signal(Tally.add, 1)
            let other = try await engine.start(Tally.self, id: "u", 1)
            try await other.terminate(reason: "x")
            open = try await look()
        }
        let alone = try await look()
        #expect(alone == open)
        let histories = try alone.map { try HistoryExport.histories(ofLines: $0.utf8) }
        #expect(histories.map(\.count) == [1, 2, 2, 3, 1, 1])
        for history in histories.joined() { try Replayer(workflows: [Tally.self]).check(history) }
        #expect(throws: (any Error).self) {
            try Replayer(workflows: [Changed.self]).check(histories[1][0])
        }
        let older = try #require(try CommandResult.object(alone[1].firstLine)["run"] as? String)
        let first = try await run("export", store.path, "t", "--run", older)
        #expect(try HistoryExport.histories(ofLines: first.output.utf8) == [histories[1][0]])
        for wrong in [[], ["t", "--all"], ["--run", "x", "--all"], ["t", "--type", "Tally"]] {
            let result = try await SystemThread.offload(name: "command") {
                Result { try Command.run(["workflow", "export", store.path] + wrong) }
            }.get()
            #expect(result.status == 64, "\(wrong)")
        }
        let nobody = try await run("export", store.path, "nobody")
        #expect(nobody.status == 3)
        let noRun = try await run("export", store.path, "t", "--run", "none")
        #expect(noRun.status == 3)
    }

    /// Called `Tally`, too, and does something else at first.
    enum Changed: Workflow {
        static let workflowName = "Tally"
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.sleep(for: .seconds(1))
            return input
        }
    }

    @Test("a long look says on a terminal how far it is, and wipes that away")
    func progress() async throws {
        let store = try TestStore()
        try await onEngine(store) { engine in
            for number in 0..<40 { try await engine.start(Tally.self, id: "t\(number)", 1) }
        }
        // A terminal by way of `script`, which runs a command on one.
        let command = "\(Command.executable.path) workflow list \(store.path) --prefix t"
        let result = try await SystemThread.offload(name: "command") {
            Result {
                try Command.run(
                    ["-qec", command, "/dev/null"], of: URL(filePath: "/usr/bin/script"))
            }
        }.get()
        #expect(result.status == 0, "\(result.errors)")
        let wiped = "\r32 workflows looked at\r40 workflows looked at\r\u{1b}[K"
        #expect(result.output.contains(wiped), "\(result.output)")
        #expect(result.output.hasSuffix("t9  1 events\r\n"))
        // To a file there is none of it.
        let plain = try await run("list", store.path, "--prefix", "t")
        #expect(plain.errors.isEmpty)
    }
}

extension String {
    fileprivate var firstLine: String { String(prefix { $0 != "\n" }) }
}
