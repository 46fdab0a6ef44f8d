import EmakiPlatform
import Testing

@testable import EmakiLog

/// Sealing by the core alone: what a reader sees does not change, whatever goes wrong.
@Suite struct CoreSealingTests {
    private static func event(_ number: UInt64, _ byteCount: Int = 40) -> Event {
        Event(
            type: "T\(number % 3)",
            payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: byteCount),
            metadata: number % 4 == 0 ? [1, 2] : [],
            id: number % 2 == 0 ? EventID(low: number, high: 7) : nil)
    }

    private static func tiny(_ heads: Int = 1) -> Configuration {
        var configuration = Configuration()
        configuration.cachedHeadsMax = heads
        return configuration
    }

    /// Fills segments with events of a few streams.
    private static func fill(
        _ harness: CoreHarness, segments: Int, streams: Int, seed: UInt64
    ) throws {
        let random = SeededEntropy(seed: seed)
        let target = harness.core.counters.rotations + UInt64(segments)
        var number = UInt64(harness.model.events.count) + seed << 32
        while harness.core.counters.rotations < target {
            let stream = try StreamID("s\(random.below(streams))")
            number += 1
            try harness.append([
                StreamAppend(to: stream, [event(number, random.below(9_000))])
            ])
        }
    }

    @Test("what was sealed reads as before, in every order, also once reopened", arguments: 0..<4)
    func contentStays(seed: UInt64) throws {
        let harness = try CoreHarness(
            blockBytes: seed % 2 == 0 ? 512 : 4096, seed: seed, configuration: Self.tiny())
        for round in 0..<4 {
            try Self.fill(
                harness, segments: 2, streams: [2, 30, 300][round % 3],
                seed: seed * 100 + UInt64(round))
            #expect(try harness.core.seal(upTo: harness.core.active.number - 1))
            #expect(try harness.core.content() == harness.model)
            if round % 2 == 1 { try harness.reopen(Self.tiny()) }
            #expect(try harness.core.content() == harness.model)
        }
        #expect(harness.core.sealed.files.count == 4)
        #expect(harness.core.receipt.sealedFileCount >= 2)
        #expect(try harness.core.seal() == false)
    }

    @Test("expectations hold against versions that only sealed files know")
    func expectations() throws {
        let harness = try CoreHarness(configuration: Self.tiny())
        try harness.append([StreamAppend(to: "a", [Self.event(2), Self.event(4)])])
        try harness.append([StreamAppend(to: "b", [Self.event(6)])])
        try Self.fill(harness, segments: 1, streams: 5, seed: 9)
        #expect(try harness.core.seal())
        try harness.reopen(Self.tiny())
        func answer(_ stream: StreamID, _ event: Event, _ expected: ExpectedVersion) throws
            -> OfferedBatch
        { try harness.core.offer([StreamAppend(to: stream, [event], expecting: expected)]) }

        guard
            case .refused(.versionConflict("a", 2), _) = try answer(
                "a", Self.event(100), .noStream)
        else { return #expect(Bool(false), "a is at version 2") }
        guard
            case .refused(.versionConflict("b", 1), _) = try answer(
                "b", Self.event(100), .version(3))
        else { return #expect(Bool(false), "b is at version 1") }
        // A repetition of what was sealed, of one event and of the second of two.
        guard
            case .repeated(let positions, let versions) = try answer(
                "b", Self.event(6), .noStream)
        else { return #expect(Bool(false), "it was stored before") }
        #expect(positions == 2..<3 && versions == [1])
        guard case .repeated(1..<2, _) = try answer("a", Self.event(4), .version(1))
        else { return #expect(Bool(false), "it was stored before") }
        var other = Self.event(4)
        other.payload = [1]
        guard case .refused(.idReused("a", 2), _) = try answer("a", other, .version(1))
        else { return #expect(Bool(false), "the id is taken") }
        guard case .staged(_, let next) = try answer("a", Self.event(8), .version(2))
        else { return #expect(Bool(false), "a is at version 2") }
        #expect(next == [3])
        guard case .staged(_, let first) = try answer("new", Self.event(10), .noStream)
        else { return #expect(Bool(false), "there is no such stream") }
        #expect(first == [1])
        // A stream that is expected to be anything goes on behind what was sealed.
        guard case .staged(_, let more) = try answer("b", Self.event(12), .anything)
        else { return #expect(Bool(false), "anything goes") }
        #expect(more == [2])
    }

    @Test("after a failed write a repetition of what was sealed is still known")
    func poisoned() throws {
        let harness = try CoreHarness(configuration: Self.tiny())
        try harness.append([StreamAppend(to: "a", [Self.event(2)], expecting: .noStream)])
        try Self.fill(harness, segments: 1, streams: 5, seed: 9)
        #expect(try harness.core.seal())
        harness.core.poison()
        let again = try harness.core.offer([
            StreamAppend(to: "a", [Self.event(2)], expecting: .noStream)
        ])
        guard case .repeated(0..<1, _) = again else {
            return #expect(Bool(false), "it was stored before")
        }
        let other = try harness.core.offer([
            StreamAppend(to: "a", [Self.event(100)], expecting: .noStream)
        ])
        guard case .refused(.poisoned, _) = other else {
            return #expect(Bool(false), "nothing is stored any more")
        }
        #expect(throws: LogError.poisoned) { try harness.core.seal() }
    }

    @Test("a sealed file that is missing, or another one, is refused by name")
    func replaced() throws {
        let harness = try CoreHarness()
        try Self.fill(harness, segments: 1, streams: 5, seed: 1)
        #expect(try harness.core.seal())
        try Self.fill(harness, segments: 1, streams: 5, seed: 2)
        #expect(try harness.core.seal())
        let paths = harness.core.sealed.files.map(\.pages.path)
        #expect(paths == ["sealed/00000001", "sealed/00000002"])
        let sound = harness.files[paths[0]]

        harness.files[paths[0]] = harness.files[paths[1]]
        let swapped = #expect(throws: LogError.self) { _ = try openCore(harness.files) }
        guard case .corrupt(let corruption) = swapped else { return }
        #expect(corruption.file == paths[0] && corruption.reason == .outdated)

        try harness.files.remove(paths[0])
        let missing = #expect(throws: LogError.self) { _ = try openCore(harness.files) }
        guard case .corrupt(let absent) = missing else { return }
        #expect(absent.file == paths[0] && absent.reason == .missingFile)
        let tolerant = try openCore(harness.files, .readOnly(toleratingDamage: true))
        #expect(tolerant.receipt.damages.map(\.file) == [paths[0]])
        #expect(tolerant.sealed.files.count == 1)

        harness.files[paths[0]] = sound
        #expect(try openCore(harness.files).content() == harness.model)
    }

    @Test("a segment that rotted on the device is noticed, and sealed as it was in memory")
    func rotted() throws {
        let harness = try CoreHarness()
        try Self.fill(harness, segments: 1, streams: 5, seed: 1)
        let layout = harness.core.layout
        let path = harness.core.segments[0].path
        harness.files.edit(path) { $0[layout.framesOffset + 300] ^= 1 }
        #expect(try harness.core.seal())
        #expect(harness.core.counters.sealingDifferences == 1)
        #expect(try harness.core.content() == harness.model)
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
    }

    @Test("segments without an event leave no file") func marksOnly() throws {
        let harness = try CoreHarness()
        try harness.core.prepareSegments()
        let first = harness.core.active.number
        try harness.append([StreamAppend(to: "a", [Self.event(1)])])
        // The first segment has the event, the second only marks.
        for _ in 0..<64 where harness.core.active.number < first + 2 {
            try harness.core.mark(isClosing: false, at: 1)
            try harness.core.prepareSegments()
        }
        #expect(try harness.core.seal(upTo: first))
        #expect(try harness.core.seal())
        #expect(harness.core.sealed.files.count == 1)
        #expect(harness.core.manifest.anchorSegment == first + 1)
        try harness.reopen()
        #expect(try harness.core.content() == harness.model)
    }
}
