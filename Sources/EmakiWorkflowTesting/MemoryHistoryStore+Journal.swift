import EmakiPlatform
import EmakiWorkflow

/// Histories in memory as a journal, with a place for a checkpoint, which outlives sessions too.
extension MemoryHistoryStore.Session: JournaledStore {
    package var journal: any HistoryJournal { MemoryJournal(session: self) }

    /// What was injected into reads is for those of the engine's.
    fileprivate func expectLife() throws { if isOver { throw Ended() } }
}

private struct MemoryJournal: HistoryJournal {
    let session: MemoryHistoryStore.Session
    private var store: MemoryHistoryStore { session.store }

    init(session: MemoryHistoryStore.Session) { self.session = session }

    var storeID: String { "memory" }
    var checkpoints: (any CheckpointPlace)? { MemoryCheckpoints(session: session) }

    func end() throws -> UInt64 {
        try session.expectLife()
        return UInt64(store.eventCount)
    }

    func scan(_ range: Range<UInt64>, into scanner: any JournalScanner) throws -> UInt64? {
        try session.expectLife()
        var newest: UInt64?
        for position in range {
            guard let found = store.event(at: Int(position)) else { break }
            newest = position + 1
            guard scanner.goesOn() else { throw MemoryHistoryStore.Session.Ended() }
            guard found.stream.withUTF8Span({ scanner.begin($0) }) else { continue }
            found.event.metadata.withRawSpan {
                scanner.take(version: UInt64(found.version), $0)
            }
        }
        return newest
    }

    func witness(at position: UInt64) throws -> UInt64? {
        try session.expectLife()
        return store.event(at: Int(position)).map { $0.token.low ^ $0.token.high }
    }

    func lossDigest() throws -> UInt64 { 0 }
    func forEachRemoval(_ body: (RawSpan, UInt64) -> Void) throws {}
}

private struct MemoryCheckpoints: CheckpointPlace {
    let session: MemoryHistoryStore.Session

    var isWritable: Bool { true }

    func read() throws -> (any CheckpointReading)? {
        session.store.checkpoint.map { Reading(rest: $0[...]) }
    }

    func replace(_ next: () throws -> [UInt8]?) throws {
        var bytes: [UInt8] = []
        while let piece = try next() { bytes += piece }
        try session.expectLife()
        session.store.checkpoint = bytes
    }

    private struct Reading: CheckpointReading {
        var rest: ArraySlice<UInt8>

        var left: Int { rest.count }

        mutating func next(_ byteCount: Int) -> [UInt8] {
            let next = Array(rest.prefix(byteCount))
            rest = rest.dropFirst(byteCount)
            return next
        }
    }
}
