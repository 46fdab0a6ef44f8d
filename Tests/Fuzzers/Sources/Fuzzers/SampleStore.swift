import EmakiPlatform
import EmakiSimulation

@testable import EmakiLog

/// A small store on a disk in memory, which every run starts from.
struct SampleStore {
    let disk: SimulatedFileSystem
    let store: StoreFile
    let segment: SegmentIdentity
    let path: String
    /// The payloads of the frames in it.
    let payloads: [[UInt8]]

    static let options = StoreOptions(segmentBytes: 128 << 10)

    init() throws {
        disk = SimulatedFileSystem()
        let entropy = FixedEntropy()
        store = try StoreCreation.lay(
            Self.options, blockBytes: 4096, method: .direct, rawLatency: 27_000, in: disk,
            path: "memory", entropy: entropy, now: 1_600_000_000_000_000_000
        ).store
        let core = try LogCore.open(in: disk, configuration: Configuration(), entropy: entropy)
        segment = core.active.identity
        path = core.active.path
        var payloads: [[UInt8]] = []
        for batch in Self.batches {
            let measured = try MeasuredBatch(
                MultiStreamBatch(parts: batch), batchBytesMax: store.batchBytesMax)
            guard case .staged = core.stage(measured, version: { _, _ in }) else { continue }
            let gathering = core.gathering
            let bytes = core.active.image.withBytes(
                in: gathering.start + FrameHeader.byteCount..<gathering.next
            ) { $0.copyToArray() }
            payloads.append(bytes)
            try core.commit(at: 1_700_000_000_000_000_000)
        }
        self.payloads = payloads
        try core.mark(isClosing: true, at: 1_700_000_000_000_000_001)
        core.closeFiles()
    }

    private static var batches: [[StreamAppend]] {
        let id = EventID(low: 1, high: 2)
        return [
            [StreamAppend(to: "a", [Event(type: "T", payload: [1, 2, 3], id: id)])],
            [
                StreamAppend(to: "a", [Event(type: "U", payload: [], metadata: [9])]),
                StreamAppend(to: "order-7", [Event(type: "V", text: "{}"), Event(type: "W")]),
            ],
            [StreamAppend(to: "a", [Event(type: "T", payload: Array(repeating: 7, count: 5000))])],
        ]
    }

    /// Bytes of a file of the store.
    func contents(of path: String) throws -> [UInt8] {
        let file = try disk.clone().open(path, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        let memory = try PageMemory(byteCount: try file.byteCount())
        return try memory.withMutableBytes(in: 0..<memory.byteCount) {
            (bytes: inout MutableRawSpan) throws(DiskError) in
            _ = try file.read(into: &bytes, at: 0)
            return bytes.withBytes { $0.copyToArray() }
        }
    }

    /// The store with other bytes in a file.
    func replacing(
        _ path: String, at offset: Int = 0, by bytes: [UInt8]
    ) throws -> SimulatedFileSystem {
        let changed = disk.clone()
        let file = try changed.open(path, OpenMode(.mustExist))
        defer { file.close() }
        if offset == 0 { try file.resize(to: bytes.count) }
        try bytes.withRawSpan { (bytes: RawSpan) throws(DiskError) in
            try file.write(bytes, at: offset)
        }
        try file.sync()
        return changed
    }
}

/// The same numbers in each run.
final class FixedEntropy: Entropy, @unchecked Sendable {
    private var state: UInt64 = 1

    func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state
    }
}

extension SampleStore {
    /// Opens a store and reads all of it, twice; then what is whole of it, whatever it is like.
    static func openAndRead(_ disk: SimulatedFileSystem) {
        if case .success(let first) = open(disk, Configuration()) {
            let second = open(disk, Configuration())
            expect(
                second == .success(first), "a store that ended at \(first), opened again: \(second)"
            )
        }
        _ = open(disk, .readOnly(toleratingDamage: true))
    }

    /// Where the log ends.
    private static func open(
        _ disk: SimulatedFileSystem, _ configuration: Configuration
    ) -> Result<Position, LogError> {
        do throws(LogError) {
            let core = try LogCore.open(
                in: disk, configuration: configuration, entropy: FixedEntropy())
            readAll(core)
            core.closeFiles()
            return .success(core.durableEnd)
        } catch {
            return .failure(error)
        }
    }

    private static func readAll(_ core: LogCore) {
        for position in core.index.positions.lowerBound.rawValue..<core.durableEnd.rawValue {
            guard let place = core.index.place(at: Position(position)) else { continue }
            let record = EventRecord(in: core.segment(place.segment).image, at: place.offset)
            touch(record)
            expect(core.index.find(record.section) != nil, "an event of no stream")
        }
    }

    /// Reads every byte that an event lends.
    static func touch(_ record: EventRecord) {
        _ = record.image.checksum(record.payloadRange)
        _ = record.image.checksum(record.metadataRange)
        _ = record.image.checksum(record.typeRange)
        _ = (record.version, record.id, record.section.streamID.hash)
    }
}
