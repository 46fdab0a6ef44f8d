/// Streams of which events are to expire, the soonest first: a binary heap. An entry may be out of
/// date; what counts is what the table of removals says of the stream.
struct ExpiryQueue {
    struct Entry: Equatable, Sendable {
        /// Nanoseconds since 1970 UTC.
        var instant: Int64
        var stream: StreamID
    }

    private var entries: ContiguousArray<Entry> = []

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    var first: Entry? { entries.first }

    /// - Complexity: O(log count).
    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var place = entries.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard entries[place].instant < entries[parent].instant else { return }
            entries.swapAt(place, parent)
            place = parent
        }
    }

    /// - Complexity: O(log count).
    mutating func pop() -> Entry? {
        guard let first = entries.first else { return nil }
        let last = entries.removeLast()
        guard !entries.isEmpty else { return first }
        entries[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < entries.count && entries[child].instant < entries[least].instant {
                least = child
            }
            guard least != place else { return first }
            entries.swapAt(place, least)
            place = least
        }
    }
}
