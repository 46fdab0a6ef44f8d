import EmakiPlatform
import Testing

@testable import EmakiLog

/// An event as the model knows it.
struct ModelEvent: Equatable {
    var stream: String
    var version: UInt64
    var position: UInt64
    var id: EventID?
    var type: String
    var metadata: Digest
    var payload: Digest
}

/// Bytes by their length and two hashes: comparing and printing them costs nothing.
struct Digest: Equatable, CustomStringConvertible {
    var byteCount: Int
    var checksum: UInt32
    var hash: UInt64

    init(_ bytes: RawSpan) {
        byteCount = bytes.byteCount
        checksum = Checksum.crc32c(bytes)
        hash = StableHash.hash(bytes)
    }

    var description: String { "\(byteCount) bytes" }
}

/// All that a reader can see. `events` has nil where a position was lost.
struct LogContent: Equatable {
    var first: UInt64 = 0
    var events: [ModelEvent?] = []
    var heads: [String: UInt64] = [:]

    /// One line for a failure.
    var summary: String {
        let events = events.map { $0.map { "\($0.stream)@\($0.version)" } ?? "lost" }
        return "\(first): \(events.joined(separator: " ")) \(heads.sorted { $0.key < $1.key })"
    }

    /// Appends a batch.
    mutating func add(_ parts: [StreamAppend]) {
        for part in parts {
            for event in part.events {
                let version = heads[part.stream.text, default: 0] + 1
                heads[part.stream.text] = version
                events.append(
                    ModelEvent(
                        stream: part.stream.text, version: version,
                        position: first + UInt64(events.count), id: event.id, type: event.type,
                        metadata: event.metadata.withRawSpan { Digest($0) },
                        payload: event.payload.withRawSpan { Digest($0) }))
            }
        }
    }
}

extension LogContent {
    /// What is left once the events before a position were retired.
    func retired(before position: UInt64) -> LogContent {
        guard position > first else { return self }
        var result = self
        result.events.removeFirst(Int(position - first))
        result.first = position
        let kept = Set(result.events.compactMap { $0?.stream })
        result.heads = heads.filter { kept.contains($0.key) }
        return result
    }
}

enum HarnessError: Error {
    case refused(LogError)
    case repeated
    case stuck(WaitReason)
    /// The index contradicts itself.
    case inconsistent(String)
}

/// A core on a disk in memory, and the obvious log beside it.
final class CoreHarness {
    var files: MemoryFileSystem
    var core: LogCore
    let entropy: SeededEntropy
    /// What was acknowledged.
    var model = LogContent()
    /// What was staged and not yet acknowledged.
    private(set) var staged: [[StreamAppend]] = []
    /// Where retirements whose outcome is not known would have cut.
    private var uncertainAnchors: [UInt64] = []
    private(set) var now: Int64 = 1_700_000_000_000_000_000

    static let smallOptions = StoreOptions(segmentBytes: 128 << 10)

    init(
        blockBytes: Int = 4096, method: SyncMethod = .direct, seed: UInt64 = 1,
        configuration: Configuration = Configuration(), files: MemoryFileSystem = .init()
    ) throws {
        self.files = files
        entropy = SeededEntropy(seed: seed)
        _ = try StoreCreation.lay(
            Self.smallOptions, blockBytes: blockBytes, method: method, rawLatency: 27_000,
            in: files, path: "memory", entropy: entropy, now: 1_600_000_000_000_000_000)
        core = try LogCore.open(in: files, configuration: configuration, entropy: entropy)
    }

    /// Opens the store again, as it is on this disk.
    func reopen(_ configuration: Configuration = Configuration()) throws {
        core.closeFiles()
        staged = []
        core = try LogCore.open(in: files, configuration: configuration, entropy: entropy)
    }

    // MARK: Appending

    /// Stages a batch, writing groups and making segments ready as needed.
    @discardableResult
    func stage(_ parts: [StreamAppend]) throws -> Range<Position> {
        for _ in 0..<8 {
            switch try outcome(of: parts) {
            case .staged(let positions):
                staged.append(parts)
                return positions
            case .repeated: throw HarnessError.repeated
            case .refused(let error, _): throw HarnessError.refused(error)
            case .lookUp(let question):
                let batch = try MeasuredBatch(
                    MultiStreamBatch(parts: parts), batchBytesMax: core.store.batchBytesMax)
                let found = try SealedAnswer(batch: batch).find(question) { $0(core) }
                if found != nil { throw HarnessError.repeated }
            case .wait(let reason):
                try commit()
                if reason == .segment { try core.prepareSegments() }
            }
        }
        throw HarnessError.stuck(.segment)
    }

