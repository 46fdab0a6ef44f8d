import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a batch is told of events that lie in sealed files, and of the files themselves.
@Suite struct MutantAnswerTests {
    private static func part(
        _ stream: StreamID, _ ids: [UInt64], payload: UInt8 = 1,
        expecting: ExpectedVersion = .noStream
    ) -> StreamAppend {
        StreamAppend(
            to: stream,
            ids.map { Event(type: "T", payload: [payload], id: EventID(low: $0, high: 1)) },
            expecting: expecting)
    }

    /// A store of which the first two events of a stream are sealed; nothing else.
    private static func store() throws -> CoreHarness {
        let harness = try CoreHarness()
        try harness.append([part("a", [1, 2])])
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        return harness
    }

    /// The answer to a batch, with what lies in sealed files looked up.
    private static func answer(
        _ harness: CoreHarness, _ parts: [StreamAppend]
    ) throws -> StageOutcome {
        for _ in 0..<4 {
            let outcome = try harness.outcome(of: parts)
            guard case .lookUp(let question) = outcome else { return outcome }
            let batch = try MeasuredBatch(
                MultiStreamBatch(parts: parts), batchBytesMax: harness.core.store.batchBytesMax)
            let found = try SealedAnswer(batch: batch).find(question) { $0(harness.core) }
            if let found { return found.outcome }
        }
        throw HarnessError.stuck(.segment)
    }

    private static func refusal(_ outcome: StageOutcome) -> LogError? {
        if case .refused(let error, _) = outcome { return error }
        return nil
    }

    @Test(
        "a batch that is stored in a sealed file is a repetition, also when the stream went on",
        arguments: [false, true], [false, true])
    func sealedRepetition(goesOn: Bool, isReopened: Bool) throws {
        let harness = try Self.store()
        if goesOn { try harness.append([Self.part("a", [3], expecting: .version(2))]) }
        if isReopened {
            try harness.close()
            try harness.reopen()
        }
        let before = harness.core.counters
        guard case .repeated(let positions) = try Self.answer(harness, [Self.part("a", [1, 2])])
        else {
            Issue.record("both are stored right there")
            return
        }
        #expect(positions == 0..<2)
        #expect(harness.core.counters.repeats == before.repeats + 1)
        #expect(harness.core.counters.conflicts == before.conflicts)
    }

    @Test("an id that a sealed file has with other bytes is refused by its version, and counted")
    func sealedReuse() throws {
        let harness = try Self.store()
        let before = harness.core.counters
        let answer = try Self.answer(harness, [Self.part("a", [1, 2], payload: 9)])
        guard case .idReused(stream: "a", version: 1) = Self.refusal(answer) else {
            Issue.record("\(answer)")
            return
        }
        #expect(harness.core.counters.conflicts == before.conflicts + 1)
        #expect(harness.core.counters.repeats == before.repeats)
    }

    @Test(
        "a conflict names the version that only a sealed file knows", arguments: [false, true])
    func sealedHead(isReopened: Bool) throws {
        let harness = try Self.store()
        if isReopened {
            try harness.close()
            try harness.reopen()
        }
        for expecting in [ExpectedVersion.version(7), .noStream] {
            let answer = try Self.answer(
                harness, [Self.part("a", [5], expecting: expecting)])
            guard case .versionConflict(stream: "a", actual: 2) = Self.refusal(answer) else {
                Issue.record("\(answer)")
                continue
            }
        }
    }

    @Test(
        "what a removal takes away is no repetition, from the moment at which it is staged",
        arguments: [false, true])
    func removedIsNone(isReopened: Bool) throws {
        let harness = try Self.store()
        if isReopened {
            try harness.close()
            try harness.reopen()
            // Its head has to be known before it can be removed.
            _ = try Self.answer(harness, [Self.part("a", [5], expecting: .version(7))])
        }
        guard case .staged = try harness.core.offerRemoval(of: "a", through: 2) else {
            throw HarnessError.repeated
        }
        for _ in 0..<2 {
            let answer = try Self.answer(harness, [Self.part("a", [1, 2])])
            #expect(Self.refusal(answer) != nil, "\(answer)")
            // Once more when it is durable.
            try harness.core.commit(at: 1)
        }
    }

    private static func batch(
        _ harness: CoreHarness, _ parts: [StreamAppend]
    ) throws -> MeasuredBatch<MultiStreamBatch> {
        try MeasuredBatch(
            MultiStreamBatch(parts: parts), batchBytesMax: harness.core.store.batchBytesMax)
    }

    /// The answer to a batch of which sealed files are asked whether it is stored, after something
    /// happened since it was offered.
    private static func decide(
        _ harness: CoreHarness, _ parts: [StreamAppend], after happens: () throws -> Void
    ) throws -> StageOutcome? {
        guard case .lookUp(.isStored) = try harness.outcome(of: parts) else {
            throw HarnessError.repeated
        }
        try happens()
        let answer = SealedAnswer(batch: try batch(harness, parts))
        return try answer.find(.isStored(section: 0)) { $0(harness.core) }?.outcome
    }

    @Test("what is removed while sealed files are asked is no repetition")
    func removedMeanwhile() throws {
        let harness = try Self.store()
        let outcome = try Self.decide(harness, [Self.part("a", [1, 2])]) {
            guard case .staged = try harness.core.offerRemoval(of: "a", through: 2) else {
                throw HarnessError.repeated
            }
        }
        guard case .versionConflict(stream: "a", actual: 2) = outcome.flatMap(Self.refusal) else {
            Issue.record("\(String(describing: outcome))")
            return
        }
    }

    @Test("a batch whose stream was forgotten by memory while it was looked for is offered again")
    func forgottenMeanwhile() throws {
        let harness = try Self.store()
        let parts = [Self.part("a", [8], expecting: .version(1))]
        let outcome = try Self.decide(harness, parts) {
            harness.core.index.forgetIdle()
        }
        #expect(outcome == nil, "nobody knows the head now")
        let answer = try Self.answer(harness, parts)
        guard case .versionConflict(stream: "a", actual: 2) = Self.refusal(answer) else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test("heads are learned from the files of that moment, and else looked up once more")
    func otherFiles() throws {
        let harness = try Self.store()
        try harness.close()
        try harness.reopen()
        let core = harness.core
        let parts = [Self.part("a", [5], expecting: .version(7))]
        var lookCount = 0
        let found = try SealedAnswer(batch: Self.batch(harness, parts)).find(.head(section: 0)) {
            lookCount += 1
            // A file was made, or merged.
            if lookCount == 2 { core.sealed = SealedSet(core.sealed.files) }
            if lookCount == 3 { #expect(core.index.find("a") == nil) }
            $0(core)
        }
        #expect(found == nil)
        #expect(lookCount == 4)
        #expect(core.index.find("a").map { core.index.head($0) } == 2)
    }

    @Test("a log that was opened for reading, or is poisoned, plans no merge")
    func noMerge() throws {
        let harness = try Self.store()
        try harness.append([Self.part("b", [3])])
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        try harness.close()
        var reading = Configuration()
        reading.isReadOnly = true
        try harness.reopen(reading)
        #expect(harness.core.planMerging(all: true) == nil)
        try harness.reopen()
        harness.core.poison()
        #expect(harness.core.planMerging(all: true) == nil)
        try harness.reopen()
        #expect(harness.core.planMerging(all: true) != nil)
    }
}
