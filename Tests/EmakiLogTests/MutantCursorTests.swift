import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a reader of one stream is handed where events were removed, retired, or lost, and how much
/// at once.
@Suite struct MutantCursorTests {
    /// Versions as they are handed over, those that are lost below zero; and the steps it took.
    private static func read(
        _ core: LogCore, backwards: Bool = false, from version: StreamVersion? = nil,
        limit: Int = 10, between: () throws -> Void = {}
    ) throws -> (versions: [Int], steps: Int) {
        var cursor = StreamCursor("a", from: version, backwards: backwards)
        var versions: [Int] = []
        var steps = 0
        while !cursor.isDone {
            let step = try cursor.step(limit: limit) { $0(core) }
            #expect(step.events.count <= limit)
            versions += step.events.map { Int($0.version.rawValue) }
            if let lost = step.lost { versions.append(-Int(lost.rawValue)) }
            steps += 1
            if steps == 1 { try between() }
        }
        return (versions, steps)
    }

    private static func harness(_ count: Int) throws -> CoreHarness {
        let harness = try CoreHarness()
        for number in 0..<count { try harness.append(to: "a", [[UInt8(number)]]) }
        return harness
    }

    private static func leave(_ harness: CoreHarness) throws {
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
    }

    private static func truncate(_ harness: CoreHarness, through version: UInt64) throws {
        guard
            case .staged = try harness.core.offerRemoval(of: "a", through: StreamVersion(version))
        else { throw HarnessError.repeated }
        try harness.core.commit(at: 1)
    }

    /// The next event of the stream has a later version: those before it are lost, and the index
    /// knows it, or has forgotten it.
    private static func lose(_ count: UInt64, _ harness: CoreHarness, isKnown: Bool) throws {
        let core = harness.core
        guard let slot = core.index.find("a") else { throw HarnessError.repeated }
        let next = StreamVersion(core.index.head(slot).rawValue + count + 1)
        if isKnown {
            let isLost = core.index.advance(
                slot, toBefore: next, mayStartLater: false, lostCountMax: count)
            #expect(isLost)
        } else {
            core.index.forgetIdle()
            core.index.learn("a", head: StreamVersion(next.rawValue - 1), keeping: 1)
        }
    }

    @Test("a reader that has all of a stream looks no further, and gets no more than it wants")
    func steps() throws {
        let harness = try Self.harness(5)
        #expect(try Self.read(harness.core) == ([1, 2, 3, 4, 5], 1))
        #expect(try Self.read(harness.core, limit: 2).versions == [1, 2, 3, 4, 5])
        try Self.leave(harness)
        #expect(try harness.core.seal())
        #expect(try Self.read(harness.core, limit: 2).versions == [1, 2, 3, 4, 5])
        #expect(try Self.read(harness.core, backwards: true, limit: 2).versions == [5, 4, 3, 2, 1])
        try harness.append(to: "a", [[6]])
        #expect(try Self.read(harness.core, limit: 2).versions == [1, 2, 3, 4, 5, 6])
        #expect(try Self.read(harness.core, backwards: true).versions == [6, 5, 4, 3, 2, 1])
        #expect(try Self.read(harness.core, from: 6) == ([6], 1))
        #expect(try Self.read(harness.core, from: 7) == ([], 1))
    }

    @Test("what is staged hides nothing of what is sealed")
    func staged() throws {
        let harness = try Self.harness(2)
        try Self.leave(harness)
        #expect(try harness.core.seal())
        try harness.stage([StreamAppend(to: "a", [Event(type: "T")])])
        #expect(try Self.read(harness.core).versions == [1, 2])
        #expect(try Self.read(harness.core, backwards: true).versions == [2, 1])
        try harness.commit()
        #expect(try Self.read(harness.core, backwards: true).versions == [3, 2, 1])
    }

