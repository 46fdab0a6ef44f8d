import EmakiPlatform

/// The attempts of a home that are under way in this process: on Swift's pool, or in the hands of a
/// worker of a named queue, or waiting for one.
///
/// They begin in turns of their home and are forgotten in turns; in between any thread asks.
final class AttemptTable: @unchecked Sendable {
    struct Key: Hashable {
        var runID: String
        var step: Int
        var attempt: Int
    }

    struct Running {
        var task: Task<Void, Never>?
        /// The queue that it waits in, or was taken from by a worker.
        var queue: String?
        var isStopped = false
        /// When a worker took it.
        var beganAt: Int64?
        /// When it reported last, and what.
        var reportedAt: Int64?
        var details: Payload?
        /// When a report was handed on last.
        var toldAt: Int64?
    }

    private let lock = Lock()
    // Guarded by `lock`.
    private var attempts: [Key: Running] = [:]

    var isEmpty: Bool { lock.withLock { attempts.isEmpty } }

    func add(_ key: Key) { lock.withLock { attempts[key] = Running() } }

    func contains(_ key: Key) -> Bool { lock.withLock { attempts[key] != nil } }

    func remove(_ key: Key) -> Running? { lock.withLock { attempts.removeValue(forKey: key) } }

    /// A worker takes the attempt.
    /// - Returns: false if it is not wanted any more.
    func begins(_ key: Key, at now: Int64) -> Bool {
        lock.withLock {
            guard let attempt = attempts[key], !attempt.isStopped else { return false }
            attempts[key]?.beganAt = now
            return true
        }
    }

    /// When a worker took the attempt.
    func beganAt(_ key: Key) -> Int64? { lock.withLock { attempts[key]?.beganAt } }

    func runs(_ key: Key, in task: Task<Void, Never>) {
        let isStopped = lock.withLock { () -> Bool in
            attempts[key]?.task = task
            return attempts[key]?.isStopped ?? false
        }
        if isStopped { task.cancel() }
    }

    /// Asks the attempts at a step to stop; nil: at all steps.
    /// - Returns: those in queues, which may not have been taken yet.
    func stop(runID: String, step: Int?) -> [Key] {
        var queued: [Key] = []
        let tasks = lock.withLock { () -> [Task<Void, Never>] in
            var tasks: [Task<Void, Never>] = []
            for key in attempts.keys
            where key.runID == runID && (step == nil || key.step == step) {
                attempts[key]?.isStopped = true
                if let task = attempts[key]?.task { tasks.append(task) }
                if attempts[key]?.queue != nil { queued.append(key) }
            }
            return tasks
        }
        for task in tasks { task.cancel() }
        return queued
    }

    func waits(_ key: Key, in queue: String) { lock.withLock { attempts[key]?.queue = queue } }

    /// The attempt does not wait any more.
    /// - Returns: false if it is forgotten.
    func leavesQueue(_ key: Key) -> Bool {
        lock.withLock {
            guard attempts[key] != nil else { return false }
            attempts[key]?.queue = nil
            return true
        }
    }

    func queue(of key: Key) -> String? { lock.withLock { attempts[key]?.queue } }

    /// An attempt reports.
    /// - Returns: whether it is to be handed on: at most every half time-out; the rest is asked for
    ///   when a time-out is near.
    /// - Throws: `CancellationError` if the attempt is not wanted any more.
    func report(
        _ key: Key, _ details: Payload, limit: Duration?, at now: Int64
    ) throws -> Bool {
        try lock.withLock { () throws -> Bool in
            guard var attempt = attempts[key], !attempt.isStopped else {
                throw CancellationError()
            }
            attempt.reportedAt = now
            attempt.details = details
            defer { attempts[key] = attempt }
            guard let limit else { return false }
            if let last = attempt.toldAt, now - last < limit.nanoseconds / 2 { return false }
            attempt.toldAt = now
            return true
        }
    }

    /// What attempts of a run have reported.
    func reports(of runID: String) -> [(key: Key, at: Int64, details: Payload)] {
        lock.withLock {
            attempts.compactMap { key, attempt in
                guard key.runID == runID, let at = attempt.reportedAt,
                    let details = attempt.details
                else { return nil }
                return (key, at, details)
            }
        }
    }
}
