import EmakiPlatform

/// Proving a sealed file whole, after it was made, by `verify` and by `scrub`.
extension SealedFile {
    /// What a check found in order.
    struct CheckReport: Equatable {
        var pageCount = 0
        /// Pages that were damaged, and are whole again; parity and footers included.
        var repairedCount = 0
        var eventCount = 0
    }

    /// Reads every page from the device, mends what fails, and then holds all that the file says
    /// against itself: counts, order, versions, ids and the digest of all events.
    /// - Throws: `.corrupt` at what cannot be mended or makes no sense.
    /// - Complexity: O(bytes).
    func check() throws(LogError) -> CheckReport {
        try check(goesOn: { true }) ?? CheckReport()
    }

    /// The same, for those who may want to rest or to stop.
    /// - Parameter goesOn: called after each MiB or so; false ends the check.
    /// - Returns: nil if it was ended.
    func check(goesOn: () -> Bool) throws(LogError) -> CheckReport? {
        var report = CheckReport(pageCount: footer.filePageCount)
        let before = pages.repairs
        guard let parity = try pages.sweep(scrubsParity: true, goesOn: goesOn) else { return nil }
        let others = try parity + pages.scrubFooters()
        report.repairedCount = pages.repairs - before + others
        guard let eventCount = try checkContents(goesOn: goesOn) else { return nil }
        report.eventCount = eventCount
        return report
    }

    /// Holds all that the file says against itself.
    /// - Returns: how many events there are; nil if it was ended.
    func checkContents(goesOn: () -> Bool) throws(LogError) -> Int? {
        try checkStreams()
        for index in 0..<groupCount { _ = try positions(ofGroup: index) }
        guard let eventCount = try checkEvents(goesOn) else { return nil }
        return try checkOrder(eventCount, goesOn) ? eventCount : nil
    }

    /// Reads every covered page from the device, and mends those that fail their checksum.
    /// - Parameter goesOn: called after each MiB; false ends it.
    /// - Returns: false if it was ended.
    func checkPages(goesOn: () -> Bool) throws(LogError) -> Bool {
        try pages.sweep(scrubsParity: false, goesOn: goesOn) != nil
    }

    /// Ids grow, and each is found by itself.
    private func checkStreams() throws(LogError) {
        var last = 0..<0
        for number in 0..<footer.streamCount {
            let range = try rangeOfID(number)
            let (grows, hash) = pages.view.withBytes(in: range) { id in
                let grows = pages.view.withBytes(in: last) { $0.order(against: id) < 0 }
                return (grows && id.isUTF8, StableHash.hash(id))
            }
            guard grows else { throw nonsense(.ids, 0, "stream ids that do not grow") }
            // By its own hash, so that filter and table are checked, too.
            guard try hasStream(number, id: range, hash: hash) else {
                throw nonsense(.table, 0, "marks of the filter or slots")
            }
            last = range
        }
    }

    /// Whether the search for an id, which is in the file itself, finds a stream.
    private func hasStream(
        _ number: Int, id: Range<Int>, hash: UInt64
    ) throws(LogError) -> Bool {
        let found = pages.view.withBytes(in: id) { id in
            Result { () throws(LogError) in try find(id, hash: hash)?.number }
        }
        return try found.get() == number
    }

    /// Every event is where stream, order and chunk table say, and all together have the digest.
    /// - Returns: how many they are; nil if the check was ended.
    private func checkEvents(_ goesOn: () -> Bool) throws(LogError) -> Int? {
        var tally = EventTally(self)
        let memory = try takeMemory()
        defer { memories.giveBack(memory) }
        var window: ChunkWindow
        do throws(DiskError) { window = try ChunkWindow(self) } catch {
            throw LogError(error, file: pages.path)
        }
        for number in 0..<footer.chunkCount {
            guard try entry(number).firstOrdinal == tally.ordinal else {
                throw nonsense(chunk: number, "the first ordinal of a chunk")
            }
            let range = try window.unpack(number, into: memory)
            var fault: LogError?
            let makesSense = SealedChunk.walk(memory.unpacked, range, bounds: bounds) {
                owner, event in
                do throws(LogError) {
                    try tally.take(event, of: owner, in: number)
                } catch { fault = error }
                return fault == nil
            }
            if let fault { throw fault }
            guard makesSense else { throw nonsense(chunk: number, "events of a chunk") }
            if number % 128 == 127, !goesOn() { return nil }
        }
        try tally.end()
        return tally.ordinal
    }

    /// The order has a chunk for as many positions as there are events. Each event was found to
    /// have one, so no other position has.
    /// - Returns: false if it was ended.
    private func checkOrder(_ eventCount: Int, _ goesOn: () -> Bool) throws(LogError) -> Bool {
        var count = 0
        for index in 0..<footer.positions.count {
            if index % Self.positionsPerLook == 0, !goesOn() { return false }
            let position = footer.positions.lowerBound.advanced(by: index)
            if try chunk(at: position) != nil { count += 1 }
        }
        guard count == eventCount else {
            throw nonsense(.order, 0, "chunks of positions without an event")
        }
        return true
    }

    private static var positionsPerLook: Int { 1 << 16 }
}

/// Events of a sealed file that were seen in their order, and what must be true of the next one.
private struct EventTally {
    let file: SealedFile
    private(set) var ordinal = 0
    private var digest: UInt64 = 0
    private var stream = SealedFile.Stream(
        number: -1, ordinals: 0..<0, firstChunk: 0, firstVersion: .none, lastVersion: .none)
    private var hash: UInt64 = 0
    private var version = StreamVersion.none

    init(_ file: SealedFile) { self.file = file }

    mutating func take(
        _ event: SealedChunk.Event, of owner: Int, in chunk: Int
    ) throws(LogError) {
        if owner != stream.number {
            try begin(owner, with: event, in: chunk)
        } else if event.version <= version {
            throw file.nonsense(chunk: chunk, "versions of a chunk")
        }
        guard try file.chunk(at: event.position) == chunk else {
            throw file.nonsense(.order, 0, "the chunk of a position")
        }
        version = event.version
        digest &+= event.digest(stream: hash)
        ordinal += 1
    }

    private mutating func begin(
        _ owner: Int, with event: SealedChunk.Event, in chunk: Int
    ) throws(LogError) {
        try expectEndOfStream()
        guard owner == stream.number + 1 else {
            throw file.nonsense(chunk: chunk, "streams of a chunk")
        }
        stream = try file.stream(owner)
        hash = try file.withID(owner) { StableHash.hash($0) }
        guard stream.ordinals.lowerBound == ordinal, stream.firstChunk == chunk,
            stream.firstVersion == event.version
        else { throw file.nonsense(stream: owner, "the start of a stream") }
    }

    private func expectEndOfStream() throws(LogError) {
        guard stream.ordinals.upperBound == ordinal, stream.lastVersion == version else {
            throw file.nonsense(stream: stream.number, "the end of a stream")
        }
    }

    func end() throws(LogError) {
        try expectEndOfStream()
        // The last stream ends with the last event.
        guard stream.number == file.footer.streamCount - 1, digest == file.footer.digest
        else { throw file.nonsense(.chunks, 0, "count or digest of the events") }
    }
}
