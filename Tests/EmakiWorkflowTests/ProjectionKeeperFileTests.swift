import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Which file a keeper takes for true, and when it writes one: over a journal that does what it is
/// told.
@Suite struct ProjectionKeeperFileTests {
    private let journal = ScriptedJournal()
    private let faults = ProjectionKeeperTests.Faults()

    private func keeper(
        eventsMin: UInt64? = .max, writes: Bool = true, endedMost: Int = Projection.remembered
    ) throws -> ProjectionKeeper {
        try #require(
            ProjectionKeeper(
                ScriptedStore(journal), observer: faults, writesCheckpoints: writes,
                endedMost: endedMost, eventsMin: eventsMin))
    }

    private func close(_ keeper: ProjectionKeeper) async {
        await SystemThread.offload(name: "closing") { keeper.close() }
    }

    private func names(_ range: Range<Int>) -> [String] { range.map { "w\($0)" } }

    /// The head that a file of the journal has, as it is.
    private func head(end: UInt64) throws -> ProjectionHead {
        let digests = try ProjectionFold.Digests(journal)
        return ProjectionHead(
            storeID: journal.storeID, end: end,
            witness: end > 0 ? try #require(try journal.witness(at: end - 1)) : 0,
            lossDigest: digests.losses, removalDigest: digests.removals)
    }

    /// Of a projection that has taken in all.
    private func file(_ head: ProjectionHead) throws -> [UInt8] {
        let fold = ProjectionFold(Projection(), try .init(journal), 0)
        try fold.read(from: journal) { true }
        journal.change { $0.scans = [] }
        var encoder = ProjectionEncoder(fold.projection.value, head, fileNumber: 3)
        var bytes: [UInt8] = []
        while let piece = encoder.next() { bytes += piece }
        return bytes
    }

    /// Where the file that is there ends.
    private func fileEnd() throws -> UInt64? {
        try checkpoint(in: ScriptedStore(journal))?.end
    }

    // MARK: Taking one

    @Test("a file is taken if it is this journal's as it is, and another one is as good as none")
    func whose() async throws {
        journal.start(names(0..<3))
        let whole = try head(end: 3)
        let changes: [(String, (inout ProjectionHead) -> Void)] = [
            ("another store's", { $0.storeID = "another" }),
            ("before a loss", { $0.lossDigest = 1 }),
            ("of another past", { $0.witness += 1 }),
            ("of nothing", { $0.end = 0 }),
            ("behind the end", { $0.end = 4 }),
            ("far behind the end", { $0.end = .max }),
        ]
        for (name, change) in changes {
            var other = whole
            change(&other)
            let bytes = try file(other)
            journal.change { $0.file = bytes }
            let keeper = try keeper()
            #expect(await keeper.ask { $0.runs.count } == 3, "\(name)")
            #expect(journal.now.scans == [0..<3], "\(name)")
            await close(keeper)
        }
        let bytes = try file(whole)
        journal.change { $0.file = bytes }
        journal.start(names(3..<5))
        let keeper = try keeper()
        #expect(await keeper.prepare() == 2 && journal.now.scans.isEmpty)
        #expect(await keeper.ask { $0.runs.count } == 5)
        #expect(journal.now.scans == [3..<5])
        await close(keeper)
        #expect(faults.all.isEmpty)
    }

    @Test("what was removed since is taken out of what a file says, and only that of the engine's")
    func removals() async throws {
        journal.start(names(0..<3))
        journal.change { $0.removals = [("other/x", 7)] }
        #expect(try ProjectionFold.Digests(journal).removals == 0)
        let bytes = try file(try head(end: 3))
        journal.change { $0.file = bytes }
        journal.change { $0.removals += [("run/w1/r", 1), ("run/w9/r", 1), ("workflow/w9", 2)] }
        #expect(try ProjectionFold.Digests(journal).removals != 0)
        let keeper = try keeper()
        #expect(
            await keeper.ask { $0.openRuns(of: ["w0", "w1", "w2"]).map(\.?.id) } == [
                "w0", nil, "w2",
            ])
        #expect(journal.now.scans.isEmpty)
        await close(keeper)
    }

    // MARK: Writing one

    @Test("nothing is written where nothing may be, or nobody wants it", arguments: [true, false])
    func onlyLooks(isWritable: Bool) async throws {
        journal.change { $0.isWritable = isWritable }
        journal.start(names(0..<3))
        let keeper = try keeper(eventsMin: 1, writes: !isWritable)
        #expect(await keeper.ask { $0.end } == 3)
        keeper.recorded(1)
        await close(keeper)
        #expect(journal.now.writeCount == 0)
    }

    @Test(
        "a file is written once there are so many events, the last one with all that there are",
        arguments: [(4, 5), (5, 5), (1_023, nil), (1_024, nil), (1, 1), (0, 0)]
            as [(Int, UInt64?)])
    func worthWhile(count: Int, eventsMin: UInt64?) async throws {
        let keeper = try keeper(eventsMin: eventsMin)
        let first = min(count, 1)
        journal.start(names(0..<first))
        #expect(await keeper.ask { $0.end } == UInt64(first))
        // It looks, whatever comes of that.
        keeper.recorded(5_000)
        #expect(await keeper.ask { $0.end } == UInt64(first))
        journal.start(names(first..<count))
        await close(keeper)
        let isWorthWhile = count > 0 && count >= Int(eventsMin ?? 1_024)
        #expect(try fileEnd() == (isWorthWhile ? UInt64(count) : nil))
        #expect((journal.now.writeCount > 0) == isWorthWhile)
    }

    @Test("the last file is written as a whole, however large it is, and once")
    func last() async throws {
        let keeper = try keeper(eventsMin: 1)
        // Beside the work of an engine it would take longer than there is.
        journal.start((1_000..<4_000).map { String(repeating: "w", count: 240) + "\($0)" })
        #expect(await keeper.ask { $0.end } == 3_000)
        await close(keeper)
        await close(keeper)
        #expect(try fileEnd() == 3_000 && journal.now.writeCount == 1)
    }

    @Test("while a file is written no other one is, and what comes meanwhile waits")
    func oneAtATime() async throws {
        let keeper = try keeper(eventsMin: 5)
        journal.start(names(0..<5))
        #expect(await keeper.ask { $0.end } == 5)
        let (entered, leaves) = (Gate(), Gate())
        journal.change {
            $0.beforeWriting = {
                entered.open()
                leaves.wait()
            }
        }
        keeper.recorded(5)
        await entered.waited()
        journal.start(names(5..<10))
        keeper.recorded(5)
        #expect(await keeper.ask { $0.end } == 10)
        leaves.open()
        // So the last one is not written.
        journal.change { $0.forgottenCount = 1 }
        await close(keeper)
        #expect(journal.now.writeCount == 1)
    }

    @Test(
        "once a stream was forgotten nothing is written, and all is read anew",
        arguments: [true, false])
    func forgotten(isClosed: Bool) async throws {
        let keeper = try keeper(eventsMin: 3)
        journal.start(names(0..<3))
        #expect(await keeper.ask { $0.end } == 3)
        journal.change { $0.forgottenCount = 1 }
        if !isClosed {
            keeper.recorded(3)
            #expect(await keeper.ask { $0.end } == 3)
            #expect(journal.now.scans == [0..<3, 0..<3])
            // What it knows now it may write, and what was forgotten since it may not.
            journal.change { $0.forgottenCount = 2 }
        }
        await close(keeper)
        #expect(journal.now.writeCount == 0)
    }

    // MARK: Counting anew

    /// A file that says how runs ended, and something was removed since.
    private func oldEndings() throws {
        journal.start(names(0..<3))
        let bytes = try file(try head(end: 3))
        journal.change {
            $0.file = bytes
            $0.removals = [("run/gone/r", 1)]
        }
    }

    @Test("endings are counted anew beside what is asked, and once")
    func countedOnce() async throws {
        try oldEndings()
        let (entered, leaves) = (Gate(), Gate())
        journal.change {
            $0.beforeScan = { _ in
                entered.open()
                leaves.wait()
            }
        }
        let keeper = try keeper(endedMost: 0)
        for _ in 0..<3 {
            #expect(await keeper.ask(needsEndings: true) { $0.hasOldEndings } == true)
        }
        await entered.waited()
        #expect(await keeper.ask(needsEndings: true) { $0.runs.count } == 3)
        leaves.open()
        while await keeper.ask({ $0.hasOldEndings }) == true { await Task.yield() }
        #expect(await keeper.ask(needsEndings: true) { $0.runs.count } == 3)
        await close(keeper)
        #expect(journal.now.scans == [0..<3] && faults.all.isEmpty)
    }

    @Test("nothing is counted anew where those that have ended are known one by one")
    func notCountedAnew() async throws {
        try oldEndings()
        let keeper = try keeper()
        #expect(await keeper.ask(needsEndings: true) { $0.hasOldEndings && $0.knowsEnded } == true)
        await close(keeper)
        #expect(journal.now.scans == [] && faults.all.isEmpty)
    }

    @Test("if they cannot be counted, that is told, and what was known stays")
    func notCounted() async throws {
        try oldEndings()
        let keeper = try keeper(endedMost: 0)
        #expect(await keeper.ask { $0.end } == 3)
        journal.change {
            $0.faults = [ScriptedJournal.Fault()]
            $0.file = nil
        }
        #expect(await keeper.ask(needsEndings: true) { $0.hasOldEndings } == true)
        await faults.first.waited()
        #expect(await keeper.ask { $0.hasOldEndings } == true)
        #expect(journal.now.scans == [0..<3])
        // It is tried again when somebody asks again.
        while await keeper.ask(needsEndings: true, { $0.hasOldEndings }) == true {
            await Task.yield()
        }
        await close(keeper)
        #expect(faults.all.count == 1)
    }
}
