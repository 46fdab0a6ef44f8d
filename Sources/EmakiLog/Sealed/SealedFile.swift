import EmakiPlatform

/// An open sealed file. Everything it says was checked, at the latest when it is asked for.
final class SealedFile: Sendable {
    let pages: SealedPages
    let memories: ChunkMemoryPool
    let residentFilter = ResidentFilter()
    /// Both copies of the footer were sound when the file was opened.
    let hasBothFooters: Bool
    var footer: SealedFooter { pages.footer }

    /// Opens a file; reads its two footers only.
    /// - Throws: `.corrupt` if neither proves itself or the size is another, `.disk`.
    init(
        _ file: any File, path: String, storeID: Bits128, isWritable: Bool
    ) throws(LogError) {
        func corrupt(_ reason: Corruption.Reason, _ evidence: String) -> LogError {
            .corrupt(Corruption(file: path, fileOffset: 0, reason: reason, evidence: evidence))
        }
        let footerBytes = SealedFooter.byteCount
        let (copies, fileBytes) = try LogError.translating(path) { () throws(DiskError) in
            let fileBytes = try file.byteCount()
            let copies = try PageMemory(heapBytes: 2 * footerBytes)
            for (index, offset) in [0, fileBytes - footerBytes].enumerated() where offset >= 0 {
                do throws(DiskError) {
                    _ = try copies.withMutableBytes(
                        in: index * footerBytes..<(index + 1) * footerBytes
                    ) { (bytes: inout MutableRawSpan) throws(DiskError) in
                        try file.read(into: &bytes, at: offset)
                    }
                } catch {
                    // The other copy may do.
                    guard error.isUnreadable else { throw error }
                }
            }
            return (copies, fileBytes)
        }
        let found = [0, footerBytes].compactMap { SealedFooter(from: copies, at: $0) }
        guard let footer = found.first(where: { $0.fileBytes == fileBytes }) else {
            throw corrupt(
                found.isEmpty ? .badHeader : .wrongSize,
                "neither footer proves itself and fits the file's \(fileBytes) bytes")
        }
        guard footer.storeID == storeID else {
            throw corrupt(.foreignStore, "it names store \(footer.storeID), not \(storeID)")
        }
        hasBothFooters = found.count == 2 && found[0] == found[1]
        memories = ChunkMemoryPool(dictionary: footer.dictionary)
        pages = try LogError.translating(path) { () throws(DiskError) in
            try SealedPages(file, path: path, footer: footer, isWritable: isWritable)
        }
    }

    /// Opens a file by its path, past what the page cache holds of it.
    /// - Parameter name: the path that errors name; nil: the same.
    static func open(
        _ path: String, named name: String? = nil, storeID: Bits128, isWritable: Bool,
        in files: any FileSystem
    ) throws(LogError) -> SealedFile {
        let file = try LogError.translating(path) { () throws(DiskError) in
            try files.open(path, OpenMode(.mustExist, writable: isWritable))
        }
        do {
            try LogError.translating(path) { () throws(DiskError) in try file.dropCache() }
            return try SealedFile(
                file, path: name ?? path, storeID: storeID, isWritable: isWritable)
        } catch {
            file.close()
            throw error
        }
    }

    // MARK: Streams

    /// A stream in this file.
    struct Stream: Equatable {
        /// Among the streams of the file, in the order of ids.
        var number: Int
        /// Of its events, among all of the file.
        var ordinals: Range<Int>
        /// Of the first event; the others are in it or in those right behind it.
        var firstChunk: Int
        var firstVersion: StreamVersion
        var lastVersion: StreamVersion
    }

    /// - Parameter hash: of the id.
    /// - Complexity: one access to memory for most streams that are not here, O(1) else.
    func find(_ id: RawSpan, hash: UInt64) throws(LogError) -> Stream? {
        guard try mayContain(hash: hash) else { return nil }
        let slotCount = StreamTable.slotCount(streams: footer.streamCount)
        var slot = StreamTable.firstSlot(hash, slotCount: slotCount)
        for _ in 0..<slotCount {
            let number = try pages.view.loadUInt32(
                at: pages.offset(in: .table, slot * StreamTable.slotBytes, StreamTable.slotBytes))
            if number == StreamTable.free { return nil }
            guard number < UInt32(footer.streamCount) else { break }
            if try compare(Int(number), id) == 0 { return try stream(Int(number)) }
            slot = slot + 1 == slotCount ? 0 : slot + 1
        }
        throw nonsense(.table, slot * StreamTable.slotBytes, "slots")
    }

