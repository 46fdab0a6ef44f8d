import EmakiPlatform

/// What a table keeps of a run.
protocol RunTableRow: Sendable {
    /// Of nobody.
    init()
}

/// Open runs, about 150 bytes each.
typealias OpenRunTable = RunTable<OpenRun>

/// Runs by workflow id and run id: an index of numbers, and chunks of 1,024 runs with their names.
///
/// A value: a copy shares the chunks, and who changes one afterwards changes a copy of that chunk.
/// So a copy may be written to a file while the table goes on.
struct RunTable<Row: RunTableRow>: Sendable {
    static var chunkRuns: Int { 1_024 }
    static var labelsMax: UInt8 { .max - 1 }
    static var runsMax: Int { Int(UInt32.max) - 1 }

    /// Runs with their names.
    struct Chunk: Sendable {
        struct Name: Sendable {
            var offset: UInt32 = 0
            /// 0: nobody is here.
            var idBytes: UInt8 = 0
            var runBytes: UInt8 = 0
            /// Labels behind the names; `RunTable.labelsMax` and one more: they are not here.
            var labelCount: UInt8 = 0
        }

        var runs: [Row] = []
        var names: [Name] = []
        /// Workflow ids, each followed by its run id, and that by its labels.
        var bytes: [UInt8] = []
        /// Bytes of runs that are not there any more.
        var garbageBytes = 0

        func range(_ name: Name) -> (id: Range<Int>, run: Range<Int>) {
            let start = Int(name.offset)
            let middle = start + Int(name.idBytes)
            return (start..<middle, middle..<middle + Int(name.runBytes))
        }

        func labels(_ name: Name) -> Range<Int> {
            let start = range(name).run.upperBound
            let count = name.labelCount > RunTable.labelsMax ? 0 : Int(name.labelCount)
            return start..<start + RunLabel.byteCount * count
        }

        /// Whether a run has these labels, or may have them.
        func mayHave(_ wanted: [RunLabel], _ name: Name) -> Bool {
            if name.labelCount > RunTable.labelsMax { return true }
            let range = labels(name)
            return bytes.withRawSpan { bytes in
                wanted.allSatisfy { label in
                    stride(from: range.lowerBound, to: range.upperBound, by: RunLabel.byteCount)
                        .contains { bytes.loadUInt32(at: $0) == label.rawValue }
                }
            }
        }

        /// - Parameter anyRun: whatever the run id is.
        func isNamed(_ slot: Int, _ id: RawSpan, _ run: RawSpan, anyRun: Bool) -> Bool {
            let (idRange, runRange) = range(names[slot])
            return bytes.withRawSpan { bytes in
                bytes.extracting(idRange).isEqual(to: id)
                    && (anyRun || bytes.extracting(runRange).isEqual(to: run))
            }
        }

        /// Moves the names of those who are there together.
        mutating func collectGarbage() {
            var kept: [UInt8] = []
            kept.reserveCapacity(bytes.count - garbageBytes)
            for slot in names.indices where names[slot].idBytes > 0 {
                let start = range(names[slot]).id.lowerBound
                let end = labels(names[slot]).upperBound
                names[slot].offset = UInt32(kept.count)
                kept += bytes[start..<end]
            }
            bytes = kept
            garbageBytes = 0
        }
    }

    private(set) var chunks: [Chunk] = []
    private(set) var count = 0
    private var free: [UInt32] = []
    /// A part of the hash of a workflow id, and a run's number plus one; 0: nothing. As many as a
    /// power of two, at most three in four of them used.
    private var slots: [UInt64] = []
    private var usedMax = 0

    // MARK: Finding

    /// The number of an open run.
    func find(_ id: RawSpan, _ run: RawSpan) -> Int? {
        find(id, run, anyRun: false) { _ in true }
    }

    /// The number of any run of a workflow that is meant.
    func find(_ id: RawSpan, where isMeant: (_ number: Int) -> Bool) -> Int? {
        find(id, RawSpan(), anyRun: true, isMeant)
    }

