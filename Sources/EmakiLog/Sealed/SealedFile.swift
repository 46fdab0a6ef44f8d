import EmakiPlatform

/// An open sealed file. Everything it says was checked, at the latest when it is asked for.
final class SealedFile: Sendable {
    let pages: SealedPages
    let residentFilter = ResidentFilter()
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
            let copies = try PageMemory(byteCount: 2 * footerBytes)
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
        var firstVersion: StreamVersion
        var lastVersion: StreamVersion
    }

    /// - Parameter hash: of the id.
    /// - Complexity: one access to memory for most streams that are not here, O(log streams) else.
    func find(_ id: RawSpan, hash: UInt64) throws(LogError) -> Stream? {
        guard try mayContain(hash: hash) else { return nil }
        let number = try firstStream(notBefore: id)
        guard number < footer.streamCount, try compare(number, id) == 0 else { return nil }
        return try stream(number)
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
        let (first, versions) = try pages.withBytes(.streams, number * 24..<number * 24 + 24) {
            (Int($0.loadUInt32(at: 4)), ($0.loadUInt64(at: 8), $0.loadUInt64(at: 16)))
        }
        let isLast = number + 1 == footer.streamCount
        let end =
            isLast
            ? footer.eventCount
            : try pages.withBytes(.streams, number * 24 + 28..<number * 24 + 32) {
                Int($0.loadUInt32(at: 0))
            }
        guard first < end, end <= footer.eventCount, versions.0 > 0, versions.0 <= versions.1,
            versions.1 - versions.0 >= UInt64(end - first - 1)
        else { throw nonsense(.streams, number * 24, "ordinals or versions of a stream") }
        return Stream(
            number: number, ordinals: first..<end, firstVersion: StreamVersion(versions.0),
            lastVersion: StreamVersion(versions.1))
    }

    /// Lends a stream's id.
    func withID<R>(_ number: Int, _ body: (RawSpan) -> R) throws(LogError) -> R {
        let end = try endOfID(number)
        let start = number == 0 ? 0 : try endOfID(number - 1)
        guard start < end, end - start <= Limits.streamIDBytesMax,
            end <= footer[.ids].byteCount
        else { throw nonsense(.streams, number * 24, "the place of a stream's id") }
        return try pages.withBytes(.ids, start..<end, body)
    }

    private func endOfID(_ number: Int) throws(LogError) -> Int {
        try pages.withBytes(.streams, number * 24..<number * 24 + 4) {
            Int($0.loadUInt32(at: 0))
        }
    }

    /// Below, at or above 0 as the stream's id is below, equal to or above the other.
    private func compare(_ number: Int, _ id: RawSpan) throws(LogError) -> Int {
        try withID(number) { own in
            for index in 0..<min(own.byteCount, id.byteCount) {
                let difference = Int(own.loadUInt8(at: index)) - Int(id.loadUInt8(at: index))
                if difference != 0 { return difference }
            }
            return own.byteCount - id.byteCount
        }
    }

    func nonsense(
        _ section: SealedFooter.Section, _ offset: Int, _ what: String
    ) -> LogError {
        pages.corrupt(
            at: footer[section].range.lowerBound + offset, .badBatch, "\(what) make no sense")
    }
}
