import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// What the shell decides, as values: who is woken, what the worker is asked for, and what follows
/// from a failure. A wake too many costs time, one too few leaves somebody asleep for ever.
@Suite struct MutantChoiceTests {
    // MARK: Waking

    @Test("the loop is woken if it rests and has something to do, while nobody has the lease")
    func loop() {
        func needs(
            _ queue: CommitQueue, isResting: Bool = true, group: Bool = false, led: Bool = false,
            mark: Bool = false
        ) -> Bool {
            queue.needsLoop(
                isResting: isResting, hasStaged: group, isLeaderCalled: led, wantsMark: mark)
        }
        var queue = CommitQueue(idleMarkDelay: 20)
        #expect(!needs(queue))
        #expect(needs(queue, group: true))
        #expect(!needs(queue, group: true, led: true), "a thread writes it")
        #expect(!needs(queue, isResting: false, group: true))
        // It has a time limit already, or none.
        #expect(queue.next(hasStaged: false, wantsMark: true, now: 1) == .rest(until: 20))
        #expect(!needs(queue, mark: true))
        #expect(queue.next(hasStaged: false, wantsMark: false, now: 1) == .rest(until: nil))
        #expect(needs(queue, mark: true))
        #expect(!needs(queue))
        queue.close()
        #expect(needs(queue))
        #expect(!needs(queue, isResting: false))
        let leads = queue.lead(hasStaged: true)
        #expect(leads)
        #expect(!needs(queue, group: true, mark: true))
    }

    @Test("no commit is due while nothing is staged and nobody writes") func idle() {
        var queue = CommitQueue(idleMarkDelay: 20)
        func turns(_ isAnswered: Bool, _ hasStaged: Bool) -> Int {
            queue.turnsToPass(isAnswered: isAnswered, hasStaged: hasStaged)
        }
        #expect(queue.isIdle(hasStaged: false))
        #expect(!queue.isIdle(hasStaged: true))
        #expect(turns(true, false) == 1)
        #expect(turns(false, false) == 0)
        #expect(turns(true, true) == 0)
        let leads = queue.lead(hasStaged: true)
        #expect(leads)
        #expect(!queue.isIdle(hasStaged: false))
        #expect(turns(true, false) == 0)
    }

    @Test("a thread is called to lead, and trusts the loop, by what the loop does")
    func leaders() {
        var traffic = CommitTraffic(queue: CommitQueue(idleMarkDelay: 20))
        #expect(!traffic.callsLeader(hasStaged: true))
        #expect(traffic.loopMayOverrun(isWriting: false))
        #expect(!traffic.loopMayOverrun(isWriting: true))
        traffic.isLoopResting = true
        #expect(traffic.callsLeader(hasStaged: true))
        #expect(!traffic.callsLeader(hasStaged: false))
        #expect(!traffic.loopMayOverrun(isWriting: false))
    }

    @Test("a segment is filled at once if somebody waits for it, or for the log to close")
    func pace() {
        #expect(!FillPace.isUrgent(readyCount: 1, isClosing: false))
        #expect(FillPace.isUrgent(readyCount: 0, isClosing: false))
        #expect(FillPace.isUrgent(readyCount: 1, isClosing: true))
    }

    // MARK: Segments

    @Test("the worker is asked for a segment ahead of need; after a failure for who lacks one")
    func wantedSegments() throws {
        let core = try CoreHarness().core
        #expect(core.wantsSegment())
        core.isPreparing = true
        #expect(!core.wantsSegment())
        #expect(!core.wantsSegment(for: .segment))
        core.isPreparing = false
        core.segmentFailure = .noSpace
        #expect(!core.wantsSegment())
        #expect(!core.wantsSegment(for: .groupBytes))
        #expect(core.wantsSegment(for: .segment))
        try core.prepareSegments()
        #expect(core.segmentFailure == nil)
        #expect(!core.wantsSegment())
        #expect(!core.wantsSegment(for: .segment), "it waits for the log to go on in one")
    }

    @Test("with a segment for events left, nobody is refused because another one failed")
    func segmentRefusals() throws {
        let core = try CoreHarness().core
        #expect(core.segmentRefusal == .noSpace)
        core.segmentFailure = .readOnly
        #expect(core.segmentRefusal == .readOnly)
        try core.prepareSegments()
        core.segmentFailure = .readOnly
        #expect(core.segmentRefusal == nil)
    }

    /// A log with one full segment, and so many ready ones.
    private static func rotated(ready: Int, limit: Int = 1) throws -> LogCore {
        var configuration = Configuration()
        configuration.readySegmentCount = ready + 1
        configuration.unsealedSegmentsMax = limit
        configuration.reserveBytes = 64 << 10
        let harness = try CoreHarness(configuration: configuration)
        try harness.core.prepareSegments()
        try harness.append(to: "a", [[1]])
        #expect(harness.core.rotateIfPossible())
        #expect(harness.core.readyCount == ready)
        return harness.core
    }

    @Test("who waits for a segment waits for sealing at the limit, with none for events left")
    func waitsForSealing() throws {
        for (ready, limit, error, waits) in [
            (0, 1, nil, true), (0, 2, nil, false), (1, 1, nil, false), (1, 1, .noSpace, true),
            (2, 1, .noSpace, false),
        ] as [(Int, Int, LogError?, Bool)] {
            let core = try Self.rotated(ready: ready, limit: limit)
            core.hasSealer = true
            core.sealingFailure = error
            #expect(core.waitsForSealing == waits, "\(ready) \(limit)")
        }
    }

