import EmakiLog
import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// When a keeper reads, what it takes for true, and what it does with faults: over a journal that
/// does what it is told.
@Suite struct ProjectionKeeperTests {
    /// Remembers what it is told.
    final class Faults: EngineObserver {
        private let lock = Lock()
        private let errors = Guarded<[String]>([])
        /// Opens with the first.
        let first = Gate()

        var all: [String] { lock.withLock { errors.value } }

        func storeFailed(_ error: any Error) {
            let isFirst = lock.withLock {
                errors.value.append("\(error)")
                return errors.value.count == 1
            }
            if isFirst { first.open() }
        }
    }

    private let journal = ScriptedJournal()
    private let faults = Faults()

    private func keeper(
        eventsMin: UInt64? = .max, writes: Bool = true
    ) throws -> ProjectionKeeper {
        try #require(
            ProjectionKeeper(
                ScriptedStore(journal), observer: faults, writesCheckpoints: writes,
                eventsMin: eventsMin))
    }

    private func close(_ keeper: ProjectionKeeper) async {
        await SystemThread.offload(name: "closing") { keeper.close() }
    }

    private func names(_ range: Range<Int>) -> [String] { range.map { "w\($0)" } }

    // MARK: Reading

    @Test("a store without positions has no keeper")
    func noJournal() {
        let store = StaleStore(MemoryHistoryStore().session())
        let keeper = ProjectionKeeper(
            store, observer: faults, writesCheckpoints: true, eventsMin: nil)
        #expect(keeper == nil)
    }

    @Test("what is new is read once, and nothing where there is nothing new")
    func once() async throws {
        let keeper = try keeper()
        #expect(await keeper.ask { $0.runs.count } == 0)
        #expect(journal.now.scans.isEmpty)
        journal.start(names(0..<3))
        #expect(await keeper.ask { $0.runs.count } == 3)
        #expect(await keeper.ask { $0.end } == 3)
        journal.start(names(3..<5))
        #expect(await keeper.ask { $0.runs.count } == 5)
        #expect(journal.now.scans == [0..<3, 3..<5])
        // The file is looked for once.
        #expect(journal.now.readCount == 1)
        await close(keeper)
        #expect(await keeper.ask { $0.end } == nil && faults.all.isEmpty)
    }

    @Test("who never asks is not read for, and who does is read for after so many events")
    func looks() async throws {
        journal.start(names(0..<3))
        let keeper = try keeper(eventsMin: 10)
        keeper.recorded(100)
        #expect(await keeper.ask { $0.end } == 3)
        // A look before would have asked, too.
        #expect(journal.now.endCount == 1)
        keeper.recorded(9)
        #expect(await keeper.ask { $0.end } == 3)
        #expect(journal.now.endCount == 2)
        keeper.recorded(1)
        #expect(await keeper.ask { $0.end } == 3)
        #expect(journal.now.endCount == 4)
        // What was counted counts no more.
        keeper.recorded(9)
        #expect(await keeper.ask { $0.end } == 3)
        #expect(journal.now.endCount == 5)
        await close(keeper)
    }

    @Test("while a look is to come no other one is asked for")
    func oneLook() async throws {
        journal.start(names(0..<3))
        let keeper = try keeper(eventsMin: 10)
        #expect(await keeper.ask { $0.end } == 3)
        let (entered, leaves) = (Gate(), Gate())
        async let held: Void? = keeper.ask { _ in
            entered.open()
            leaves.wait()
        }
        await entered.waited()
        for _ in 0..<5 { keeper.recorded(10) }
        leaves.open()
        _ = await held
        #expect(await keeper.ask { $0.end } == 3)
        // Of three that asked, and of one look.
        #expect(journal.now.endCount == 4)
        await close(keeper)
    }

    // MARK: Faults

    @Test("what fails is made anew, told of, and given up after three times in a row")
    func failures() async throws {
        journal.start(names(0..<3))
        let keeper = try keeper()
        for count in 0..<3 {
            journal.change { $0.faults = .init(repeating: ScriptedJournal.Fault(), count: count) }
            journal.start(["more\(count)"])
            #expect(await keeper.ask { $0.runs.count } == 4 + count)
        }
        #expect(faults.all.count == 3)
        journal.change { $0.faults = .init(repeating: ScriptedJournal.Fault(), count: 3) }
        journal.start(["last"])
        #expect(await keeper.ask { $0.end } == nil)
        #expect(faults.all.count == 6)
        // For good.
        let scanCount = journal.now.scans.count
        #expect(await keeper.ask { $0.end } == nil && journal.now.scans.count == scanCount)
        await close(keeper)
    }

    @Test("what is damaged is so the next time, and what was forgotten meanwhile is not told of")
    func kinds() async throws {
        journal.start(names(0..<3))
        let keeper = try keeper()
        journal.change { $0.faults = .init(repeating: ScanStopped(), count: 7) }
        #expect(await keeper.ask { $0.end } == 3 && faults.all.isEmpty)
        #expect(journal.now.scans.count == 8)
        journal.start(["more"])
        journal.change { $0.faults = .init(repeating: ScanStopped(), count: 8) }
        #expect(await keeper.ask { $0.end } == nil && faults.all.isEmpty)
        #expect(await keeper.ask { $0.end } == 4)
        journal.start(["most"])
        journal.change {
            $0.faults = [WorkflowError.damaged(workflowID: "w", .malformed("it"))]
        }
        let scanCount = journal.now.scans.count
        #expect(await keeper.ask { $0.end } == nil && faults.all.count == 1)
        #expect(journal.now.scans.count == scanCount + 1)
        await close(keeper)
    }

    @Test(
        "a keeper that is closed while it reads stops, and tells nobody", arguments: [true, false])
    func closedWhileReading(isStopped: Bool) async throws {
        journal.start(names(0..<3))
        let keeper = try keeper()
        let entered = Gate()
        journal.change {
            // It notices that it is to stop, in time or too late.
            $0.beforeScan = { scanner in
                entered.open()
                while scanner.goesOn() {}
            }
            if !isStopped { $0.faults = [ScriptedJournal.Fault()] }
        }
        async let answer = keeper.ask { $0.end }
        await entered.waited()
        await close(keeper)
        #expect(await answer == nil)
        #expect(journal.now.scans.count == 1 && faults.all.isEmpty)
    }

    @Test("more than a table remembers is of no use, and is never written")
    func overfull() async throws {
        let keeper = try keeper(eventsMin: 1)
        journal.start(["w"])
        #expect(await keeper.ask { $0.end } == 1)
        journal.start(names(0..<Projection.typesMax)) { $0 }
        #expect(await keeper.ask { $0.end } == nil)
        keeper.recorded(1)
        #expect(await keeper.ask { $0.end } == nil)
        await close(keeper)
        #expect(journal.now.writeCount == 0)
    }
}
