import EmakiPlatform
import EmakiWorkflowTesting

@testable import EmakiWorkflow

/// A journal of a few events in memory that fails, waits and forgets when it is told to, and counts
/// what it is asked. A keeper asks for nothing that is not there: a wrong call traps.
final class ScriptedJournal: HistoryJournal {
    struct Fault: Error {}

    struct Script {
        var events: [(stream: String, metadata: [UInt8])] = []
        var removals: [(stream: String, count: UInt64)] = []
        var lossDigest: UInt64 = 0
        var forgottenCount: UInt64 = 0
        var storeID = "scripted"
        /// The file of the checkpoint.
        var file: [UInt8]?
        var isWritable = true
        /// Thrown by the next scans, one after the other.
        var faults: [any Error] = []
        /// Done on the thread that scans, before it shows anything.
        var beforeScan: @Sendable (any JournalScanner) -> Void = { _ in }
        /// Done on the thread that writes, before it takes a piece.
        var beforeWriting: @Sendable () -> Void = {}
        /// What was asked.
        var endCount = 0
        var scans: [Range<UInt64>] = []
        var readCount = 0
        var writeCount = 0
    }

    private let lock = Lock()
    private let script: Guarded<Script>

    init(_ script: Script = Script()) { self.script = Guarded(script) }

    var now: Script { lock.withLock { script.value } }
    func change(_ body: (inout Script) -> Void) { lock.withLock { body(&script.value) } }

    /// Runs that began, each under its id and of its type.
    func start(_ ids: some Sequence<String>, type: (String) -> String = { _ in "T" }) {
        change { script in
            for id in ids {
                script.events.append((StreamName.run(id, "r"), Self.started(type(id))))
            }
        }
    }

    private static func started(_ type: String) -> [UInt8] {
        var fields = FieldWriter()
        fields.put(CommonField.kind, EventKind.runStarted.rawValue)
        fields.put(CommonField.id, 1)
        fields.put(CommonField.time, signed: 5)
        fields.put(EventField.workflowType, type)
        return fields.bytes
    }

    // MARK: As a journal

    var storeID: String { now.storeID }
    var checkpoints: (any CheckpointPlace)? { Place(journal: self) }
    var forgottenCount: UInt64 { now.forgottenCount }
    func lossDigest() throws -> UInt64 { now.lossDigest }

    func end() throws -> UInt64 {
        change { $0.endCount += 1 }
        return UInt64(now.events.count)
    }

    func witness(at position: UInt64) throws -> UInt64? {
        precondition(position < now.events.count, "only what is there has a witness")
        return 1_000 + position
    }

    func forEachRemoval(_ body: (RawSpan, UInt64) -> Void) throws {
        for removal in now.removals { removal.stream.withUTF8Span { body($0, removal.count) } }
    }

    func scan(_ range: Range<UInt64>, into scanner: any JournalScanner) throws -> UInt64? {
        let script = now
        let fault = script.faults.first
        change {
            $0.scans.append(range)
            $0.faults = Array($0.faults.dropFirst())
        }
        precondition(!range.isEmpty && range.upperBound <= script.events.count, "of what is there")
        script.beforeScan(scanner)
        if let fault { throw fault }
        guard scanner.goesOn() else { throw ScanStopped() }
        for (stream, metadata) in script.events[Int(range.lowerBound)..<Int(range.upperBound)] {
            guard stream.withUTF8Span({ scanner.begin($0) }) else { continue }
            // Each has a stream of its own.
            metadata.withRawSpan { scanner.take(version: 1, $0) }
        }
        return range.upperBound
    }

    private struct Place: CheckpointPlace {
        let journal: ScriptedJournal

        var isWritable: Bool { journal.now.isWritable }

        func read() throws -> (any CheckpointReading)? {
            journal.change { $0.readCount += 1 }
            return journal.now.file.map { Reading(rest: $0[...]) }
        }

        func replace(_ next: () throws -> [UInt8]?) throws {
            precondition(isWritable, "nothing is written where nothing may be")
            journal.change { $0.writeCount += 1 }
            journal.now.beforeWriting()
            var bytes: [UInt8] = []
            while let piece = try next() { bytes += piece }
            journal.change { $0.file = bytes }
        }
    }

    private struct Reading: CheckpointReading {
        var rest: ArraySlice<UInt8>
        var left: Int { rest.count }

        mutating func next(_ byteCount: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(byteCount) }
            return Array(rest.prefix(byteCount))
        }
    }
}

/// A store whose events are those of a scripted journal.
struct ScriptedStore: ForwardingStore, JournaledStore {
    let base = MemoryHistoryStore().session()
    let scripted: ScriptedJournal

    init(_ journal: ScriptedJournal) { scripted = journal }

    var journal: any HistoryJournal { scripted }
}

/// Opens once, and lets nobody by before.
final class Gate: Sendable {
    private let word = WaitWord()

    func open() {
        word.bump()
        word.wakeAll()
    }

    /// Blocks the thread: not one of those that tasks have.
    func wait() { word.wait(while: 0) }

    func waited() async {
        await SystemThread.offload(name: "gate") { [self] in wait() }
    }
}
