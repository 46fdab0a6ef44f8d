/// Instants at which something is due, the earliest first: a binary heap. What was taken back
/// stays in it until its turn comes; the owner looks whether it is still wanted.
struct DeadlineQueue<Item: Sendable>: Sendable {
    private var heap: [(instant: Int64, order: Int, item: Item)] = []
    private var added = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    /// The earliest instant.
    var first: (instant: Int64, item: Item)? { heap.first.map { ($0.instant, $0.item) } }

    /// Adds an item; of two with one instant the one that was added first is due first.
    /// - Complexity: O(log n).
    mutating func add(_ item: Item, at instant: Int64) {
        heap.append((instant, added, item))
        added += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Adds many items at once.
    /// - Complexity: O(items + those that are there).
    mutating func add(_ items: some Collection<(item: Item, instant: Int64)>) {
        heap.reserveCapacity(heap.count + items.count)
        for (item, instant) in items {
            heap.append((instant, added, item))
            added += 1
        }
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(parent) }
    }

    /// Takes the earliest item.
    /// - Complexity: O(log n).
    @discardableResult mutating func removeFirst() -> Item? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.item
    }

    /// Keeps what is still wanted.
    /// - Complexity: O(n).
    mutating func keep(where isWanted: (Item) -> Bool) {
        heap.removeAll { !isWanted($0.item) }
        for parent in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(parent) }
    }

    private mutating func sink(_ first: Int = 0) {
        var parent = first
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(child, least) { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].instant, heap[left].order) < (heap[right].instant, heap[right].order)
    }
}
