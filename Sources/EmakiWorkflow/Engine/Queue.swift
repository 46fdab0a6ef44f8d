/// First in, first out.
struct Queue<Element: Sendable>: Sendable {
    /// Places at the front that were emptied, before the rest moves up.
    private static var emptiedMax: Int { 1_024 }

    private var elements: ContiguousArray<Element?> = []
    private var first = 0

    var count: Int { elements.count - first }
    var isEmpty: Bool { first == elements.count }

    mutating func append(_ element: Element) { elements.append(element) }

    /// - Complexity: O(1), amortized.
    mutating func popFirst() -> Element? {
        guard first < elements.count else { return nil }
        let element = elements[first]
        elements[first] = nil
        first += 1
        if first == elements.count {
            elements.removeAll(keepingCapacity: first <= Self.emptiedMax)
            first = 0
        } else if first > Self.emptiedMax, first * 2 > elements.count {
            elements.removeFirst(first)
            first = 0
        }
        return element
    }

    /// Keeps what is still wanted.
    /// - Complexity: O(n).
    mutating func keep(where isWanted: (Element) -> Bool) {
        elements.removeAll { element in element.map { !isWanted($0) } ?? true }
        first = 0
    }
}