    /// False if the stream is certainly not here.
    func mayContain(hash: UInt64) throws(LogError) -> Bool {
        let block = StreamFilter.blockOffset(hash, byteCount: footer[.filter].byteCount)
        return try pages.withBytes(
            .filter, block..<block + StreamFilter.blockBytes
        ) { StreamFilter.mayContain(hash, block: $0) }
    }

    /// The first stream whose id is not below this one, for listing by prefix.
    func firstStream(notBefore id: RawSpan) throws(LogError) -> Int {
        var low = 0
        var high = footer.streamCount
        while low < high {
            let middle = (low + high) / 2
            if try compare(middle, id) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func stream(_ number: Int) throws(LogError) -> Stream {
        let entryBytes = SealedFooter.streamEntryBytes
        let isLast = number + 1 == footer.streamCount
        let entry = try pages.offset(
            in: .streams, number * entryBytes, isLast ? entryBytes : 2 * entryBytes)
        let view = pages.view
        let first = Int(view.loadUInt32(at: entry + 4))
        let end = isLast ? footer.eventCount : Int(view.loadUInt32(at: entry + entryBytes + 4))
        let chunk = Int(view.loadUInt32(at: entry + 8))
        let firstVersion = view.loadUInt64(at: entry + 12)
        let lastVersion = view.loadUInt64(at: entry + 20)
        guard first < end, end <= footer.eventCount, chunk < footer.chunkCount,
            firstVersion > 0, firstVersion <= lastVersion,
            lastVersion <= FrameHeader.positionMax,
            lastVersion - firstVersion >= UInt64(end - first - 1)
        else { throw nonsense(stream: number, "numbers of a stream") }
        return Stream(
            number: number, ordinals: first..<end, firstChunk: chunk,
            firstVersion: StreamVersion(firstVersion), lastVersion: StreamVersion(lastVersion))
    }

    /// Lends a stream's id.
    func withID<R>(_ number: Int, _ body: (RawSpan) -> R) throws(LogError) -> R {
        let range = try rangeOfID(number)
        return pages.view.withBytes(in: range, body)
    }

    /// Says that the ids of so many streams behind a number will be asked for soon; where they are
    /// is a guess.
    func expectStreams(_ number: Int, _ count: Int) {
        for section in [SealedFooter.Section.streams, .ids] {
            let bytesEach = footer[section].byteCount / footer.streamCount + 1
            pages.expectRead(section, number * bytesEach..<(number + 2 * count) * bytesEach)
        }
    }

    /// Where a stream's id is in the file, all of it sound.
    func rangeOfID(_ number: Int) throws(LogError) -> Range<Int> {
        let entryBytes = SealedFooter.streamEntryBytes
        let isLast = number + 1 == footer.streamCount
        let entry = try pages.offset(
            in: .streams, number * entryBytes, isLast ? entryBytes : 2 * entryBytes)
        let start = Int(pages.view.loadUInt32(at: entry))
        let end =
            isLast ? footer[.ids].byteCount : Int(pages.view.loadUInt32(at: entry + entryBytes))
        guard start < end, end - start <= Limits.streamIDBytesMax, end <= footer[.ids].byteCount
        else { throw nonsense(stream: number, "the place of a stream's id") }
        let offset = try pages.offset(in: .ids, start, end - start)
        return offset..<offset + (end - start)
    }

    /// Below, at or above 0 as the stream's id is below, equal to or above the other.
    private func compare(_ number: Int, _ id: RawSpan) throws(LogError) -> Int {
        try withID(number) { $0.order(against: id) }
    }

    /// What the table of chunks says of one.
    func nonsense(chunk number: Int, _ what: String) -> LogError {
        nonsense(.chunkTable, number * SealedFooter.chunkEntryBytes, what)
    }

    /// What the table of streams says of one.
    func nonsense(stream number: Int, _ what: String) -> LogError {
        nonsense(.streams, number * SealedFooter.streamEntryBytes, what)
    }

    func nonsense(
        _ section: SealedFooter.Section, _ offset: Int, _ what: String
    ) -> LogError {
        pages.corrupt(
            at: footer[section].range.lowerBound + offset, .badBatch, "\(what) make no sense")
    }
}
