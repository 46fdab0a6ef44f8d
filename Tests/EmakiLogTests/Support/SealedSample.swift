import EmakiPlatform

@testable import EmakiLog

/// A sealed file of random events on a disk in memory, and the model that it must agree with.
final class SealedSample {
    struct Event: Equatable {
        var position: UInt64
        var version: UInt64
        var id: EventID?
        var type: String
        var metadata: [UInt8]
        var payload: [UInt8]

        init(
            position: UInt64, version: UInt64, id: EventID?, type: String, metadata: [UInt8],
            payload: [UInt8]
        ) {
            self.position = position
            self.version = version
            self.id = id
            self.type = type
            self.metadata = metadata
            self.payload = payload
        }

        init(_ event: SealedChunk.Event) {
            func bytes(_ range: Range<Int>) -> [UInt8] {
                event.memory.withBytes(in: range) { $0.copyToArray() }
            }
            position = event.position.rawValue
            version = event.version.rawValue
            id = event.id
            type = String(decoding: bytes(event.typeRange), as: UTF8.self)
            metadata = bytes(event.metadataRange)
            payload = bytes(event.payloadRange)
        }
    }

    struct Shape {
        var streamCount = 30
        var eventsPerStreamMax = 40
        var payloadBytesMax = 300
        /// Of a hundred positions, those that nothing is at any more.
        var gapsPercent = 5
        /// Now and then a version is missing.
        var versionGaps = true
        var isCompressible = true
        var options = SealedFileWriter.Options()
    }

    static let path = "sealed"
    static let storeID = Bits128(low: 7, high: 9)
    static let firstPosition: UInt64 = 1_000

    let files = MemoryFileSystem()
    /// Events of each stream, in the order of versions.
    private(set) var streams: [(id: String, events: [Event])] = []
    private(set) var footer: SealedFooter
    /// First position and instant of each commit.
    private(set) var groups: [(position: UInt64, instant: Int64)] = []
    let bytes: [UInt8]

    init(seed: UInt64, _ shape: Shape = Shape()) throws {
        let random = SeededEntropy(seed: seed)
        var made: [String: [Event]] = [:]
        var position = Self.firstPosition
        var heads: [String: UInt64] = [:]
        let names = (0..<shape.streamCount).map { "stream/\($0 * 7919 % 100_003)" }
        var left = names.flatMap { name in
            [String](repeating: name, count: 1 + random.below(shape.eventsPerStreamMax))
        }
        for place in left.indices { left.swapAt(place, random.below(left.count)) }
        for name in left {
            if random.below(100) < shape.gapsPercent { position += 1 }
            if random.below(8) == 0 || groups.isEmpty {
                groups.append((position, Int64(position) * 1_000 + 5))
            }
            let isGap = random.below(20) == 0 && shape.versionGaps
            let version = (heads[name] ?? 0) + (isGap ? 2 : 1)
            heads[name] = version
            made[name, default: []].append(
                Self.event(random, position: position, version: version, shape))
            position += 1
        }
        streams = made.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
            .map { ($0.key, $0.value) }
        let file = try files.open(Self.path, OpenMode(.mustBeNew))
        let writer = try SealedFileWriter(
            file: file, storeID: Self.storeID, number: 3,
            positions: Position(Self.firstPosition)..<Position(position), lastGroup: 77,
            options: shape.options)
        for (id, events) in streams { try Self.write(id, events, to: writer) }
        for group in groups {
            try writer.addGroup(at: Position(group.position), instant: group.instant)
        }
        footer = try writer.finish()
        file.close()
        bytes = files[Self.path]
    }

    var eventCount: Int { streams.reduce(0) { $0 + $1.events.count } }

    static func event(
        _ random: SeededEntropy, position: UInt64, version: UInt64, _ shape: Shape
    ) -> Event {
        let byteCount = random.below(shape.payloadBytesMax + 1)
        let payload =
            shape.isCompressible
            ? (0..<byteCount).map { UInt8(truncatingIfNeeded: 97 + $0 % 7) }
            : (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        return Event(
            position: position, version: version,
            id: random.below(2) == 0 ? nil : EventID(low: random.next(), high: random.next()),
            type: ["Opened", "Paid", "Versandt·📦"][random.below(3)],
            metadata: [UInt8](repeating: 1, count: random.below(4)), payload: payload)
    }

    static func write(
        _ id: String, _ events: [Event], to writer: SealedFileWriter
    ) throws {
        try id.withUTF8Span { (bytes: RawSpan) throws(DiskError) in try writer.beginStream(bytes) }
        for event in events {
            let source = EmakiLog.Event(
                type: event.type, payload: event.payload, metadata: event.metadata, id: event.id)
            let memory = try PageMemory(byteCount: EventRecord.byteCount(of: source))
            _ = EventRecord.encode(
                source, version: StreamVersion(event.version), section: 0, into: memory, at: 0)
            try writer.add(
                SealedChunk.Event(EventRecord(in: memory, at: 0), at: Position(event.position)))
        }
    }

    func open(isWritable: Bool = true) throws -> SealedFile {
        let file = try files.open(Self.path, OpenMode(.mustExist, writable: isWritable))
        return try SealedFile(
            file, path: Self.path, storeID: Self.storeID, isWritable: isWritable)
    }

    func openCounting() throws -> (SealedFile, CountingFile) {
        let counter = CountingFile(
            try files.open(Self.path, OpenMode(.mustExist, writable: false)))
        let file = try SealedFile(
            counter, path: Self.path, storeID: Self.storeID, isWritable: false)
        return (file, counter)
    }

    /// Puts the sound bytes back.
    func restore() { files[Self.path] = bytes }

    func zero(_ range: Range<Int>) {
        files.edit(Self.path) {
            $0.replaceSubrange(range, with: repeatElement(0, count: range.count))
        }
    }
}

extension SealedSample {
    /// Large enough for whole groups of parity.
    static func ofFullSize() throws -> SealedSample {
        try SealedSample(
            seed: 12,
            .init(
                streamCount: 40, eventsPerStreamMax: 16, payloadBytesMax: 60_000,
                isCompressible: false))
    }
}
