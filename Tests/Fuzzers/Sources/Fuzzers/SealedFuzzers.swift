import EmakiPlatform
import EmakiSimulation

@testable import EmakiLog

/// A sealed file whose checksums and parity hold, and whose contents the fuzzer changed; and files
/// that are damaged in a place besides.
///
/// An input is a list of changes: place, offset, count, bytes; see `SealedBytes`.
enum SealedFuzzer: Fuzzer {
    static let name = "sealed"
    private static let sample = Result { try SealedBytes() }
    private static let changesMax = 20

    static func seeds() throws -> [[UInt8]] {
        _ = try sample.get()
        // One change in each place.
        return [[]] + (0..<SealedBytes.placeCount).map { [$0, 8, 0, 3, 1, 2, 3] }
    }

    static func decode(_ bytes: [UInt8]) throws {
        let sample = try sample.get()
        var input = FuzzInput(bytes)
        var changes: [SealedBytes.Change] = []
        while !input.isEmpty, changes.count < changesMax {
            let place = input.byte() % SealedBytes.placeCount
            let offset = input.number16()
            let count = Int(input.byte() % 32)
            changes.append(.init(place: place, offset: offset, bytes: input.take(count)))
        }
        let (disk, isDamaged) = try sample.make(changedBy: changes)
        try read(disk, isWritable: false)
        let before = try? check(disk)
        // What was mended is whole, and what is refused stays refused.
        let after = try? check(disk)
        expect(
            (before == nil) == (after == nil),
            "the first check: \(before as Any), then \(after as Any)")
        expect(after?.repairedCount ?? 0 == 0, "mended a second time: \(after as Any)")
        // A footer is written again if it says the same in other bytes.
        let mayBeMended = isDamaged || changes.contains { $0.place == SealedBytes.footerPlace }
        expect(mayBeMended || before?.repairedCount ?? 0 == 0, "mended without damage")
        try read(disk, isWritable: true)
    }

    private static func open(_ disk: SimulatedFileSystem, isWritable: Bool) throws -> SealedFile {
        try SealedFile(
            disk.open(SealedBytes.path, OpenMode(.mustExist, writable: isWritable)),
            path: SealedBytes.path, storeID: SealedBytes.storeID, isWritable: isWritable)
    }

    private static func check(_ disk: SimulatedFileSystem) throws -> SealedFile.CheckReport {
        try open(disk, isWritable: true).check()
    }

    /// Asks for everything, by stream and by position; each answer may be that it is damaged.
    private static func read(_ disk: SimulatedFileSystem, isWritable: Bool) throws {
        let file = try open(disk, isWritable: isWritable)
        for number in 0..<file.footer.streamCount {
            guard let id = try? file.withID(number, { $0.copyToArray() }) else { continue }
            let found = id.withRawSpan { id -> SealedFile.Stream? in
                (try? file.find(id, hash: StableHash.hash(id))) ?? nil
            }
            guard let stream = found else { continue }
            for version in [StreamVersion.first, stream.lastVersion] {
                try? file.visit(stream, from: version) { event in
                    touch(event)
                    expect(event.version >= version, "an earlier version than asked for")
                    return true
                }
            }
        }
        for place in 0..<file.footer.positions.count {
            let position = file.footer.positions.lowerBound.advanced(by: place)
            _ = try? file.event(at: position) { _, event in
                touch(event)
                expect(event.position == position, "an event of another position")
            }
            _ = try? file.commitInstant(of: position)
        }
    }

    /// Reads every byte that an event lends.
    static func touch(_ event: SealedChunk.Event) { _ = event.digest(stream: 1) }
}

/// The contents of a chunk, as they are after decompression.
enum ChunkFuzzer: Fuzzer {
    static let name = "chunk"

    static func seeds() throws -> [[UInt8]] { [try SealedBytes().chunk] }

    static func decode(_ bytes: [UInt8]) throws {
        let memory = try PageMemory(byteCount: max(bytes.count, 1))
        bytes.withRawSpan { memory.copy($0, at: 0) }
        let bounds = SealedChunk.Bounds(
            firstPosition: Position(1_000), endPosition: Position(1_030), streamCount: 3)
        var contentBytes = 0
        let makesSense = SealedChunk.walk(memory, 0..<bytes.count, bounds: bounds) {
            stream, event in
            SealedFuzzer.touch(event)
            expect(stream < 3 && event.payloadRange.upperBound <= bytes.count, "out of bounds")
            expect((1_000..<1_030).contains(event.position.rawValue), "a position of nowhere")
            contentBytes += event.contentBytes
            return true
        }
        expect(contentBytes <= bytes.count || !makesSense, "bytes of nowhere")
    }
}