    func outcome(of parts: [StreamAppend]) throws -> StageOutcome {
        let batch = try MeasuredBatch(
            MultiStreamBatch(parts: parts), batchBytesMax: core.store.batchBytesMax)
        return core.stage(batch) { _, _ in }
    }

    /// Writes what is staged; then, and only then, the model has it.
    func commit() throws {
        now += 1000
        try core.commit(at: now)
        acknowledge()
    }

    private func acknowledge() {
        for parts in staged { model.add(parts) }
        staged = []
    }

    /// Stages and commits one batch.
    func append(_ parts: [StreamAppend]) throws {
        try stage(parts)
        try commit()
    }

    func append(to stream: StreamID, _ payloads: [[UInt8]]) throws {
        try append([StreamAppend(to: stream, payloads.map { Event(type: "T", payload: $0) })])
    }

    func mark(isClosing: Bool = false) throws {
        now += 1000
        if core.wantsMark(isClosing: isClosing) { try core.mark(isClosing: isClosing, at: now) }
    }

    /// As a close in order does it.
    func close() throws {
        try commit()
        try mark(isClosing: true)
        core.closeFiles()
    }

    /// The model forgets what the core retired. If that fails, both are allowed from here on.
    func retire(upTo number: UInt64) throws {
        let count = core.segments.prefix { $0.number <= number }.count
        guard count > 0, count <= core.activeIndex else { return }
        let anchor = core.segmentEnds[count - 1].nextPosition.rawValue
        uncertainAnchors.append(anchor)
        try core.retire(upTo: number)
        uncertainAnchors.removeLast()
        model = model.retired(before: anchor)
    }

    /// What a reader may see after a crash now: everything acknowledged, and nothing but that and
    /// perhaps all that was staged.
    var allowed: [LogContent] {
        var withStaged = model
        for parts in staged { withStaged.add(parts) }
        let contents = staged.isEmpty ? [model] : [model, withStaged]
        return contents
            + uncertainAnchors.flatMap { anchor in contents.map { $0.retired(before: anchor) } }
    }
}

extension LogCore {
    /// Reads everything twice, by position and by stream, and holds the two against each other.
    func content() throws -> LogContent {
        var content = LogContent()
        content.first = firstPosition.rawValue
        var position = firstPosition
        while position < durableEnd {
            content.events.append(try durableEvent(at: position).map(ModelEvent.init))
            position = position.advanced(by: 1)
        }
        var found: [(id: [UInt8], version: StreamVersion)] = []
        try forEachStream { found.append(($0, $1)) }
        var seenCount = 0
        for summary in found {
            let stream = try StreamID(utf8: summary.id)
            content.heads[stream.text] = summary.version.rawValue
            seenCount += try countEvents(of: stream, upTo: summary.version, in: content)
        }
        let heldCount = content.events.count { $0 != nil }
        guard seenCount == heldCount else {
            throw HarnessError.inconsistent("\(seenCount) of \(heldCount) events by stream")
        }
        return content
    }

    private func countEvents(
        of stream: StreamID, upTo head: StreamVersion, in content: LogContent
    ) throws -> Int {
        var versions: [UInt64] = []
        var isSame = true
        try visit(stream, from: nil, backwards: false) { version, found in
            guard let found else { return true }
            let event = content.events[Int(found.position.rawValue - content.first)]
            isSame = isSame && event?.stream == stream.text && event?.version == version.rawValue
            versions.append(version.rawValue)
            return true
        }
        var backwards: [UInt64] = []
        try visit(stream, from: nil, backwards: true) { version, found in
            if found != nil { backwards.append(version.rawValue) }
            return true
        }
        guard isSame, versions == backwards.reversed(), versions.last ?? 0 <= head.rawValue else {
            throw HarnessError.inconsistent("\(stream): \(versions), \(backwards), \(head)")
        }
        return versions.count
    }
}

extension ModelEvent {
    init(_ event: RecordedEvent) {
        self.init(
            stream: event.stream.text, version: event.version.rawValue,
            position: event.position.rawValue, id: event.id, type: event.type,
            metadata: event.withMetadata { Digest($0) }, payload: event.withPayload { Digest($0) })
    }
}

/// Opens a store with defaults.
func openCore(
    _ files: MemoryFileSystem, _ configuration: Configuration = Configuration(), seed: UInt64 = 99
) throws(LogError) -> LogCore {
    try LogCore.open(
        in: files, configuration: configuration, entropy: SeededEntropy(seed: seed))
}

/// Bytes that differ from place to place.
func bytes(_ count: Int, seed: Int = 7) -> [UInt8] {
    var result = [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: count)
    for index in stride(from: 0, to: count, by: 61) { result[index] = UInt8(index / 61 & 0xff) }
    return result
}