    @Test("who leaves a segment waits for a group if there is another, or it is left by now")
    func staying() throws {
        let core = try Self.rotated(ready: 1)
        let number = core.activeNumber
        #expect(core.reasonToStay(in: number) == .groupBytes)
        let last = try Self.rotated(ready: 0)
        #expect(last.reasonToStay(in: last.activeNumber) == .segment)
        #expect(last.reasonToStay(in: last.activeNumber - 1) == .groupBytes)
    }

    // MARK: The reserve

    @Test("once the reserve is whole again who waits goes on, unless one is made for them next")
    func wholeReserve() throws {
        let core = try Self.rotated(ready: 1)
        #expect(core.noteRefill(failure: nil, isMergeAwaited: false) == nil, "no news")
        for (ready, isNews) in [(0, false), (1, true), (2, true)] {
            let core = try Self.rotated(ready: ready)
            #expect(try core.reserve.give(4_096, for: .manifest))
            core.noteReserve()
            try core.reserve.refill()
            core.reserveFailure = .noSpace
            let news = core.noteRefill(failure: nil, isMergeAwaited: false)
            #expect(news == (isNews ? .mayGoOn : nil), "\(ready)")
            #expect(core.reserveFailure == nil)
        }
        // None is left and none may be made: whoever waits finds out why.
        let full = try Self.rotated(ready: 0)
        #expect(try full.reserve.give(4_096, for: .manifest))
        full.noteReserve()
        try full.reserve.refill()
        full.hasSealer = true
        #expect(full.noteRefill(failure: nil, isMergeAwaited: false) == .mayGoOn)
    }

    @Test("while the reserve is short who waits is refused, with a last segment for removals")
    func shortReserve() throws {
        for (ready, isRefused) in [(0, false), (1, true), (2, false)] {
            let core = try Self.rotated(ready: ready)
            #expect(try core.reserve.give(4_096, for: .manifest))
            core.mergedBytesWithRoom = 5
            let news = core.noteRefill(
                failure: DiskError(.allocate, EIO), isMergeAwaited: false)
            let error = LogError(DiskError(.allocate, EIO), file: Reserve.name)
            #expect(news == (isRefused ? .refused(error) : nil), "\(ready)")
            #expect(core.reserveFailure == error)
            #expect(core.mergedBytesWithRoom == 5)
            _ = core.noteRefill(failure: nil, isMergeAwaited: false)
            #expect(core.reserveFailure == .noSpace)
            // A merge that is tried with less and less has given it back only for now.
            try core.reserve.refill()
            _ = core.noteRefill(failure: nil, isMergeAwaited: true)
            #expect(core.mergedBytesWithRoom == 5)
            _ = core.noteRefill(failure: nil, isMergeAwaited: false)
            #expect(core.mergedBytesWithRoom == nil)
        }
    }

    // MARK: Sealing and merging that failed

    @Test("sealing goes on for want of room with fewer segments, or with the reserve")
    func sealingFailures() {
        for (isRoom, count, drew, isAwaited, goesOn) in [
            (true, 2, true, true, true), (true, 2, false, false, true),
            (true, 1, false, true, true), (true, 1, true, true, false),
            (true, 1, false, false, false), (false, 2, false, true, false),
        ] {
            let failure = SealingFailure(
                isForWantOfRoom: isRoom, segmentCount: count, drewOnReserve: drew)
            #expect(failure.leavesHope(isAwaited: isAwaited) == goesOn, "\(failure)")
        }
    }

    @Test("what somebody waits for draws on the reserve, and what gives space back")
    func demand() {
        for (all, one) in [(false, false), (true, false), (false, true)] {
            let demand = MergeDemand(isOfAll: all, isOfOne: one)
            #expect(demand.isAny == (all || one))
            #expect(demand.drawsOnReserve(givesSpaceBack: false) == (all || one))
            #expect(demand.drawsOnReserve(givesSpaceBack: true))
            #expect(demand.isStuck(lacksRoom: false) == one)
            #expect(demand.isStuck(lacksRoom: true))
        }
    }

    @Test("a merge that failed is told to those it concerns, once nothing else can be tried")
    func mergeFailures() {
        func goesOn(
            all: Bool, one: Bool, room: Bool = true, count: Int = 1, wanted: Bool = false,
            drew: Bool = true
        ) -> Bool {
            MergeDemand(isOfAll: all, isOfOne: one).goesOn(
                after: .init(
                    isForWantOfRoom: room, inputCount: count, isOfWanted: wanted,
                    drewOnReserve: drew))
        }
        // For all that there is: with fewer files, with the reserve, or without a file that only
        // another one waits for.
        #expect(goesOn(all: true, one: true, count: 2, wanted: true))
        #expect(goesOn(all: true, one: true, wanted: true, drew: false))
        #expect(goesOn(all: true, one: false))
        #expect(!goesOn(all: true, one: true, wanted: true))
        #expect(!goesOn(all: true, one: true, room: false, count: 2, wanted: false, drew: false))
        // For a file: a failure of another one says nothing of it.
        #expect(goesOn(all: false, one: true, room: false))
        #expect(!goesOn(all: false, one: true, count: 2, wanted: true, drew: false))
        #expect(!goesOn(all: false, one: false, count: 2, drew: false))
    }
}
