import EmakiPlatform

/// Attempts that wait for their turn: in queues that the engine serves itself, for room; in the
/// others, for workers that pull.
///
/// An attempt leaves its queue once: it begins, goes to one worker, or is taken back by its run.
/// What does not fit into memory is remembered by its place only, and comes back from the store.
final class TaskQueues: @unchecked Sendable {
    struct Entry: Sendable {
        var schedule: StepSchedule
        var info: AttemptInfo
        var host: RunHost
        var key: RunHost.AttemptKey
        /// Of a step; nil: an activity.
        var closure: StepClosure?
        var watch: AttemptWatch?
    }

    /// A step that waits outside of memory.
    struct Place: Hashable, Sendable {
        var workflowID: String
        var runID: String
        var step: Int
    }

    private typealias Worker = (number: Int, continuation: CheckedContinuation<Entry?, Never>)

    private struct Line {
        var line: QueueLine<TaskToken, Entry>
        let isServed: Bool
        var workers: [Worker] = []
        /// In the order in which they did not fit; those that have come back meanwhile, too.
        var spilled = Queue<Place>()
        /// Of these, asked to come back and not here yet.
        var comingCount = 0
        /// By workflow, what workers have, if that has to be known.
        var heldBy: [String: Set<TaskToken>] = [:]

        var isIdle: Bool {
            line.count == 0 && workers.isEmpty && spilled.isEmpty && comingCount == 0
        }

        mutating func hold(_ token: TaskToken) -> Bool {
            heldBy[token.workflowID, default: []].insert(token).inserted
        }

        mutating func leave(_ token: TaskToken) {
            line.leave(token)
            guard heldBy[token.workflowID]?.remove(token) != nil else { return }
            if heldBy[token.workflowID]?.isEmpty == true { heldBy[token.workflowID] = nil }
        }
    }

    /// What is to be done outside of the lock.
    private enum Action {
        case begin(Entry)
        case hand(Entry, CheckedContinuation<Entry?, Never>)
        case bring(Set<String>)
    }

    private let options: [String: QueueOptions]
    private let runningMax: Int
    private let timers: EngineTimers
    /// Of queues that workers pull from, some count who is under way.
    let countsPulled: Bool
    /// Queues that the engine serves.
    private let served: [String]
    private let lock = Lock()
    // Guarded by `lock`.
    private var lines: [String: Line] = [:]
    /// Attempts that the engine runs.
    private var runningCount = 0
    /// Whose turn it is among those that the engine serves.
    private var turn = 0
    private var spilled: [Place: (queue: String, isComing: Bool)] = [:]
    /// Of these, by workflow, those that were asked to come back and are not here yet.
    private var coming: [String: Set<Place>] = [:]
    /// When the queues are looked at again.
    private var wakeUp: (instant: Int64, number: Int)?
    private var lastNumber = 0
    private var isClosed = false
    /// Nothing is handed to workers any more.
    private var isDraining = false
    private var bring: @Sendable (String) -> Void = { _ in }

    /// - Parameter runningMax: attempts that the engine runs at a time, over all queues.
    init(
        _ options: [String: QueueOptions], runningMax: Int, _ timers: EngineTimers
    ) throws(WorkflowError) {
        for (queue, limits) in options {
            if let problem = limits.problem(of: queue) { throw problem }
        }
        self.options = options
        self.runningMax = max(1, runningMax)
        self.timers = timers
        let named = options.filter { $0.key != ActivityOptions.defaultQueue }
        served =
            [ActivityOptions.defaultQueue] + named.filter(\.value.isServedByEngine).keys.sorted()
        countsPulled = named.values.contains { !$0.isServedByEngine && $0.countsHolders }
    }

    /// - Parameter bring: lets a workflow look at what it has to do.
    func use(bring: @escaping @Sendable (String) -> Void) { lock.withLock { self.bring = bring } }

    func isServed(_ queue: String) -> Bool { served.contains(queue) }

    /// An attempt may have to wait for more than that the engine has too much to do.
    func limits(_ schedule: StepSchedule) -> Bool {
        options[schedule.options.queue]?.limits(schedule.options.limitKey) ?? false
    }

    /// Called with the lock held.
    private func line(_ queue: String) -> Line {
        lines[queue]
            ?? Line(line: QueueLine(options[queue] ?? QueueOptions()), isServed: isServed(queue))
    }

    // MARK: Coming

    /// Takes a place for an attempt that need not wait; the most frequent case.
    func beginsAtOnce(_ schedule: StepSchedule) -> Bool {
        guard !schedule.beginsByRecord, !limits(schedule) else { return false }
        return lock.withLock {
            guard runningCount < runningMax, lines[schedule.options.queue]?.line.count ?? 0 == 0
            else { return false }
            runningCount += 1
            return true
        }
    }

