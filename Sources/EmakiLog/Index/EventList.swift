/// The places of one stream's events: a doubly linked list of runs in a `UnitArena`.
///
/// A run is two link words (next, previous) and then one word per event: the low 32 bits of its
/// position. Runs grow 6, 14, 30, 62 events, so a stream of one event takes 32 bytes and a long one
/// about 4.1 bytes an event.
struct EventList {
    var first: UnitArena.Reference
    var last: UnitArena.Reference
    /// Entries at the start of the first run that were dropped.
    var skipped: UInt16 = 0
    /// Entries of the last run that are in use.
    var used: UInt16 = 0

    static let linkWords = 2
    static let empty = EventList(first: .none, last: .none)

    static func capacity(of run: UnitArena.Reference) -> Int { run.wordCount - linkWords }

    var isEmpty: Bool { first == .none }

    mutating func append(_ word: UInt32, in arena: inout UnitArena) {
        if isEmpty || Int(used) == Self.capacity(of: last) { addRun(in: &arena) }
        arena[last.firstWord + Self.linkWords + Int(used)] = word
        used += 1
    }

    private mutating func addRun(in arena: inout UnitArena) {
        let sizeClass = isEmpty ? 0 : min(last.sizeClass + 1, UnitArena.sizeClassMax)
        let run = arena.allocate(sizeClass: sizeClass)
        arena[run.firstWord] = UnitArena.Reference.none.rawValue
        arena[run.firstWord + 1] = last.rawValue
        if isEmpty {
            first = run
        } else {
            arena[last.firstWord] = run.rawValue
        }
        last = run
        used = 0
    }

    /// Drops the oldest entry, which must be there.
    mutating func dropFirst(in arena: inout UnitArena) {
        skipped += 1
        let end = first == last ? Int(used) : Self.capacity(of: first)
        guard Int(skipped) == end else { return }
        let next = UnitArena.Reference(rawValue: arena[first.firstWord])
        arena.free(first)
        skipped = 0
        if next == .none {
            self = .empty
        } else {
            arena[next.firstWord + 1] = UnitArena.Reference.none.rawValue
            first = next
        }
    }
}

/// A place in an `EventList`, moved one event at a time in either direction.
struct EventCursor {
    private var run: UnitArena.Reference
    private var slot: Int
    private var list: EventList

    /// At the oldest event.
    init(atFirstOf list: EventList) {
        self.list = list
        run = list.first
        slot = Int(list.skipped)
    }

    /// At the newest event.
    init(atLastOf list: EventList) {
        self.list = list
        run = list.last
        slot = Int(list.used) - 1
    }

    /// The same place in the same list, which has grown since.
    func following(_ grown: EventList) -> EventCursor {
        var cursor = self
        cursor.list = grown
        return cursor
    }

    /// The entry here, or nil beyond either end.
    func word(in arena: borrowing UnitArena) -> UInt32? {
        run == .none ? nil : arena[run.firstWord + EventList.linkWords + slot]
    }

    /// Moves towards the newest event.
    mutating func advance(by count: Int, in arena: borrowing UnitArena) {
        var left = count
        while run != .none {
            let end = run == list.last ? Int(list.used) : EventList.capacity(of: run)
            if slot + left < end {
                slot += left
                return
            }
            left -= end - slot
            run =
                run == list.last
                ? .none : UnitArena.Reference(rawValue: arena[run.firstWord])
            slot = 0
        }
    }

    /// Moves towards the oldest event.
    mutating func retreat(by count: Int, in arena: borrowing UnitArena) {
        var left = count
        while run != .none {
            let start = run == list.first ? Int(list.skipped) : 0
            if slot - left >= start {
                slot -= left
                return
            }
            left -= slot - start + 1
            run =
                run == list.first
                ? .none : UnitArena.Reference(rawValue: arena[run.firstWord + 1])
            slot = run == .none ? 0 : EventList.capacity(of: run) - 1
        }
    }
}
