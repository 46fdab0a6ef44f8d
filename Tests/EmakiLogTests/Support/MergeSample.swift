import EmakiPlatform

@testable import EmakiLog

/// Sealed files that follow one another, of random histories, and the arrays that a merge of them
/// must agree with.
final class MergeSample {
    struct Shape {
        var partCount = 3
        var streamCount = 25
        var eventCount = 600
        var payloadBytesMax = 200
        /// Of a hundred commits, those of which no event is left.
        var emptyCommitsPercent = 20
        var isCompressible = true
        var chunkBytes = 1_500
    }

    typealias Event = SealedSample.Event

    let files = MemoryFileSystem()
    let shape: Shape
    /// Every event, in the order of positions, with its stream.
    private(set) var events: [(stream: String, event: Event)] = []
    /// First position and instant of each commit.
    private(set) var groups: [(position: UInt64, instant: Int64)] = []
    private(set) var paths: [String] = []
    /// All files, before anything was done to them.
    private(set) var contents: [String: [UInt8]] = [:]

    static let folder = "sealed"
    static let mergedPath = "sealed/merged"

    init(seed: UInt64, _ shape: Shape = Shape()) throws {
        self.shape = shape
        let random = SeededEntropy(seed: seed)
        try files.makeFolder(Self.folder)
        var position: UInt64 = 100
        var heads: [String: UInt64] = [:]
        var bounds = [position]
        let sampleShape = SealedSample.Shape(
            payloadBytesMax: shape.payloadBytesMax, isCompressible: shape.isCompressible)
        for index in 0..<shape.eventCount {
            if index > 0, index % max(1, shape.eventCount / shape.partCount) == 0,
                bounds.count < shape.partCount
            {
                bounds.append(position)
            }
            if bounds.last == position || random.below(6) == 0 {
                groups.append((position, Int64(position) * 1_000))
                if random.below(100) < shape.emptyCommitsPercent, bounds.last != position {
                    position += 2
                    groups.append((position, Int64(position) * 1_000))
                }
            }
            let name = "s\(random.below(shape.streamCount) * 37 % 101)"
            let version = (heads[name] ?? 0) + (random.below(30) == 0 ? 3 : 1)
            heads[name] = version
            let event = SealedSample.event(
                random, position: position, version: version, sampleShape)
            events.append((name, event))
            position += random.below(10) == 0 ? 2 : 1
        }
        bounds.append(position)
        for part in 0..<bounds.count - 1 {
            paths.append("\(Self.folder)/\(part)")
            try write(part, bounds[part]..<bounds[part + 1])
        }
        try files.syncFolder(Self.folder)
        contents = files.contents
    }

    private func write(_ part: Int, _ range: Range<UInt64>) throws {
        let file = try files.open(paths[part], OpenMode(.mustBeNew))
        var options = SealedFileWriter.Options()
        options.chunkBytes = shape.chunkBytes
        let writer = try SealedFileWriter(
            file: file, storeID: SealedSample.storeID, number: UInt64(part + 1),
            positions: Position(range.lowerBound)..<Position(range.upperBound),
            lastGroup: UInt64(part) * 10 + 7, options: options)
        let held = events.filter { range.contains($0.event.position) }
        for (id, events) in Self.byStream(held) {
            try SealedSample.write(id, events, to: writer)
        }
        for group in groups where range.contains(group.position) {
            try writer.addGroup(at: Position(group.position), instant: group.instant)
        }
        _ = try writer.finish()
        file.close()
    }

    static func byStream(
        _ events: [(stream: String, event: Event)]
    ) -> [(id: String, events: [Event])] {
        var streams: [String: [Event]] = [:]
        for (stream, event) in events { streams[stream, default: []].append(event) }
        return streams.sorted { Array($0.key.utf8).lexicographicallyPrecedes(Array($1.key.utf8)) }
            .map { ($0.key, $0.value) }
    }

    func open(_ path: String) throws -> SealedFile {
        try SealedFile(
            files.open(path, OpenMode(.mustExist)), path: path, storeID: SealedSample.storeID,
            isWritable: true)
    }

    func merge(
        _ inputs: [SealedFile]? = nil, to path: String = MergeSample.mergedPath,
        number: UInt64 = 99, level: Int? = nil
    ) throws -> SealedMerge {
        var options = SealedFileWriter.Options()
        options.chunkBytes = shape.chunkBytes
        options.level = level
        return SealedMerge(
            inputs: try inputs ?? paths.map { try open($0) }, number: number,
            storeID: SealedSample.storeID, path: path, temporaryPath: path + ".new",
            folder: Self.folder, options: options)
    }

    /// Every event of a file, by stream, found by visiting each.
    func read(_ file: SealedFile) throws -> [(id: String, events: [Event])] {
        var streams: [(id: String, events: [Event])] = []
        for number in 0..<file.footer.streamCount {
            let stream = try file.stream(number)
            var events: [Event] = []
            try file.visit(stream, from: .first) {
                events.append(Event($0))
                return true
            }
            let id = try file.withID(number) { $0.copyToArray() }
            streams.append((String(decoding: id, as: UTF8.self), events))
        }
        return streams
    }
}
