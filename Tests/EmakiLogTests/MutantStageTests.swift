import EmakiPlatform
import Testing

@testable import EmakiLog

/// What becomes of a batch: each answer has its own reason.
@Suite struct MutantStageTests {
    private func part(
        _ stream: StreamID, _ ids: [UInt64], expecting: ExpectedVersion = .anything
    ) -> StreamAppend {
        StreamAppend(
            to: stream,
            ids.map { Event(type: "T", payload: [1], id: EventID(low: $0, high: 1)) },
            expecting: expecting)
    }

    private func refusal(_ outcome: StageOutcome) -> LogError? {
        if case .refused(let error, _) = outcome { return error }
        return nil
    }

    // MARK: Conflicts and repetitions

    @Test("a conflict names the stream that is not as expected, not one that is")
    func conflictingStream() throws {
        let harness = try CoreHarness()
        try harness.append([part("a", [1])])
        try harness.append([part("c", [2])])
        let outcome = try harness.outcome(of: [
            part("a", [3], expecting: .version(1)), part("b", [4], expecting: .noStream),
            part("c", [5], expecting: .version(7)),
        ])
        guard case .versionConflict(let stream, let actual) = refusal(outcome) else {
            Issue.record("\(outcome)")
            return
        }
        #expect(stream == "c")
        #expect(actual == 1)
    }

    @Test("events that were appended apart are no repetition of a batch that has them together")
    func scattered() throws {
        let harness = try CoreHarness()
        try harness.append([part("a", [1], expecting: .noStream)])
        try harness.append([part("b", [2])])
        try harness.append([part("a", [3], expecting: .version(1))])
        let together = try harness.outcome(of: [part("a", [1, 3], expecting: .noStream)])
        guard case .versionConflict(_, 2) = refusal(together) else {
            Issue.record("\(together)")
            return
        }
        guard
            case .repeated(let positions) = try harness.outcome(of: [
                part("a", [3], expecting: .version(1))
            ])
        else {
            Issue.record("the second is stored right there")
            return
        }
        #expect(positions == 2..<3)
    }

    @Test("an event at another version is no repetition, also when those before it were retired")
    func otherVersion() throws {
        let harness = try CoreHarness()
        try harness.core.prepareSegments()
        try harness.append([part("a", [1])])
        try harness.append(to: "a", [bytes(50_000)])
        try harness.append(to: "b", [bytes(40_000)])
        // The same event once more, at version 3, in the second segment.
        try harness.append([part("a", [1])])
        try harness.retire(upTo: 1)
        let outcome = try harness.outcome(of: [part("a", [1], expecting: .noStream)])
        guard case .versionConflict(_, 3) = refusal(outcome) else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test("after a failed write a batch whose parts were stored apart is no repetition")
    func apartAfterPoisoning() throws {
        let harness = try CoreHarness()
        let parts = [
            part("a", [1], expecting: .noStream), part("b", [2], expecting: .noStream),
        ]
        try harness.append([parts[0]])
        try harness.append([part("c", [3])])
        try harness.append([parts[1]])
        harness.core.poison()
        guard case .poisoned = refusal(try harness.outcome(of: parts)) else {
            Issue.record("they are not one behind the other")
            return
        }
        guard case .repeated(0..<1) = try harness.outcome(of: [parts[0]]) else {
            Issue.record("it is stored")
            return
        }
    }

    @Test("a version that a stream never had is a conflict at once, without a look at files")
    func beyondHead() throws {
        let harness = try CoreHarness()
        try harness.append([part("a", [1, 2])])
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        let outcome = try harness.outcome(of: [part("a", [3], expecting: .version(7))])
        guard case .versionConflict(stream: "a", actual: 2) = refusal(outcome) else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test("an event of another version is not the one that is sought, whatever its id")
    func onlyItsVersion() throws {
        let harness = try CoreHarness()
        try harness.append([part("a", [1, 2])])
        let source = MultiStreamBatch(parts: [part("a", [2], expecting: .noStream)])
        var match = try #require(SectionMatch(source, 0))
        let second = try #require(try harness.core.durableEvent(at: 1))
        let isWanted = match.take(second)
        #expect(!isWanted)
        guard case .notStored = match.result else {
            Issue.record("\(match.result)")
            return
        }
    }

    // MARK: Room

    /// A core whose segment is full and whose MANIFEST lists as many files as it may.
    private func fullCore() throws -> CoreHarness {
        let harness = try CoreHarness()
        let core = harness.core
        let listed = UInt32(core.manifest.segments.count)
        for index in listed..<UInt32(Limits.segmentCountMax) {
            core.manifest.segments.append(.init(number: 0, incarnation: .zero, fileIndex: index))
        }
        try harness.append(to: "a", [bytes(50_000)])
        return harness
    }

    private func offer(_ harness: CoreHarness) throws -> StageOutcome {
        try harness.outcome(of: [
            StreamAppend(to: "a", [Event(type: "T", payload: bytes(40_000))])
        ])
    }

    private func isWaiting(_ outcome: StageOutcome) -> Bool { outcome.waitReason == .segment }

    @Test("a batch is refused once no segment can come any more, and waits while one can")
    func outOfSegments() throws {
        let harness = try fullCore()
        let core = harness.core
        guard case .tooLarge(.segmentCount, _, _) = refusal(try offer(harness)) else {
            Issue.record("none can come")
            return
        }
        core.isPreparing = true
        #expect(isWaiting(try offer(harness)), "one is being made ready")
        core.isPreparing = false
        core.filesInPreparation = [SpareFile(fileIndex: 1)]
        #expect(isWaiting(try offer(harness)), "a listed file can be made ready")
        core.filesInPreparation = []
        core.manifest.segments.removeLast()
        #expect(isWaiting(try offer(harness)), "one more may be listed")
    }

    @Test("a batch waits for the group before it where a ready segment is left")
    func readySegment() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try core.prepareSegments()
        try harness.append(to: "a", [bytes(20_000)])
        try harness.stage([StreamAppend(to: "a", [Event(type: "T", payload: bytes(25_000))])])
        let listed = UInt32(core.manifest.segments.count)
        for index in listed..<UInt32(Limits.segmentCountMax) {
            core.manifest.segments.append(.init(number: 0, incarnation: .zero, fileIndex: index))
        }
        #expect(isWaiting(try offer(harness)), "the log rotates once the group is out")
        try harness.commit()
        guard case .staged = try offer(harness) else {
            Issue.record("it has rotated")
            return
        }
    }
}
