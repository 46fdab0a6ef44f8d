import EmakiLog
import Testing

@testable import EmakiSimulation

/// The reference must notice every false answer: each test gives it one.
@Suite struct ReferenceLogTests {
    private static func id(_ number: UInt64) -> EventID { EventID(low: number, high: 1) }

    private static func part(
        _ stream: StreamID, _ ids: [UInt64], _ expecting: ExpectedVersion, payload: [UInt8] = [1]
    ) -> StreamAppend {
        StreamAppend(
            to: stream, ids.map { Event(type: "T", payload: payload, id: id($0)) },
            expecting: expecting)
    }

    /// Stream a with two acknowledged events and a staged one; stream b with a staged one.
    private static func log() throws -> ReferenceLog {
        var log = ReferenceLog()
        try log.take(
            .staged(0..<2, versions: [2]), to: [part("a", [1, 2], .noStream)])
        log.beginGroup()
        log.finishGroup()
        try log.take(.staged(2..<3, versions: [3]), to: [part("a", [3], .version(2))])
        try log.take(.staged(3..<4, versions: [1]), to: [part("b", [4], .anything)])
        return log
    }

    private static func promise(
        _ answer: OfferedBatch, to parts: [StreamAppend]
    ) throws -> Promise? {
        var log = try log()
        do throws(Violation) {
            try log.take(answer, to: parts)
            return nil
        } catch {
            return error.promise
        }
    }

    @Test("true answers are taken")
    func trueAnswers() throws {
        #expect(
            try Self.promise(.staged(4..<5, versions: [4]), to: [Self.part("a", [5], .version(3))])
                == nil)
        #expect(
            try Self.promise(
                .repeated(0..<2, versions: [2]), to: [Self.part("a", [1, 2], .noStream)]) == nil)
        #expect(
            try Self.promise(
                .repeated(2..<4, versions: [3, 1]),
                to: [Self.part("a", [3], .version(2)), Self.part("b", [4], .noStream)]) == nil)
        #expect(
            try Self.promise(
                .refused(.versionConflict(stream: "a", actual: 3), after: 3),
                to: [Self.part("a", [9], .version(1))]) == nil)
        #expect(
            try Self.promise(
                .refused(.idReused(stream: "a", version: 2), after: 2),
                to: [Self.part("a", [2], .version(1), payload: [8])]) == nil)
        #expect(try Self.promise(.wait(.segment), to: [Self.part("a", [5], .version(3))]) == nil)
    }

    @Test("an append in spite of its expectation breaks D5")
    func expectations() throws {
        let staged = OfferedBatch.staged(4..<5, versions: [4])
        for expecting in [ExpectedVersion.noStream, .version(2), .version(4)] {
            #expect(
                try Self.promise(staged, to: [Self.part("a", [5], expecting)])
                    == .expectationsHold)
        }
        #expect(
            try Self.promise(
                .refused(.versionConflict(stream: "a", actual: 2), after: 3),
                to: [Self.part("a", [5], .version(1))]) == .expectationsHold)
        #expect(
            try Self.promise(
                .refused(.versionConflict(stream: "b", actual: 1), after: 4),
                to: [Self.part("a", [5], .version(1)), Self.part("b", [6], .noStream)])
                == .expectationsHold)
        #expect(
            try Self.promise(
                .refused(.versionConflict(stream: "a", actual: 3), after: 3),
                to: [Self.part("a", [5], .version(3))]) == .expectationsHold)
    }

    @Test("positions and versions that leave a gap or come twice break D3")
    func order() throws {
        let parts = [Self.part("a", [5], .version(3))]
        for positions in [3..<4, 5..<6, 4..<6] as [Range<Position>] {
            #expect(
                try Self.promise(.staged(positions, versions: [4]), to: parts) == .orderAndDensity)
        }
        #expect(try Self.promise(.staged(4..<5, versions: [5]), to: parts) == .orderAndDensity)
    }

    @Test("a repetition that is none, or is not known, breaks D6")
    func repetitions() throws {
        let repeated = OfferedBatch.repeated(0..<2, versions: [2])
        #expect(
            try Self.promise(repeated, to: [Self.part("a", [1, 2], .anything)])
                == .repetitionsAreKnown)
        #expect(
            try Self.promise(repeated, to: [Self.part("a", [1, 9], .noStream)])
                == .repetitionsAreKnown)
        #expect(
            try Self.promise(repeated, to: [Self.part("a", [1, 2], .noStream, payload: [7])])
                == .repetitionsAreKnown)
        #expect(
            try Self.promise(
                .repeated(1..<3, versions: [2]), to: [Self.part("a", [1, 2], .noStream)])
                == .repetitionsAreKnown)
        #expect(
            try Self.promise(
                .refused(.versionConflict(stream: "a", actual: 3), after: 3),
                to: [Self.part("a", [1, 2], .noStream)]) == .repetitionsAreKnown)
        #expect(
            try Self.promise(
                .refused(.idReused(stream: "a", version: 2), after: 2),
                to: [Self.part("a", [2], .version(1))]) == .repetitionsAreKnown)
    }

    @Test("a refusal before what it rests on is durable breaks D7")
    func refusals() throws {
        #expect(
            try Self.promise(
                .refused(.versionConflict(stream: "a", actual: 3), after: 2),
                to: [Self.part("a", [9], .version(1))]) == .refusalsRestOnDurable)
        #expect(
            try Self.promise(
                .refused(.idReused(stream: "b", version: 1), after: 3),
                to: [Self.part("b", [4], .noStream, payload: [9])]) == .refusalsRestOnDurable)
    }

    @Test("what was retired or never stored is forgotten, and versions go on")
    func retiring() throws {
        var log = try Self.log()
        log.beginGroup()
        log.finishGroup()
        log.beginRetiring(before: 2)
        log.retire(before: 2)
        #expect(log.first == 2)
        #expect(log.head(of: "a") == 3)
        log.retire(before: 3)
        #expect(log.head(of: "a") == 0)
        log.stage([Self.part("b", [7], .version(1))])
        #expect(log.head(of: "b") == 2)
        #expect(log.durableHead(of: "b") == 1)
        log.settle(end: 4, first: 3)
        #expect(log.head(of: "b") == 1)
        #expect(log.eventCount == 1)
    }
}