    @Test("large events are handed over a few MiB at once")
    func bytesAtOnce() throws {
        let harness = try CoreHarness()
        let sample = try MergeSample(seed: 71)
        let file = try sample.files.open("sealed/large", OpenMode(.mustBeNew))
        let writer = try SealedFileWriter(
            file: file, storeID: SealedSample.storeID, number: 9, positions: 0..<8,
            lastGroup: 1, options: SealedFileWriter.Options())
        let events = (0..<8).map { number in
            SealedSample.Event(
                position: UInt64(number), version: UInt64(number) + 1, id: nil, type: "T",
                metadata: [], payload: [UInt8](repeating: UInt8(number), count: 1 << 20))
        }
        try SealedSample.write("a", events, to: writer)
        try writer.addGroup(at: 0, instant: 1)
        _ = try writer.finish()
        harness.core.sealed = SealedSet([try sample.open("sealed/large")])
        for backwards in [false, true] {
            var cursor = StreamCursor("a", from: nil, backwards: backwards)
            var counts: [Int] = []
            while !cursor.isDone {
                let step = try cursor.step(limit: 100) { $0(harness.core) }
                if !step.events.isEmpty { counts.append(step.events.count) }
            }
            #expect(counts.reduce(0, +) == 8)
            #expect(counts.allSatisfy { $0 <= SealedEventBuffer.byteCountMax >> 20 }, "\(counts)")
        }
    }

    @Test("what was lost in memory is told in its place, unless it was removed as well")
    func lostInMemory() throws {
        let harness = try Self.harness(2)
        try Self.lose(1, harness, isKnown: true)
        try harness.append(to: "a", [[4]])
        #expect(try Self.read(harness.core).versions == [1, 2, -3, 4])
        #expect(try Self.read(harness.core, backwards: true).versions == [4, -3, 2, 1])
        try Self.truncate(harness, through: 3)
        #expect(try Self.read(harness.core).versions == [4])
        #expect(try Self.read(harness.core, backwards: true).versions == [4])
        #expect(try Self.read(harness.core, backwards: true, from: 3).versions == [])
    }

    @Test("what was lost between sealed files and memory is told, and what is behind it read")
    func lostBetween() throws {
        let harness = try Self.harness(1)
        try Self.leave(harness)
        #expect(try harness.core.seal())
        try Self.lose(2, harness, isKnown: false)
        try harness.append(to: "a", [[4]])
        #expect(try Self.read(harness.core).versions == [1, -2, -3, 4])
        #expect(try Self.read(harness.core, backwards: true).versions == [4, -3, -2, 1])
    }

    @Test("what was retired before a reader came is not missed; what it had begun to read is")
    func retired() throws {
        let harness = try Self.harness(2)
        try Self.leave(harness)
        try harness.append(to: "a", [[3]])
        let began = try Self.read(harness.core, limit: 1) { try harness.retire(upTo: 1) }
        #expect(began.versions == [1, -2, 3])
        #expect(try Self.read(harness.core).versions == [3])
        #expect(try Self.read(harness.core, backwards: true).versions == [3])
    }

    @Test("what was removed is passed, and what is missing behind it was lost")
    func removedAndRetired() throws {
        let harness = try Self.harness(4)
        try Self.leave(harness)
        try Self.truncate(harness, through: 2)
        try harness.append(to: "a", [[5]])
        #expect(try Self.read(harness.core).versions == [3, 4, 5])
        try harness.core.retire(upTo: 1)
        #expect(try Self.read(harness.core).versions == [-3, -4, 5])
    }

    @Test("what is in a file that was left out is lost")
    func leftOut() throws {
        let harness = try Self.harness(2)
        try Self.leave(harness)
        #expect(try harness.core.seal())
        try harness.append(to: "a", [[3]])
        #expect(try Self.read(harness.core).versions == [1, 2, 3])
        // As a tolerant opening does.
        harness.core.sealed = .empty
        #expect(try Self.read(harness.core).versions == [-1, -2, 3])
    }

    @Test("who does not read the disk gets what is in memory, and is told of what is in files")
    func inMemory() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try harness.append(to: "a", [[1], [2]])
        func step(_ cursor: inout LogCursor) throws -> (end: Position?, versions: [UInt64]) {
            var events: [RecordedEvent] = []
            let end = try cursor.stepInMemory(into: &events) { $0(core) }
            return (end, events.map(\.version.rawValue))
        }
        var cursor = LogCursor(from: .start)
        var answer = try step(&cursor)
        #expect(answer.end == 2 && answer.versions == [1, 2])
        try core.prepareSegments()
        #expect(core.leaveSegment(core.activeNumber))
        #expect(try core.seal())
        try harness.append(to: "a", [[3]])
        answer = try step(&cursor)
        #expect(answer.end == 3 && answer.versions == [3] && cursor.next == 3)
        var other = LogCursor(from: .start)
        answer = try step(&other)
        #expect(answer.end == nil && answer.versions.isEmpty && other.next == 0)
    }
}
