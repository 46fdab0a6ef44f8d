import EmakiLog
import EmakiPlatform

/// Who is handed everything that is in a part of a journal.
package protocol JournalScanner: AnyObject {
    /// The next events are of this stream.
    /// - Returns: whether they are wanted.
    func begin(_ stream: RawSpan) -> Bool
    /// Takes an event that is wanted.
    /// - Parameter version: how many its stream has had, with it.
    func take(version: UInt64, _ metadata: RawSpan)
    /// Asked now and then.
    func goesOn() -> Bool
}

/// All events of a store, each at a position: what a projection is made of.
package protocol HistoryJournal: Sendable {
    /// Random, of the store, for ever.
    var storeID: String { get }
    /// Where a checkpoint may be kept; nil: nowhere.
    var checkpoints: (any CheckpointPlace)? { get }
    /// Every event before this position is durable.
    func end() throws -> UInt64
    /// Shows each event at these positions once: those of a stream in their order, streams in any.
    /// - Returns: the position behind the newest event of anybody, if there was one.
    /// - Throws: also if it was told to stop; then it is not known what was shown.
    func scan(_ range: Range<UInt64>, into scanner: any JournalScanner) throws -> UInt64?
    /// A number that no other history of this store has for this position; nil: nothing is there.
    func witness(at position: UInt64) throws -> UInt64?
    /// Another number once events were lost, whosever they were.
    func lossDigest() throws -> UInt64
    /// How often streams were forgotten, so that not even their removals are visited, since the
    /// store was opened.
    var forgottenCount: UInt64 { get }
    /// Visits the streams that have lost their oldest events because somebody wanted that.
    /// - Parameter body: gets a stream, and how many it has lost.
    func forEachRemoval(_ body: (RawSpan, UInt64) -> Void) throws
}

extension HistoryJournal {
    /// Nothing is ever forgotten.
    package var forgottenCount: UInt64 { 0 }
}

/// A store whose events have positions.
package protocol JournaledStore: HistoryStore {
    var journal: any HistoryJournal { get }
}

/// A place for one file, which is replaced as a whole and which nobody misses.
package protocol CheckpointPlace: Sendable {
    /// False where nothing may be written.
    var isWritable: Bool { get }
    /// - Returns: what is there, for reading; nil: nothing.
    func read() throws -> (any CheckpointReading)?
    /// Puts these pieces in place of what is there, once there are no more.
    func replace(_ next: () throws -> [UInt8]?) throws
}

/// Reads a checkpoint from its beginning to its end.
package protocol CheckpointReading {
    /// Bytes that are left.
    var left: Int { get }
    /// The next bytes; fewer at the end.
    mutating func next(_ byteCount: Int) throws -> [UInt8]
}

/// A scan was told to stop.
struct ScanStopped: Error {}

extension EventLogStore: JournaledStore {
    package var journal: any HistoryJournal { LogJournal(log: log) }
}

/// An event log as a journal.
private struct LogJournal: HistoryJournal {
    let log: EventLog

    var storeID: String { log.store.storeID }
    var checkpoints: (any CheckpointPlace)? { LogCheckpoints(log: log) }

    func end() throws -> UInt64 { log.durablePosition.rawValue }

    func scan(_ range: Range<UInt64>, into scanner: any JournalScanner) throws -> UInt64? {
        var adapter = Adapter(scanner: scanner)
        let positions = Position(range.lowerBound)..<Position(range.upperBound)
        let (end, newest) = try log.scan(positions, into: &adapter)
        guard end == .whole else { throw ScanStopped() }
        return newest.map { $0.rawValue + 1 }
    }

    func witness(at position: UInt64) throws -> UInt64? {
        try log.witness(at: Position(position))
    }

    func lossDigest() throws -> UInt64 { log.lossDigest }
    var forgottenCount: UInt64 { log.forgottenCount }

    func forEachRemoval(_ body: (RawSpan, UInt64) -> Void) throws {
        try log.forEachRemoval { body($0, $1.rawValue) }
    }

    private struct Adapter: LogScanner {
        let scanner: any JournalScanner

        func begin(_ stream: RawSpan) -> Bool { scanner.begin(stream) }
        func take(_ position: Position, _ version: StreamVersion, metadata: RawSpan) {
            scanner.take(version: version.rawValue, metadata)
        }
        func goesOn() -> Bool { scanner.goesOn() }
    }
}

/// A file in the store's folder. It is not synced: what a power cut leaves of it is checked.
private struct LogCheckpoints: CheckpointPlace {
    private static let name = ProjectionFile.name
    private static let newName = name + ".new"

    let log: EventLog

    var isWritable: Bool { !log.isReadOnly }

    func read() throws -> (any CheckpointReading)? {
        guard try log.files.kind(of: Self.name) == .file else { return nil }
        let file = try log.files.open(Self.name, OpenMode(.mustExist, writable: false))
        return try Reading(file: file, left: file.byteCount())
    }

    func replace(_ next: () throws -> [UInt8]?) throws {
        let file = try log.files.open(Self.newName, OpenMode(.createIfMissing))
        defer { file.close() }
        try file.resize(to: 0)
        var offset = 0
        while let piece = try next() {
            // Once it is closed, the store may be another process's.
            try log.expectOpen()
            try piece.withRawSpan { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: offset)
            }
            offset += piece.count
        }
        try log.expectOpen()
        try log.files.rename(Self.newName, to: Self.name)
    }

    private final class Reading: CheckpointReading {
        private let file: any File
        private(set) var left: Int
        private var offset = 0

        init(file: any File, left: Int) {
            self.file = file
            self.left = left
        }

        deinit { file.close() }

        func next(_ byteCount: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: min(byteCount, left))
            let count = try bytes.withMutableRawSpan { span throws(DiskError) in
                try file.read(into: &span, at: offset)
            }
            offset += count
            left -= count
            if count < bytes.count { left = 0 }
            return Array(bytes[..<count])
        }
    }
}