    private func find(
        _ id: RawSpan, _ run: RawSpan, anyRun: Bool, _ isMeant: (_ number: Int) -> Bool
    ) -> Int? {
        guard !slots.isEmpty else { return nil }
        let tag = Self.tag(id)
        var place = Int(tag) & (slots.count - 1)
        while slots[place] != 0 {
            let entry = slots[place]
            if UInt32(entry >> 32) == tag {
                let number = Int(UInt32(truncatingIfNeeded: entry)) - 1
                let (chunk, slot) = (number / Self.chunkRuns, number % Self.chunkRuns)
                if chunks[chunk].isNamed(slot, id, run, anyRun: anyRun), isMeant(number) {
                    return number
                }
            }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    private static func tag(_ id: RawSpan) -> UInt32 {
        UInt32(truncatingIfNeeded: StableHash.hash(id) >> 24)
    }

    subscript(_ number: Int) -> Row {
        _read { yield chunks[number / Self.chunkRuns].runs[number % Self.chunkRuns] }
        _modify { yield &chunks[number / Self.chunkRuns].runs[number % Self.chunkRuns] }
    }

    /// Visits all, in no order.
    /// - Parameter labels: only those that have all of them, or may have them.
    func forEach(
        labelled labels: [RunLabel] = [],
        _ body: (_ number: Int, _ run: Row, _ id: RawSpan, _ runID: RawSpan) throws -> Void
    ) rethrows {
        for (index, chunk) in chunks.enumerated() {
            try chunk.bytes.withRawSpan { bytes in
                for slot in chunk.names.indices where chunk.names[slot].idBytes > 0 {
                    if !labels.isEmpty, !chunk.mayHave(labels, chunk.names[slot]) { continue }
                    let (id, run) = chunk.range(chunk.names[slot])
                    try body(
                        index * Self.chunkRuns + slot, chunk.runs[slot], bytes.extracting(id),
                        bytes.extracting(run))
                }
            }
        }
    }

    /// The workflow id of a run.
    func id(_ number: Int) -> [UInt8] {
        let chunk = chunks[number / Self.chunkRuns]
        return Array(chunk.bytes[chunk.range(chunk.names[number % Self.chunkRuns]).id])
    }

    /// The run id of a run.
    func runID(_ number: Int) -> [UInt8] {
        let chunk = chunks[number / Self.chunkRuns]
        return Array(chunk.bytes[chunk.range(chunk.names[number % Self.chunkRuns]).run])
    }

    /// The labels of a run; nil: there are too many to be kept.
    func labels(_ number: Int) -> [RunLabel]? {
        let chunk = chunks[number / Self.chunkRuns]
        let name = chunk.names[number % Self.chunkRuns]
        if name.labelCount > Self.labelsMax { return nil }
        if name.labelCount == 0 { return [] }
        let range = chunk.labels(name)
        return chunk.bytes.withRawSpan { RunLabel.labels(in: $0.extracting(range)) }
    }

    // MARK: Changing

    /// Adds a run that is not there.
    /// - Parameter labels: nil: it may have any.
    /// - Returns: its number; nil if the name is too long, or there are too many.
    mutating func insert(
        _ id: RawSpan, _ run: RawSpan, _ new: Row, labels: [RunLabel]? = []
    ) -> Int? {
        guard (1...Int(UInt8.max)).contains(id.byteCount), run.byteCount <= Int(UInt8.max),
            count < Self.runsMax
        else { return nil }
        let number = place()
        let (index, slot) = (number / Self.chunkRuns, number % Self.chunkRuns)
        let offset = UInt32(chunks[index].bytes.count)
        chunks[index].bytes.append(id)
        chunks[index].bytes.append(run)
        var name = Chunk.Name(
            offset: offset, idBytes: UInt8(id.byteCount), runBytes: UInt8(run.byteCount))
        if let labels, labels.count <= Self.labelsMax {
            name.labelCount = UInt8(labels.count)
            chunks[index].bytes += RunLabel.bytes(of: labels)
        } else {
            name.labelCount = Self.labelsMax + 1
        }
        chunks[index].names[slot] = name
        chunks[index].runs[slot] = new
        count += 1
        if count > usedMax { grow() }
        enter(Self.tag(id), number)
        return number
    }

    /// A free number.
    private mutating func place() -> Int {
        if let number = free.popLast() { return Int(number) }
        if chunks.last.map({ $0.runs.count == Self.chunkRuns }) ?? true { chunks.append(Chunk()) }
        let index = chunks.count - 1
        chunks[index].runs.append(Row())
        chunks[index].names.append(Chunk.Name())
        return index * Self.chunkRuns + chunks[index].runs.count - 1
    }

    mutating func remove(_ number: Int) {
        let (index, slot) = (number / Self.chunkRuns, number % Self.chunkRuns)
        let id = chunks[index].range(chunks[index].names[slot]).id
        let end = chunks[index].labels(chunks[index].names[slot]).upperBound
        let tag = chunks[index].bytes.withRawSpan { Self.tag($0.extracting(id)) }
        leave(tag, number)
        chunks[index].names[slot] = Chunk.Name()
        chunks[index].runs[slot] = Row()
        chunks[index].garbageBytes += end - id.lowerBound
        if chunks[index].garbageBytes > chunks[index].bytes.count / 2 {
            chunks[index].collectGarbage()
        }
        free.append(UInt32(number))
        count -= 1
    }

    /// Nothing is found any more, and everything is still visited: of a copy that is to be kept for
    /// a while.
    mutating func dropIndex() {
        slots = []
        usedMax = 0
    }

    // MARK: The index

    private mutating func enter(_ tag: UInt32, _ number: Int) {
        var slot = Int(tag) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = UInt64(tag) << 32 | UInt64(number + 1)
    }

    /// Takes an entry out, and moves those behind it that would not be found any more.
    private mutating func leave(_ tag: UInt32, _ number: Int) {
        let mask = slots.count - 1
        let wanted = UInt64(tag) << 32 | UInt64(number + 1)
        var hole = Int(tag) & mask
        while slots[hole] != wanted {
            precondition(slots[hole] != 0, "every run is in the index")
            hole = (hole + 1) & mask
        }
        var slot = (hole + 1) & mask
        while slots[slot] != 0 {
            let home = Int(slots[slot] >> 32) & mask
            // It is reached from its home by way of the hole.
            if (slot - home) & mask >= (slot - hole) & mask {
                slots[hole] = slots[slot]
                hole = slot
            }
            slot = (slot + 1) & mask
        }
        slots[hole] = 0
    }

    /// Makes room for so many runs.
    mutating func reserve(_ count: Int) { while usedMax < count { grow() } }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: max(64, 2 * old.count))
        usedMax = slots.count / 4 * 3
        for entry in old where entry != 0 {
            enter(UInt32(entry >> 32), Int(UInt32(truncatingIfNeeded: entry)) - 1)
        }
    }
}
