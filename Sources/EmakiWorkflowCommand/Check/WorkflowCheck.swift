import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation

/// Replays the runs of a store on the code of this program, in processes of their own.
struct WorkflowCheck: Sendable {
    var wish = CheckSource.Wish()
    var jobs = 1
    var limit: Duration = .seconds(10)
    /// What this program is called with to replay histories for itself.
    var arguments = [WorkflowCommand.commandName, ReplayWorkerCommand.name]

    static var needsCode: CommandFailure {
        CommandFailure(
            .refused, code: "needsCode",
            "\(Program.name) has no workflows' code: a program that has it gets this command by one"
                + " line, see WorkflowCommand.runIfAsked")
    }

    /// Code may be other code though its fingerprint is not: the whole program says more.
    private static func programHash() throws -> String {
        let own = URL(filePath: "/proc/self/exe")
        let file = try FileHandle(
            forReadingFrom: FileManager.default.fileExists(atPath: own.path)
                ? own : URL(filePath: CommandLine.arguments[0]))
        var hash: UInt64 = 0
        while let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
            let next = [UInt8](part).withRawSpan { StableHash.hash($0) }
            hash = (hash << 7 | hash >> 57) &* 0x9e37_79b9_7f4a_7c15 ^ next
        }
        return String(hash, radix: 16)
    }

    /// What came of it.
    struct Outcome: Sendable {
        var findings = CheckFindings()
        /// Runs that the record of an earlier check knew.
        var knownCount = 0
        /// What is known now, if it is recorded.
        var record: CheckRecord
        /// Every open run of the types that were met was replayed.
        var isWhole = true
        var duration: Duration = .zero
    }

    /// - Parameter told: is called with each run and the verdict on it, from one thread at a time.
    func run(
        on log: EventLog, _ code: OperatorCode, counting count: CountLine? = nil,
        told: @escaping @Sendable (StoredHistory, ReplayVerdict) throws -> Void
    ) async throws -> Outcome {
        let start = SystemClock.monotonicNanoseconds()
        let engine = try await WorkflowEngine.operating(on: log)
        defer { engine.close() }
        var head = CheckRecord.Head(
            store: log.store.storeID, code: code.versions, program: "",
            comparesInput: code.comparesInput)
        var wish = wish
        if wish.isRecorded || wish.known != nil { head.program = try Self.programHash() }
        // Of other code, or another store, nothing is known.
        if wish.known?.head != head { wish.known = nil }
        let source = CheckSource(engine, wish)
        let tally = Tally(
            Outcome(record: CheckRecord(head)), isRecorded: wish.isRecorded, told)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, jobs) {
                group.addTask {
                    let desk = ReplayDesk(arguments, limit: limit)
                    while true {
                        try Task.checkCancellation()
                        let histories = try await source.next()
                        if histories.isEmpty { return }
                        let verdicts = try await SystemThread.offload(name: "emaki-check") {
                            try desk.judge(histories)
                        }
                        try tally.add(histories, verdicts)
                        count?.report(await source.lookedAt)
                    }
                }
            }
            try await group.waitForAll()
        }
        var outcome = tally.outcome
        outcome.knownCount = await source.knownCount
        if let known = wish.known, wish.isRecorded { outcome.record.add(known) }
        outcome.isWhole = wish.prefix.isEmpty && outcome.knownCount == 0
        outcome.duration = .nanoseconds(SystemClock.monotonicNanoseconds() - start)
        return outcome
    }

    private final class Tally: Sendable {
        private let lock = Lock()
        private let state: Guarded<Outcome>
        private let told: @Sendable (StoredHistory, ReplayVerdict) throws -> Void

        private let isRecorded: Bool

        init(
            _ outcome: Outcome, isRecorded: Bool,
            _ told: @escaping @Sendable (StoredHistory, ReplayVerdict) throws -> Void
        ) {
            state = Guarded(outcome)
            self.isRecorded = isRecorded
            self.told = told
        }

        var outcome: Outcome { lock.withLock { state.value } }

        func add(_ histories: [StoredHistory], _ verdicts: [ReplayVerdict]) throws {
            try lock.withLock {
                for (history, verdict) in zip(histories, verdicts) {
                    state.value.findings.add(history, verdict)
                    if isRecorded, verdict.kind == .same { state.value.record.add(history) }
                    try told(history, verdict)
                }
            }
        }
    }
}
