import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting

/// Notes what an engine tells.
final class Notes: EngineObserver {
    private let lock = Lock()
    private let told = Guarded<[String]>([])
    private let begun = Guarded<[ObservedAttempt]>([])
    private let commits = Guarded<[ObservedCommit]>([])
    private let waiting = Guarded<[(() -> Bool, CheckedContinuation<Void, Never>)]>([])
    private let onLines: (@Sendable (ObservedRun, [WorkflowLogLine]) -> Void)?

    /// - Parameter onLines: is told of lines, too.
    init(onLines: (@Sendable (ObservedRun, [WorkflowLogLine]) -> Void)? = nil) {
        self.onLines = onLines
    }

    /// In the order in which it was told: `event 3 StepCompleted debit`, `began debit 1`, and so
    /// on.
    var all: [String] { lock.withLock { told.value } }
    var attempts: [ObservedAttempt] { lock.withLock { begun.value } }
    var durable: [ObservedCommit] { lock.withLock { commits.value } }

    func count(_ start: String) -> Int { all.count { $0.hasPrefix(start) } }

    /// Waits until so many notes begin like this.
    func wait(for count: Int = 1, _ start: String) async {
        await withCheckedContinuation { continuation in
            let isReady = lock.withLock { () -> Bool in
                let isThere = { [told] in told.value.count { $0.hasPrefix(start) } >= count }
                if isThere() { return true }
                waiting.value.append((isThere, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    private func note(_ texts: [String]) {
        let ready = lock.withLock { () -> [CheckedContinuation<Void, Never>] in
            told.value += texts
            let ready = waiting.value.filter { $0.0() }.map(\.1)
            waiting.value.removeAll { $0.0() }
            return ready
        }
        for continuation in ready { continuation.resume() }
    }

    func committed(_ commit: ObservedCommit) {
        lock.withLock { commits.value.append(commit) }
        note(
            commit.events.map { entry in
                let step = entry.step.map { " \($0.name) \($0.attempt)" } ?? ""
                let run = commit.run.workflowID
                return "event \(run) \(entry.event.id) \(entry.event.typeName)\(step)"
            })
    }

    func logged(in run: ObservedRun, _ lines: [WorkflowLogLine]) {
        onLines?(run, lines)
        note(lines.map { "line \($0.level) \($0.message)" })
    }

    func attemptBegan(_ attempt: ObservedAttempt) {
        lock.withLock { begun.value.append(attempt) }
        note(["began \(attempt.step.name) \(attempt.step.attempt)"])
    }

    func attemptEnded(_ attempt: ObservedAttempt, _ end: AttemptEnd, running: Duration) {
        let word =
            switch end {
            case .completed: "completed"
            case .failed(let failure): "failed \(failure.type)"
            case .handedOver: "handed over"
            }
        note(["ended \(attempt.step.name) \(attempt.step.attempt) \(word)"])
    }

    func taskFailed(in run: ObservedRun, _ failure: Failure) {
        note(["fault \(run.workflowType) \(failure.type)"])
    }

    func codeLeaked(in run: ObservedRun) { note(["leak \(run.workflowType)"]) }
}

/// A door that work waits before until it is opened.
final class Door: Sendable {
    private let lock = Lock()
    private let isOpen = Guarded(false)
    private let waiting = Guarded<[@Sendable () -> Void]>([])

    /// Once it is open, on any thread; at once if it is.
    func pass(_ body: @escaping @Sendable () -> Void) {
        let isOpen = lock.withLock { () -> Bool in
            if !self.isOpen.value { waiting.value.append(body) }
            return self.isOpen.value
        }
        if isOpen { body() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in pass { continuation.resume() } }
    }

    func open() {
        let bodies = lock.withLock {
            isOpen.value = true
            defer { waiting.value = [] }
            return waiting.value
        }
        for body in bodies { body() }
    }
}

/// A store whose answers to commits wait before a door, from the commit with this number on.
final class DoorStore: HistoryStore {
    private let base: MemoryHistoryStore.Session
    private let door: Door
    private let first: Int
    private let lock = Lock()
    private let count = Guarded(0)

    init(_ base: MemoryHistoryStore.Session, from first: Int, _ door: Door) {
        self.base = base
        self.first = first
        self.door = door
    }

    var capabilities: HistoryStoreCapabilities { base.capabilities }
    func claim() async throws -> UInt64 { try await base.claim() }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        let answer = await base.append(commit)
        let number = lock.withLock { () -> Int in
            count.value += 1
            return count.value
        }
        if number >= first { await door.pass() }
        return answer
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        try await base.read(stream, from: index, limit: limit)
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        try await base.streams(prefix: prefix, after: after, limit: limit)
    }
}