    /// Lets an attempt wait for its turn, which may have come already.
    /// - Returns: false if it does not fit into memory: its run need not stay there, and is told
    ///   when there is room.
    func add(_ entry: Entry, isLate: Bool) -> Bool {
        let queue = entry.schedule.options.queue
        let fits = lock.withLock { () -> Bool in
            // It may wait outside of memory, and does so no more.
            let place = Place(entry)
            let wasAway = forget(place) != nil
            var line = lines.removeValue(forKey: queue) ?? line(queue)
            defer { lines[queue] = line }
            guard line.line.count < line.line.options.waitingMax else {
                // Where it was, it keeps its turn.
                if !wasAway { line.spilled.append(place) }
                spilled[place] = (queue, false)
                return false
            }
            line.line.add(
                entry, entry.info.token, key: entry.schedule.options.limitKey,
                priority: entry.schedule.options.priority, isLate: isLate)
            return true
        }
        if fits { admit(queue) }
        return fits
    }

    /// Takes an attempt back that has not left its queue.
    /// - Returns: whether it was there.
    func remove(_ token: TaskToken, from queue: String) -> Bool {
        let wasThere = lock.withLock { lines[queue]?.line.remove(token) ?? false }
        if wasThere { admit(queue) }
        return wasThere
    }

    /// The step does not wait outside of memory any more.
    /// - Returns: whether it did.
    func takeBack(_ place: Place) -> Bool {
        guard let queue = lock.withLock({ forget(place) }) else { return false }
        admit(queue)
        return true
    }

    /// The workflow has been brought back: what was asked for is not waited for any more, whether
    /// it is still wanted or not.
    func takeComing(_ workflowID: String) -> Set<Place> {
        let (places, queues) = lock.withLock { () -> (Set<Place>, Set<String>) in
            let places = coming[workflowID] ?? []
            return (places, Set(places.compactMap { forget($0) }))
        }
        for queue in queues { admit(queue) }
        return places
    }

    /// The step waits outside of memory, and need not come yet.
    func isAway(_ place: Place) -> Bool { lock.withLock { spilled[place] != nil } }

    /// Called with the lock held.
    private func forget(_ place: Place) -> String? {
        guard let (queue, isComing) = spilled.removeValue(forKey: place) else { return nil }
        guard isComing else { return queue }
        lines[queue]?.comingCount -= 1
        coming[place.workflowID]?.remove(place)
        if coming[place.workflowID]?.isEmpty == true { coming[place.workflowID] = nil }
        return queue
    }

    // MARK: Going

    /// The next attempt, once there is one.
    /// - Throws: `CancellationError` if the worker's task is cancelled, `engineClosed`.
    func take(_ queue: String) async throws -> Entry {
        let number = lock.withLock { () -> Int in
            lastNumber += 1
            return lastNumber
        }
        let entry = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = lock.withLock { () -> Bool in
                    if isClosed || Task.isCancelled { return false }
                    var line = lines.removeValue(forKey: queue) ?? line(queue)
                    line.workers.append((number, continuation))
                    lines[queue] = line
                    return true
                }
                if mustWait { admit(queue) } else { continuation.resume(returning: nil) }
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

    /// An attempt that the engine ran is over, or was not begun after all.
    func ended(_ token: TaskToken, in queue: String) {
        let mayAdmit = lock.withLock { () -> Bool in
            runningCount -= 1
            lines[queue]?.leave(token)
            return !lines.isEmpty
        }
        if mayAdmit { admit(queue) }
    }

    /// An attempt did not go to its worker after all.
    func returned(_ token: TaskToken, to queue: String) {
        lock.withLock { lines[queue]?.leave(token) }
        admit(queue)
    }

    /// Which attempts of a workflow are in the hands of workers, as its history says.
    /// - Parameter isPending: it is on its way to a worker.
    func holds(
        _ held: [(token: TaskToken, queue: String, key: String?)], of workflowID: String,
        isPending: (TaskToken) -> Bool
    ) {
        var freed: [String] = []
        lock.withLock {
            for (queue, limits) in options where limits.countsHolders && !isServed(queue) {
                let here = held.filter { $0.queue == queue }
                let before = lines[queue]?.heldBy[workflowID] ?? []
                if here.isEmpty, before.isEmpty { continue }
                if lines[queue] == nil { lines[queue] = line(queue) }
                for one in here where lines[queue]?.hold(one.token) == true {
                    lines[queue]?.line.hold(one.token, one.key)
                }
                let now = Set(here.map(\.token))
                for token in before where !now.contains(token) && !isPending(token) {
                    lines[queue]?.leave(token)
                    freed.append(queue)
                }
            }
        }
        for queue in freed { admit(queue) }
    }

    /// Called with the lock held: a queue without options that nobody waits in is not kept.
    private func prune(_ queue: String) {
        guard options[queue] == nil, queue != ActivityOptions.defaultQueue,
            lines[queue]?.isIdle == true
        else { return }
        lines[queue] = nil
    }

    /// Lets begin, hands over and brings back what may be.
    private func admit(_ queue: String?) {
        defer { if let queue { lock.withLock { prune(queue) } } }
        while true {
            let (action, instant) = lock.withLock { nextAction(queue) }
            if let instant { wake(at: instant) }
            guard let action else { return }
            switch action {
            case .begin(let entry): entry.host.engine.activities.begin(entry)
            case .hand(let entry, let worker): worker.resume(returning: entry)
            case .bring(let workflows): for workflow in workflows { bring(workflow) }
            }
        }
    }
}

extension TaskQueues {
    /// Called with the lock held.
    /// - Parameter queue: of those that workers pull from, this one may have something; nil: all.
    /// - Returns: with nothing to do, when to look again.
    private func nextAction(_ queue: String?) -> (Action?, Int64?) {
        if isClosed { return (nil, nil) }
        var instant: Int64 = .max
        for offset in served.indices {
            let name = served[(turn + offset) % served.count]
            if let workflows = comeBack(to: name) { return (.bring(workflows), nil) }
            guard runningCount < runningMax, let entry = popFirst(name, &instant) else { continue }
            turn = (turn + offset + 1) % served.count
            runningCount += 1
            return (.begin(entry), nil)
        }
        if let queue {
            if let action = pulledAction(queue, &instant) { return (action, nil) }
        } else {
            for name in Array(lines.keys) {
                if let action = pulledAction(name, &instant) { return (action, nil) }
            }
        }
        return (nil, instant == .max ? nil : instant)
    }

