import EmakiPlatform

/// Appends that found no room and wait for a commit to make some: first those that were woken in
/// vain, then the others, each in the order in which they came.
struct AdmissionQueue {
    private var overtaken = AdmissionLine()
    private var others = AdmissionLine()

    var count: Int { overtaken.count + others.count }
    var isEmpty: Bool { count == 0 }
    /// Places held in memory, those of appends that left included.
    var placeCount: Int { overtaken.placeCount + others.placeCount }

    /// - Parameter attempt: how many attempts to make a segment ready had begun before.
    mutating func append(
        _ slot: WaitSlot<Committer.Signal>, reason: WaitReason, attempt: UInt64,
        wasOvertaken: Bool = false
    ) {
        if wasOvertaken {
            overtaken.append(slot, reason: reason, attempt: attempt)
        } else {
            others.append(slot, reason: reason, attempt: attempt)
        }
    }

    /// The waiters whose turn it is, up to a number of them.
    mutating func take(_ countMax: Int) -> [WaitSlot<Committer.Signal>] {
        let first = overtaken.take(countMax)
        return first + others.take(countMax - first.count)
    }

    /// Everybody who waits for a segment, and came before so many attempts had begun.
    mutating func takeWaitingForSegment(
        before attempt: UInt64 = .max
    ) -> [WaitSlot<Committer.Signal>] {
        overtaken.takeWaitingForSegment(before: attempt)
            + others.takeWaitingForSegment(before: attempt)
    }
}

/// One line of waiting appends, first come first served.
private struct AdmissionLine {
    private struct Entry {
        var slot: WaitSlot<Committer.Signal>?
        var reason: WaitReason
        var attempt: UInt64
    }

    private var entries: ContiguousArray<Entry> = []
    private var head = 0
    private(set) var count = 0

    var placeCount: Int { entries.count }

    mutating func append(
        _ slot: WaitSlot<Committer.Signal>, reason: WaitReason, attempt: UInt64
    ) {
        entries.append(Entry(slot: slot, reason: reason, attempt: attempt))
        count += 1
    }

    mutating func take(_ countMax: Int) -> [WaitSlot<Committer.Signal>] {
        var taken: [WaitSlot<Committer.Signal>] = []
        while head < entries.count, taken.count < countMax {
            if let slot = entries[head].slot { taken.append(slot) }
            head += 1
        }
        count -= taken.count
        compact()
        return taken
    }

    mutating func takeWaitingForSegment(before attempt: UInt64) -> [WaitSlot<Committer.Signal>] {
        var taken: [WaitSlot<Committer.Signal>] = []
        for index in head..<entries.count
        where entries[index].reason == .segment && entries[index].attempt < attempt {
            if let slot = entries[index].slot { taken.append(slot) }
            entries[index].slot = nil
        }
        count -= taken.count
        compact()
        return taken
    }

    /// Gives places back that nobody waits in.
    private mutating func compact() {
        if count == 0 {
            entries.removeAll(keepingCapacity: true)
            head = 0
            return
        }
        guard head > 1024, head * 2 > entries.count else { return }
        entries.removeFirst(head)
        head = 0
    }
}
