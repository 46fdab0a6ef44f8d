import EmakiPlatform
import Testing

@testable import EmakiLog

/// Which event or removal may follow which, as a frame is checked before it is added.
@Suite struct MutantVersionTests {
    /// Sections of one event each, in an image of their own.
    private struct Events {
        let image: PageMemory
        private var next = 0

        init() throws { image = try PageMemory(byteCount: 4096) }

        mutating func add(
            _ stream: StreamID, _ version: UInt64
        ) -> (record: EventRecord, section: SectionHeader) {
            let section = next
            let offset = SectionHeader.encode(
                stream, eventCount: 1, frame: 0, into: image, at: section)
            next = EventRecord.encode(
                Event(type: "T"), version: StreamVersion(version), section: section, into: image,
                at: offset)
            return (EventRecord(in: image, at: offset), SectionHeader(in: image, at: section))
        }
    }

    /// What a check answers to versions of streams, one after the other.
    private static func answers(
        _ steps: [(StreamID, UInt64)], mayStartLater: Bool = false, lost: UInt64 = 0,
        removing: Set<Int> = []
    ) throws -> [Bool] {
        var events = try Events()
        let index = LogIndex(startingAt: 0)
        var check = VersionCheck(mayStartLater: mayStartLater, lostCount: lost)
        var answers: [Bool] = []
        for (number, step) in steps.enumerated() {
            if removing.contains(number) {
                let record = RemovalRecord(
                    .truncate, of: step.0, through: StreamVersion(step.1))
                answers.append(check.accepts(record, after: index))
            } else {
                let (record, section) = events.add(step.0, step.1)
                answers.append(check.accepts(record, of: section, after: index))
            }
        }
        return answers
    }

    @Test("an event has the next version, or a later one if so many are lost")
    func events() throws {
        #expect(try Self.answers([("a", 1), ("a", 2)]) == [true, true])
        #expect(try Self.answers([("a", 0)], lost: 9) == [false])
        #expect(try Self.answers([("a", 1), ("a", 1)], lost: 9) == [true, false])
        #expect(try Self.answers([("a", 2), ("a", 1)], lost: 9) == [true, false])
        #expect(try Self.answers([("a", 2)]) == [false])
        #expect(try Self.answers([("a", 3)], lost: 2) == [true])
        #expect(try Self.answers([("a", 3)], lost: 1) == [false])
        // What is missing in one stream is not missing in another.
        #expect(try Self.answers([("a", 3), ("b", 2)], lost: 2) == [true, false])
        #expect(try Self.answers([("a", 3), ("b", 2)], lost: 3) == [true, true])
        let most = FrameHeader.positionMax
        #expect(try Self.answers([("a", most), ("b", most + 1)], lost: .max) == [true, false])
    }

    @Test("a stream of which nothing is here may start later where events were retired")
    func retired() throws {
        #expect(
            try Self.answers([("a", 7), ("a", 8), ("a", 10)], mayStartLater: true)
                == [true, true, false])
        let count = VersionCheck.missingCount
        #expect(count(7, .none, true) == 0)
        #expect(count(7, .none, false) == 6)
        #expect(count(7, 2, true) == 4)
        #expect(count(3, 2, false) == 0)
    }

    @Test("a removal names a version that the stream had, or one that is lost")
    func removals() throws {
        func answers(
            _ version: UInt64, mayStartLater: Bool = false, lost: UInt64 = 0, then next: UInt64
        ) throws -> [Bool] {
            try Self.answers(
                [("a", version), ("a", next)], mayStartLater: mayStartLater, lost: lost,
                removing: [0])
        }
        #expect(try answers(1, then: 1) == [false, true])
        #expect(try answers(1, lost: 1, then: 2) == [true, true])
        #expect(try answers(1, lost: 1, then: 1) == [true, false])
        // Of a stream of which nothing is here the sealed files know.
        #expect(try answers(9, mayStartLater: true, then: 4) == [true, true])
        // The frame itself has brought the stream here.
        for (through, isThere) in [(6, true), (7, true), (8, false)] as [(UInt64, Bool)] {
            #expect(
                try Self.answers(
                    [("a", 7), ("a", through), ("a", 8)], mayStartLater: true, removing: [1])
                    == [true, isThere, true])
        }
    }
}
