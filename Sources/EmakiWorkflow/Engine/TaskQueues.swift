import EmakiPlatform

/// Attempts that wait in named queues, and workers that wait for them.
///
/// An attempt leaves its queue once: it is handed to one worker, or taken back by its run.
final class TaskQueues: @unchecked Sendable {
    struct Entry: Sendable {
        var schedule: StepSchedule
        var info: AttemptInfo
        var host: RunHost
        var key: RunHost.AttemptKey
        var watch: AttemptWatch?
    }

    private struct Line {
        /// Those of attempts that were taken back included.
        var waiting = FairQueue<TaskToken>()
        var entries: [TaskToken: Entry] = [:]
        var workers: [(number: Int, continuation: CheckedContinuation<Entry?, Never>)] = []

        mutating func popFirst() -> Entry? {
            while let token = waiting.popFirst() {
                if let entry = entries.removeValue(forKey: token) { return entry }
            }
            return nil
        }

        /// Drops the tokens of what was taken back.
        mutating func compact() {
            guard waiting.count > 64, waiting.count > 2 * entries.count else { return }
            var kept = FairQueue<TaskToken>()
            while let token = waiting.popFirst() {
                if entries[token] != nil { kept.append(token, isLate: false) }
            }
            waiting = kept
        }
    }

    private let lock = Lock()
    // Guarded by `lock`.
    private var lines: [String: Line] = [:]
    private var lastNumber = 0
    private var isClosed = false

    /// Gives the attempt to a worker that waits, or lets it wait for one.
    func add(_ entry: Entry, isLate: Bool) {
        let queue = entry.schedule.options.queue
        let worker = lock.withLock { () -> CheckedContinuation<Entry?, Never>? in
            var line = lines[queue] ?? Line()
            defer { lines[queue] = line }
            if !line.workers.isEmpty { return line.workers.removeFirst().continuation }
            line.entries[entry.info.token] = entry
            line.waiting.append(entry.info.token, isLate: isLate)
            return nil
        }
        worker?.resume(returning: entry)
    }

    /// Takes an attempt back that no worker has.
    /// - Returns: whether it was there.
    func remove(_ token: TaskToken, from queue: String) -> Bool {
        lock.withLock {
            guard lines[queue]?.entries.removeValue(forKey: token) != nil else { return false }
            lines[queue]?.compact()
            return true
        }
    }

    /// The next attempt, once there is one.
    /// - Throws: `CancellationError` if the worker's task is cancelled, `engineClosed`.
    func take(_ queue: String) async throws -> Entry {
        let number = lock.withLock { () -> Int in
            lastNumber += 1
            return lastNumber
        }
        let entry = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (entry, mustWait) = lock.withLock { () -> (Entry?, Bool) in
                    if isClosed || Task.isCancelled { return (nil, false) }
                    if let entry = lines[queue]?.popFirst() { return (entry, false) }
                    lines[queue, default: Line()].workers.append((number, continuation))
                    return (nil, true)
                }
                if !mustWait { continuation.resume(returning: entry) }
            }
        } onCancel: {
            leave(queue, number)
        }
        if let entry { return entry }
        try Task.checkCancellation()
        throw WorkflowError.engineClosed
    }

    private func leave(_ queue: String, _ number: Int) {
        let continuation = lock.withLock { () -> CheckedContinuation<Entry?, Never>? in
            guard let index = lines[queue]?.workers.firstIndex(where: { $0.number == number })
            else { return nil }
            return lines[queue]?.workers.remove(at: index).continuation
        }
        continuation?.resume(returning: nil)
    }

    /// Workers wait no more, and get nothing.
    func close() {
        let workers = lock.withLock {
            isClosed = true
            defer { lines = [:] }
            return lines.values.flatMap { $0.workers.map(\.continuation) }
        }
        for worker in workers { worker.resume(returning: nil) }
    }
}
