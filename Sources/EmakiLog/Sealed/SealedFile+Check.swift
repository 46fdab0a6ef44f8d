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
        guard try checkPages(goesOn: goesOn) else { return nil }
        let others = try pages.scrubParity() + pages.scrubFooters()
        report.repairedCount = pages.repairs - before + others
        guard let eventCount = try checkContents(goesOn: goesOn) else { return nil }
        report.eventCount = eventCount
        return report
    }

    /// Holds all that the file says against itself.
    /// - Returns: how many events there are; nil if it was ended.
    func checkContents(goesOn: () -> Bool) throws(LogError) -> Int? {
        try checkStreams()
        return try checkEvents(goesOn)
    }

    /// Reads every covered page from the device, and mends those that fail their checksum.
    /// - Parameter goesOn: called after each MiB; false ends it.
    /// - Returns: false if it was ended.
    func checkPages(goesOn: () -> Bool) throws(LogError) -> Bool {
        // Checksum pages first: the others are checked by them.
        for page in footer.sectionPageCount..<footer.coveredPageCount {
            try pages.checkAgain(page)
        }
        for page in 0..<footer.sectionPageCount {
            try pages.checkAgain(page)
            if page % 256 == 255, !goesOn() { return false }
        }
        return true
    }

    /// Ids grow, and each is found by itself.
    private func checkStreams() throws(LogError) {
        var last: [UInt8] = []
        for number in 0..<footer.streamCount {
            let id = try withID(number) { $0.copyToArray() }
            guard number == 0 || last.lexicographicallyPrecedes(id),
                id.withRawSpan({ $0.isUTF8 })
            else { throw nonsense(.ids, 0, "stream ids that do not grow") }
            // Its own hash, so that filter and table are checked, too.
            let hash = id.withRawSpan { StableHash.hash($0) }
            let found = try id.withRawSpan { (bytes: RawSpan) throws(LogError) in
                try find(bytes, hash: hash)
            }
            guard found?.number == number else {
                throw nonsense(.table, 0, "marks of the filter or slots")
            }
            last = id
        }
    }

    /// Every event is where stream, order and chunk table say, and all together have the digest.
    /// - Returns: how many they are; nil if the check was ended.
    private func checkEvents(_ goesOn: () -> Bool) throws(LogError) -> Int? {
        var digest: UInt64 = 0
        var ordinal = 0
        var stream = Stream(
            number: -1, ordinals: 0..<0, firstChunk: 0, firstVersion: .none, lastVersion: .none)
        var hash: UInt64 = 0
        var version = StreamVersion.none
        for number in 0..<footer.chunkCount {
            guard try chunk(ofOrdinal: ordinal) == number else {
                throw nonsense(chunk: number, "the first ordinal of a chunk")
            }
            var fault: LogError?
            try walk(number) { owner, event in
                do throws(LogError) {
                    if owner != stream.number {
                        try expectEnd(of: stream, at: ordinal, version)
                        guard owner == stream.number + 1 else {
                            throw nonsense(chunk: number, "streams of a chunk")
                        }
                        stream = try self.stream(owner)
                        hash = try withID(owner) { StableHash.hash($0) }
                        guard stream.ordinals.lowerBound == ordinal,
                            stream.firstChunk == number,
                            stream.firstVersion == event.version
                        else { throw nonsense(stream: owner, "the start of a stream") }
                    } else if event.version <= version {
                        throw nonsense(chunk: number, "versions of a chunk")
                    }
                    try expectOrder(of: event.position, chunk: number)
                    version = event.version
                    digest &+= event.digest(stream: hash)
                    ordinal += 1
                    return true
                } catch {
                    fault = error
                    return false
                }
            }
            if let fault { throw fault }
            if number % 128 == 127, !goesOn() { return nil }
        }
        try expectEnd(of: stream, at: ordinal, version)
        guard ordinal == footer.eventCount, stream.number == footer.streamCount - 1,
            digest == footer.digest
        else { throw nonsense(.chunks, 0, "count or digest of the events") }
        return ordinal
    }

    private func expectEnd(
        of stream: Stream, at ordinal: Int, _ version: StreamVersion
    ) throws(LogError) {
        guard stream.number >= 0 else { return }
        guard stream.ordinals.upperBound == ordinal, stream.lastVersion == version else {
            throw nonsense(stream: stream.number, "the end of a stream")
        }
    }

    private func expectOrder(of position: Position, chunk: Int) throws(LogError) {
        guard try self.chunk(at: position) == chunk else {
            throw nonsense(.order, 0, "the chunk of a position")
        }
    }
}
