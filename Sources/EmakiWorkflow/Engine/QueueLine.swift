/// What waits in one queue, and what of it is under way: decides who is next.
///
/// The lowest priority number comes first. Within a priority the limit keys that have somebody
/// waiting take turns, those without a key as one of them; within a key it is first in, first out.
/// A key that has reached its limit is passed over until one of its own has ended, so it holds
/// nobody else up.
///
/// A value that knows neither tasks nor clocks. Every operation is O(log n) or better in what waits
/// and is under way, and O(p) in the priorities that have somebody waiting.
struct QueueLine<ID: Hashable & Sendable, Item: Sendable>: Sendable {
    /// Priorities beyond these count as the nearest.
    static var priorityMax: Int { 100 }
    /// Ids in lanes whose items were taken back, before they are dropped.
    private static var deadMax: Int { 64 }

    private struct Waiter {
        let item: Item
        let key: String?
    }

    /// Of one limit key.
    private struct Lane {
        var ids = FairQueue<ID>()
        /// It is among those that take turns.
        var isReady = false
    }

    /// Of one priority.
    private struct Level {
        var lanes: [String?: Lane] = [:]
        /// Keys of lanes that have somebody, and have not reached their limit.
        var turns = Queue<String?>()
    }

    let options: QueueOptions
    private var waiting: [ID: Waiter] = [:]
    private var levels: [Int: Level] = [:]
    /// Of the levels, ascending.
    private var priorities: [Int] = []
    private var deadCount = 0
    /// Where that has to be known: what is under way, with its key.
    private var holders: [ID: String?] = [:]
    private var holdersOfKey: [String: Int] = [:]
    private var bucket: TokenBucket?

    init(_ options: QueueOptions) {
        self.options = options
        bucket = options.rate.map { TokenBucket($0) }
    }

    /// How many wait.
    var count: Int { waiting.count }
    /// How many are under way, if that has to be known.
    var holderCount: Int { holders.count }

    // MARK: Waiting

    mutating func add(_ item: Item, _ id: ID, key: String?, priority: Int, isLate: Bool) {
        let priority = min(Self.priorityMax, max(-Self.priorityMax, priority))
        waiting[id] = Waiter(item: item, key: key)
        if levels[priority] == nil {
            levels[priority] = Level()
            let place = priorities.firstIndex { $0 > priority } ?? priorities.count
            priorities.insert(priority, at: place)
        }
        levels[priority]?.lanes[key, default: Lane()].ids.append(id, isLate: isLate)
        makeReady(key, at: priority)
    }

    /// Takes back what waits.
    /// - Returns: whether it was there.
    mutating func remove(_ id: ID) -> Bool {
        guard waiting.removeValue(forKey: id) != nil else { return false }
        deadCount += 1
        if deadCount > Self.deadMax, deadCount > waiting.count { compact() }
        return true
    }

    private mutating func compact() {
        deadCount = 0
        for priority in priorities {
            for key in levels[priority].map({ Array($0.lanes.keys) }) ?? [] {
                levels[priority]?.lanes[key]?.ids.keep { waiting[$0] != nil }
                // One that takes turns is dropped in its turn.
                if levels[priority]?.lanes[key]?.isReady == false { drop(priority, ifEmpty: key) }
            }
        }
    }

    // MARK: Beginning

    /// Takes who is next, if somebody may begin at this instant, and counts it as under way.
    mutating func popFirst(at now: Int64) -> Item? {
        guard hasRoom, !waiting.isEmpty, bucket.map({ $0.next <= now }) ?? true else { return nil }
        for priority in priorities {
            while let key = levels[priority]?.turns.popFirst() {
                guard let (id, waiter) = popFirst(of: key, at: priority) else { continue }
                hold(id, key)
                makeReady(key, at: priority)
                drop(priority, ifEmpty: key)
                bucket?.take(at: now)
                return waiter.item
            }
            drop(priority, ifEmpty: nil)
        }
        return nil
    }

    private mutating func popFirst(of key: String?, at priority: Int) -> (ID, Waiter)? {
        levels[priority]?.lanes[key]?.isReady = false
        guard !isFull(key) else { return nil }
        while let id = levels[priority]?.lanes[key]?.ids.popFirst() {
            if let waiter = waiting.removeValue(forKey: id) { return (id, waiter) }
            deadCount = max(0, deadCount - 1)
        }
        levels[priority]?.lanes[key] = nil
        return nil
    }

    /// What is empty is not kept.
    private mutating func drop(_ priority: Int, ifEmpty key: String?) {
        if levels[priority]?.lanes[key]?.ids.isEmpty == true {
            levels[priority]?.lanes[key] = nil
        }
        guard levels[priority]?.lanes.isEmpty == true else { return }
        levels[priority] = nil
        priorities.removeAll { $0 == priority }
    }

    /// The key takes turns, if it has somebody and has not reached its limit.
    private mutating func makeReady(_ key: String?, at priority: Int) {
        guard let lane = levels[priority]?.lanes[key], !lane.isReady, !lane.ids.isEmpty,
            !isFull(key)
        else { return }
        levels[priority]?.lanes[key]?.isReady = true
        levels[priority]?.turns.append(key)
    }

    /// When somebody may begin, if nothing but the rate is in the way.
    var rateInstant: Int64? { hasRoom && !waiting.isEmpty ? bucket?.next : nil }

    // MARK: Under way

    private var hasRoom: Bool { options.concurrency.map { holders.count < $0 } ?? true }

    private func isFull(_ key: String?) -> Bool {
        guard let key, let limit = options.concurrencyPerKey else { return false }
        return holdersOfKey[key, default: 0] >= limit
    }

    /// Counts something as under way, also beyond the limits.
    mutating func hold(_ id: ID, _ key: String?) {
        guard options.countsHolders, holders.updateValue(key, forKey: id) == nil else { return }
        if let key { holdersOfKey[key, default: 0] += 1 }
    }

    /// It is not under way any more.
    mutating func leave(_ id: ID) {
        guard let held = holders.removeValue(forKey: id), let key = held,
            let count = holdersOfKey[key]
        else { return }
        holdersOfKey[key] = count > 1 ? count - 1 : nil
        for priority in priorities { makeReady(key, at: priority) }
    }
}
