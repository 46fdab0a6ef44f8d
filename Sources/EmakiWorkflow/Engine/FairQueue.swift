/// First in, first out, of two kinds that take turns: what is late never keeps the rest waiting
/// for more than as much again.
struct FairQueue<Element: Sendable>: Sendable {
    private var timely = Queue<Element>()
    private var late = Queue<Element>()
    private var wasLate = false

    var count: Int { timely.count + late.count }
    var isEmpty: Bool { timely.isEmpty && late.isEmpty }

    mutating func append(_ element: Element, isLate: Bool) {
        if isLate { late.append(element) } else { timely.append(element) }
    }

    /// - Complexity: O(1), amortized.
    mutating func popFirst() -> Element? {
        wasLate = timely.isEmpty || (!wasLate && !late.isEmpty)
        return wasLate ? late.popFirst() : timely.popFirst()
    }

    /// Keeps what is still wanted.
    /// - Complexity: O(n).
    mutating func keep(where isWanted: (Element) -> Bool) {
        timely.keep(where: isWanted)
        late.keep(where: isWanted)
    }
}