    private func pulledAction(_ name: String, _ instant: inout Int64) -> Action? {
        if isServed(name) || isDraining { return nil }
        if let workflows = comeBack(to: name) { return .bring(workflows) }
        guard lines[name]?.workers.isEmpty == false, let entry = popFirst(name, &instant),
            let worker = lines[name]?.workers.removeFirst()
        else { return nil }
        if lines[name]?.line.options.countsHolders == true {
            _ = lines[name]?.hold(entry.info.token)
        }
        return .hand(entry, worker.continuation)
    }

    /// Looks at parts only: a copy of a line would be copied whole once it is changed.
    private func popFirst(_ name: String, _ instant: inout Int64) -> Entry? {
        guard lines[name]?.line.count ?? 0 > 0 else { return nil }
        let now = lines[name]?.line.options.rate == nil ? 0 : timers.now
        if let entry = lines[name]?.line.popFirst(at: now) { return entry }
        if let next = lines[name]?.line.rateInstant, next > now { instant = min(instant, next) }
        return nil
    }

    /// What is to come back, once half of the room is free: of a workflow many steps at once.
    private func comeBack(to name: String) -> Set<String>? {
        guard lines[name]?.spilled.isEmpty == false else { return nil }
        let room = lines[name]?.line.options.waitingMax ?? 0
        let count = (lines[name]?.line.count ?? 0) + (lines[name]?.comingCount ?? 0)
        guard count <= room / 2 else { return nil }
        var taken = 0
        var workflows: Set<String> = []
        while count + taken < room, let place = lines[name]?.spilled.popFirst() {
            // It has come for another reason, or is not wanted any more.
            guard spilled[place]?.isComing == false else { continue }
            spilled[place]?.isComing = true
            coming[place.workflowID, default: []].insert(place)
            lines[name]?.comingCount += 1
            taken += 1
            workflows.insert(place.workflowID)
        }
        return workflows.isEmpty ? nil : workflows
    }

    /// Looks again at an instant. What was armed for a later one looks, too, and finds nothing.
    private func wake(at instant: Int64) {
        let number = lock.withLock { () -> Int? in
            if let wakeUp, wakeUp.instant <= instant { return nil }
            lastNumber += 1
            wakeUp = (instant, lastNumber)
            return lastNumber
        }
        guard let number else { return }
        _ = timers.arm(at: instant, insteadOf: nil) { [weak self] in
            guard let self else { return }
            lock.withLock { if wakeUp?.number == number { wakeUp = nil } }
            admit(nil)
        }
    }

    /// How many of a queue are under way, if that has to be known.
    func holderCount(of queue: String) -> Int {
        lock.withLock { lines[queue]?.line.holderCount ?? 0 }
    }

    /// Attempts that the engine runs, and that wait in memory for that.
    var counts: (running: Int, waiting: Int) {
        lock.withLock {
            (runningCount, served.reduce(0) { $0 + (lines[$1]?.line.count ?? 0) })
        }
    }

    /// What waits where.
    var status: [QueueStatus] {
        lock.withLock {
            let names = Set(lines.keys).union(options.keys).union([ActivityOptions.defaultQueue])
            return names.sorted().map { name in
                QueueStatus(
                    name: name, waitingCount: lines[name]?.line.count ?? 0,
                    spilledCount: spilled.values.count { $0.queue == name },
                    workerCount: lines[name]?.workers.count ?? 0)
            }
        }
    }

    /// What the engine has begun to wait for comes to its turn, and workers get nothing.
    func drain() { lock.withLock { isDraining = true } }

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

extension TaskQueues.Place {
    fileprivate init(_ entry: TaskQueues.Entry) {
        self.init(
            workflowID: entry.info.workflowID, runID: entry.key.runID, step: entry.key.step)
    }
}

/// What waits in a queue. See `WorkflowEngine.queueStatus()`.
public struct QueueStatus: Sendable, Equatable {
    /// The queue.
    public var name: String
    /// Attempts that wait in memory.
    public var waitingCount: Int
    /// Steps that wait outside of memory.
    public var spilledCount: Int
    /// Workers that wait for an attempt.
    public var workerCount: Int
}
