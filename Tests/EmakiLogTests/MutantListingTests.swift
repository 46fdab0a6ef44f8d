import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a page of streams shows, and which clock is believed.
@Suite struct MutantListingTests {
    @Test("streams of snapshots are shown to who asks for them by their mark, and to nobody else")
    func snapshots() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(0), to: "a")
        #expect(try !log.holdsSnapshots())
        try await log.saveSnapshot([1], of: "a", at: 1)
        #expect(try log.holdsSnapshots())
        #expect(try log.streams().map(\.stream) == ["a"])
        try await log.seal(all: true)
        await passed { log.statistics.eventsInMemory == 0 }
        #expect(try log.holdsSnapshots())
        #expect(try log.streams().map(\.stream) == ["a"])
        await log.close()
    }

    @Test("a page of no streams has none, and is not looked for in files")
    func nothing() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        for limit in [0, 1] {
            var listing = StreamListing(prefix: [], after: nil, limit: limit)
            harness.files.resetCounts()
            let found = try listing.merged(with: harness.core.sealed) { $0(harness.core) }
            #expect(found.count == limit)
        }
    }

    @Test("where the latest instant that is believed is beyond all numbers, every clock is")
    func clocks() throws {
        func believed(_ now: Int64, _ newest: Int64, trusting: Bool = false) -> Int64? {
            try? Committer.believed(
                now: now, newest: newest, openFor: 10, trustingClock: trusting)
        }
        let leap = Committer.leapMax + 10
        #expect(believed(leap + 5, 5) == leap + 5)
        #expect(believed(leap + 6, 5) == nil)
        #expect(believed(leap + 6, 5, trusting: true) == leap + 6)
        #expect(believed(.max, .max - leap) == .max)
        #expect(believed(.max, .max - leap + 1) == .max)
        #expect(believed(5, .max) == 5)
    }
}
