import EmakiPlatform
import EmakiSimulation

@testable import EmakiLog

/// A segment's headers and idle slots. The first byte says whether their checksums are made true.
enum SegmentHeaderFuzzer: Fuzzer {
    static let name = "segment-header"
    private static let sample = Result { try SampleStore() }

    static func seeds() throws -> [[UInt8]] {
        let sample = try sample.get()
        let head = try sample.contents(of: sample.path)
            .prefix(3 * sample.store.layout.blockBytes)
        return [[0] + head, [1] + head]
    }

    static func decode(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        let sample = try sample.get()
        let layout = sample.store.layout
        let memory = try PageMemory(byteCount: layout.framesOffset)
        let head = Array(bytes.dropFirst().prefix(layout.framesOffset))
        head.withRawSpan { memory.copy($0, at: 0) }
        if first & 1 != 0 {
            memory.store(memory.checksum(12..<SegmentHeader.byteCount), at: 8)
            for slot in 0..<2 {
                let offset = layout.idleSlotOffset(slot)
                memory.store(
                    memory.checksum(offset + 8..<offset + IdleSlot.byteCount), at: offset + 4)
            }
        }
        _ = SegmentHeader.decode(from: memory, at: 0, layout: layout)
        let changed = memory.withBytes(in: 0..<3 * layout.blockBytes) { $0.copyToArray() }
        let disk = try sample.replacing(sample.path, at: 0, by: changed + tail(of: sample))
        SampleStore.openAndRead(disk)
    }

    private static func tail(of sample: SampleStore) throws -> [UInt8] {
        Array(try sample.contents(of: sample.path).dropFirst(3 * sample.store.layout.blockBytes))
    }
}

/// STORE: both copies are the fuzzer's; the first byte says whether their checksums are made true.
enum StoreFileFuzzer: Fuzzer {
    static let name = "store-file"
    private static let sample = Result { try SampleStore() }

    static func seeds() throws -> [[UInt8]] { try TwinSupport.seeds(StoreFile.twin, sample.get()) }

    static func decode(_ bytes: [UInt8]) throws {
        try TwinSupport.decode(bytes, as: StoreFile.twin, in: sample.get())
    }
}

/// MANIFEST, likewise.
enum ManifestFuzzer: Fuzzer {
    static let name = "manifest"
    private static let sample = Result { try SampleStore() }

    static func seeds() throws -> [[UInt8]] { try TwinSupport.seeds(Manifest.twin, sample.get()) }

    static func decode(_ bytes: [UInt8]) throws {
        try TwinSupport.decode(bytes, as: Manifest.twin, in: sample.get())
    }
}

/// Files that are stored twice inside themselves.
private enum TwinSupport {
    static func seeds(_ twin: TwinFile, _ sample: SampleStore) throws -> [[UInt8]] {
        let bytes = try sample.contents(of: twin.name)
        return [[0] + bytes, [1] + bytes.prefix(bytes.count / 2)]
    }

    /// With an odd first byte the rest is one copy: it is stored twice, with its true length and
    /// checksum, so that the fuzzer gets past them.
    static func decode(_ bytes: [UInt8], as twin: TwinFile, in sample: SampleStore) throws {
        guard let first = bytes.first else { return }
        let body = Array(bytes.dropFirst())
        guard first & 1 != 0, body.count >= TwinFile.headerBytes else {
            return SampleStore.openAndRead(try sample.replacing(twin.name, by: body))
        }
        let memory = try twin.encode(contentBytes: body.count - TwinFile.headerBytes) {
            memory, offset in
            Array(body.dropFirst(TwinFile.headerBytes)).withRawSpan { memory.copy($0, at: offset) }
        }
        let whole = memory.withBytes(in: 0..<memory.byteCount) { $0.copyToArray() }
        SampleStore.openAndRead(try sample.replacing(twin.name, by: whole))
    }
}
