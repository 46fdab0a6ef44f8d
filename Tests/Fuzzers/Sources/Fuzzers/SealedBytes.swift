import EmakiPlatform
import EmakiSimulation

@testable import EmakiLog

/// The bytes of a small sealed file, which every run of `SealedFuzzer` starts from, in the parts
/// that are put together again around what the fuzzer changed.
struct SealedBytes {
    static let path = "sealed"
    static let storeID = Bits128(low: 7, high: 9)
    /// Where a fuzzer's change goes: into a section, into the footer, or into the finished file.
    static let footerPlace = UInt8(SealedFooter.Section.allCases.count)
    static let placeCount = footerPlace + 2
    private static let entryBytes = 24

    let footer: SealedFooter
    private let sections: [[UInt8]]
    /// Of a chunk, before it was compressed.
    let chunk: [UInt8]

    init() throws {
        let disk = SimulatedFileSystem()
        let file = try disk.open(Self.path, OpenMode(.mustBeNew))
        let writer = try SealedFileWriter(
            file: file, storeID: Self.storeID, number: 3,
            positions: Position(1_000)..<Position(1_030),
            lastGroup: 77, options: .init(chunkBytes: 600))
        var position: UInt64 = 1_000
        for (id, count) in [("a", 3), ("order-7", 20), ("order-8", 1)] {
            try id.withUTF8Span { (bytes: RawSpan) throws(DiskError) in
                try writer.beginStream(bytes)
            }
            for version in 1...count {
                try writer.add(try Self.event(version, at: position))
                position += 1
            }
        }
        for (place, instant) in [(1_000, 5), (1_007, 6), (1_020, 9)] {
            try writer.addGroup(at: Position(UInt64(place)), instant: Int64(instant))
        }
        footer = try writer.finish()
        let footer = footer
        sections = try SealedFooter.Section.allCases.map { section in
            let range = footer[section].range
            let memory = try PageMemory(byteCount: max(range.count, 1))
            return try memory.withMutableBytes(in: 0..<range.count) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                _ = try file.read(into: &bytes, at: range.lowerBound)
                return bytes.withBytes { $0.copyToArray() }
            }
        }
        chunk = try Self.chunk()
        // Whoever changes the format is told here that the fuzzer does not know it any more.
        let (made, _) = try make(changedBy: [])
        let whole = try SealedFile(
            made.open(Self.path, OpenMode(.mustExist)), path: Self.path, storeID: Self.storeID,
            isWritable: true)
        let report = try whole.check()
        expect(
            report.eventCount == 24 && report.repairedCount == 0,
            "a file put together without a change has other bytes: \(report)")
    }

    private static func event(_ version: Int, at position: UInt64) throws -> SealedChunk.Event {
        let event = Event(
            type: version % 2 == 0 ? "Paid" : "Versandt",
            payload: [UInt8](repeating: 97, count: 90),
            metadata: version % 3 == 0 ? [1, 2] : [],
            id: version % 4 == 0 ? EventID(low: UInt64(version), high: 1) : nil)
        let memory = try PageMemory(byteCount: EventRecord.byteCount(of: event))
        _ = EventRecord.encode(
            event, version: StreamVersion(UInt64(version)), section: 0, into: memory, at: 0)
        return SealedChunk.Event(EventRecord(in: memory, at: 0), at: Position(position))
    }

    /// Three events of the first stream.
    private static func chunk() throws -> [UInt8] {
        var events = try ChunkBuffer(capacity: 4096)
        for index in 0..<3 {
            try SealedChunk.append(
                try event(index + 1, at: UInt64(1_000 + index)), positionDelta: index == 0 ? 0 : 1,
                to: &events)
        }
        var chunk = try ChunkBuffer(capacity: 4096)
        try SealedChunk.appendRun(
            stream: 0, version: .first, eventCount: 3, events: events, to: &chunk)
        return chunk.memory.withBytes(in: chunk.range) { $0.copyToArray() }
    }

    /// Some bytes, and where they go.
    struct Change {
        var place: UInt8
        var offset: Int
        var bytes: [UInt8]
    }

    /// Puts a file together whose checksums and parity hold in spite of the changes, except to
    /// the finished file.
    func make(changedBy changes: [Change]) throws -> (disk: SimulatedFileSystem, isDamaged: Bool) {
        var sections = sections
        for change in changes where Int(change.place) < sections.count {
            sections[Int(change.place)].replace(at: change.offset, by: change.bytes)
        }
        try mendChunkChecksums(&sections)
        let disk = SimulatedFileSystem()
        let file = try disk.open(Self.path, OpenMode(.mustBeNew))
        defer { file.close() }
        let sink = try SealedPageSink(file: file)
        for section in sections {
            try section.withRawSpan { (bytes: RawSpan) throws(DiskError) in try sink.append(bytes) }
            sink.endSection()
        }
        try sink.finish(footer)
        try writeFooters(changes.filter { Int($0.place) == sections.count }, file)
        let damages = changes.filter { Int($0.place) > sections.count }
        for damage in damages {
            let offset = damage.offset % (try file.byteCount() - damage.bytes.count)
            try damage.bytes.withRawSpan { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: offset)
            }
        }
        return (disk, !damages.isEmpty)
    }

    /// Each chunk's own checksum holds, wherever the table says that the chunk is.
    private func mendChunkChecksums(_ sections: inout [[UInt8]]) throws {
        let chunks = try PageMemory(byteCount: max(sections[0].count, 1))
        sections[0].withRawSpan { chunks.copy($0, at: 0) }
        let count = sections[1].count
        let table = try PageMemory(byteCount: max(count, 1))
        sections[1].withRawSpan { table.copy($0, at: 0) }
        for entry in stride(from: 0, to: count - Self.entryBytes + 1, by: Self.entryBytes) {
            let start = Int(clamping: table.loadUInt64(at: entry))
            let end = start.addingReportingOverflow(Int(table.loadUInt32(at: entry + 8)))
            guard !end.overflow, end.partialValue <= sections[0].count, start <= end.partialValue
            else { continue }
            table.store(chunks.checksum(start..<end.partialValue), at: entry + 20)
        }
        sections[1] = table.withBytes(in: 0..<count) { $0.copyToArray() }
    }

    private func writeFooters(_ changes: [Change], _ file: any File) throws {
        guard !changes.isEmpty else { return }
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        footer.encode(into: memory, at: 0)
        var bytes = memory.withBytes(in: 0..<SealedFooter.byteCount) { $0.copyToArray() }
        for change in changes { bytes.replace(at: change.offset % 512, by: change.bytes) }
        bytes.withRawSpan { memory.copy($0, at: 0) }
        memory.store(memory.checksum(12..<SealedFooter.byteCount), at: 8)
        let end = try file.byteCount() - SealedFooter.byteCount
        for offset in [0, end] {
            try memory.withBytes(in: 0..<SealedFooter.byteCount) {
                (bytes: RawSpan) throws(DiskError) in try file.write(bytes, at: offset)
            }
        }
    }
}

extension [UInt8] {
    /// Overwrites from an offset on, which is taken as one within; what does not fit is left out.
    fileprivate mutating func replace(at offset: Int, by bytes: [UInt8]) {
        guard !isEmpty else { return }
        for (index, byte) in bytes.enumerated() {
            let place = offset % count + index
            guard place < count else { return }
            self[place] = byte
        }
    }
}
