import EmakiPlatform

@testable import EmakiLog

/// A sealed file of which there is nothing but its footers, so that it may be larger than any disk.
final class HugeFile: File {
    private let footer: SealedFooter

    init(_ footer: SealedFooter) { self.footer = footer }

    /// Opens one, with sections of these sizes besides those that follow from the counts.
    static func open(
        number: UInt64 = 1, positions: Range<Position>, chunkBytes: Int = 1, idBytes: Int = 1
    ) throws -> SealedFile {
        let file = file(
            number: number, positions: positions, chunkBytes: chunkBytes, idBytes: idBytes)
        return try SealedFile(
            file, path: "huge/\(number)", storeID: SealedSample.storeID, isWritable: false)
    }

    /// One with so many streams.
    static func file(streamCount: Int) -> HugeFile {
        file(positions: 0..<Position(UInt64(streamCount)), streamCount: streamCount)
    }

    private static func file(
        number: UInt64 = 1, positions: Range<Position>, chunkBytes: Int = 1, idBytes: Int = 1,
        streamCount: Int = 1
    ) -> HugeFile {
        var footer = SealedFooter(
            storeID: SealedSample.storeID, number: number, positions: positions)
        footer.eventCount = streamCount
        footer.streamCount = streamCount
        footer.chunkCount = 1
        let sizes: [SealedFooter.Section: Int] = [
            .chunks: chunkBytes, .chunkTable: SealedFooter.chunkEntryBytes,
            .streams: streamCount * SealedFooter.streamEntryBytes, .ids: idBytes,
            .table: StreamTable.byteCount(streams: streamCount),
            .filter: StreamFilter.byteCount(streams: streamCount),
            .order: footer.order.byteCount(of: positions.count), .groups: 0,
        ]
        var page = 1
        for section in SealedFooter.Section.allCases {
            footer[section] = .init(firstPage: page, byteCount: sizes[section] ?? 0)
            page += footer[section].pageCount
        }
        return HugeFile(footer)
    }

    func byteCount() throws(DiskError) -> Int { footer.fileBytes }

    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        let isFooter =
            fileOffset == 0 || fileOffset == footer.fileBytes - SealedFooter.byteCount
        guard isFooter else { throw DiskError(.read, 5) }
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        footer.encode(into: memory, at: 0)
        memory.withBytes(in: 0..<SealedFooter.byteCount) { bytes.copy($0, at: 0) }
        return SealedFooter.byteCount
    }

    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        throw DiskError(.write, 5)
    }
    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) { throw DiskError(.write, 5) }
    func sync() throws(DiskError) {}
    func resize(to byteCount: Int) throws(DiskError) { throw DiskError(.resize, 5) }
    func dropCache() throws(DiskError) {}
    func map() throws(DiskError) -> any Mapping { Nothing(byteCount: footer.fileBytes) }
    func close() {}

    /// No byte of it is looked at.
    private final class Nothing: Mapping {
        let byteCount: Int
        init(byteCount: Int) { self.byteCount = byteCount }
        func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R { body(RawSpan()) }
    }
}
