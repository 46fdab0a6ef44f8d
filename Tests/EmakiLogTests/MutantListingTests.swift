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

    @Test("a page of no streams has none")
    func nothing() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        for limit in [0, 1] {
            var listing = StreamListing(prefix: [], after: nil, limit: limit)
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

    /// A core that has so many events of a stream.
    private static func core(_ count: Int, of stream: StreamID = "a") throws -> LogCore {
        let harness = try CoreHarness()
        for number in 0..<count { try harness.append(to: stream, [[UInt8(number)]]) }
        return harness.core
    }

    @Test("a stream that was met twice is shown once, at its newest version")
    func twice() throws {
        for versions in [[1, 2], [2, 1], [1, 3, 2], [3, 1, 2]] {
            var listing = StreamListing(prefix: [], after: nil, limit: 10)
            for version in versions { listing.add(0, of: try Self.core(version)) }
            listing.add(0, of: try Self.core(1, of: "b"))
            let found = try listing.merged(with: .empty) { _ in }
            #expect(found.map(\.id) == [[97], [98]])
            #expect(found.map(\.version) == [StreamVersion(UInt64(versions.max() ?? 0)), 1])
        }
    }

    @Test("of a sealed file those streams are shown that begin so, behind the last one")
    func prefixes() throws {
        let harness = try CoreHarness()
        for stream in ["ab", "b", "ba", "c"] as [StreamID] {
            try harness.append(to: stream, [[1]])
        }
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        harness.core.index.forgetIdle()
        for (prefix, after, names) in [
            ("", nil, ["ab", "b", "ba", "c"]), ("b", nil, ["b", "ba"]), ("bb", nil, []),
            ("d", nil, []), ("a", nil, ["ab"]), ("b", "b", ["ba"]), ("b", "ba", []), ("", "c", []),
            ("c", "c", []),
        ] as [(String, String?, [String])] {
            var listing = StreamListing(
                prefix: Array(prefix.utf8), after: after.map { Array($0.utf8) }, limit: 10)
            let found = try listing.merged(with: harness.core.sealed) { $0(harness.core) }
            let ids = found.map { String(decoding: $0.id, as: UTF8.self) }
            #expect(ids == names, "\(prefix) \(String(describing: after))")
        }
    }

    @Test("streams of snapshots, which come first, take no place on a page that does not show them")
    func hiddenFirst() throws {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1]])
        guard case .staged = try harness.core.offerSnapshot(of: "a", at: 1, [8]) else {
            throw HarnessError.repeated
        }
        try harness.core.commit(at: 1)
        var listing = StreamListing(prefix: [], after: nil, limit: 1)
        for slot in 0..<harness.core.index.slotCount { listing.add(slot, of: harness.core) }
        let found = try listing.merged(with: .empty) { $0(harness.core) }
        #expect(found.map(\.id) == [[97]])
    }
}
