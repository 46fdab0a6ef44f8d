import EmakiPlatform
import Testing

@testable import EmakiWorkflow

/// What is kept of an open run, and what is read of an event for it: as values.
@Suite struct OpenRunTests {
    private func run(_ change: (inout OpenRun) -> Void = { _ in }) -> OpenRun {
        var run = OpenRun()
        change(&run)
        return run
    }

    @Test(
        "a run has work if anything of it has to be begun again, or if its code has to see events")
    func work() {
        #expect(!run().hasWork)
        let busy: [(inout OpenRun) -> Void] = [
            { $0.isInDoubt = true }, { $0.steps = 1 }, { $0.children = 1 }, { $0.messages = 1 },
        ]
        for (index, change) in busy.enumerated() {
            #expect(run(change).hasWork, "\(index)")
            // A pause keeps nobody from that.
            let paused = run {
                change(&$0)
                $0.pause = .requested
            }
            #expect(paused.hasWork, "\(index)")
        }
        #expect(run { $0.unseen = 1 }.hasWork)
        let quiet: [(inout OpenRun) -> Void] = [
            { $0.pause = .quarantined }, { $0.startsAt = 7 }, { $0.unseen = 0 },
        ]
        for (index, change) in quiet.enumerated() {
            let rests = run {
                $0.unseen = 1
                change(&$0)
            }
            #expect(!rests.hasWork, "\(index)")
        }
    }

    @Test("a run is due at its deadline, its timer, or its start, whichever comes first")
    func due() {
        #expect(run().due == .max)
        #expect(run { $0.deadline = 9 }.due == 9)
        #expect(
            run {
                $0.deadline = 9
                ($0.timerID, $0.timerAt) = (1, 5)
            }.due == 5)
        // There is no timer.
        #expect(run { $0.timerAt = 5 }.due == .max)
        func waiting(_ change: (inout OpenRun) -> Void = { _ in }) -> OpenRun {
            run {
                ($0.startsAt, $0.unseen, $0.deadline) = (3, 1, 9)
                change(&$0)
            }
        }
        #expect(waiting().due == 3)
        #expect(waiting { $0.unseen = 0 }.due == 9)
        #expect(waiting { $0.pause = .requested }.due == 9)
        #expect(waiting { $0.startsAt = 0 }.due == 9)
    }

    @Test("a run rests by its pause, or by a compensation that gave up, and a quarantine is shown")
    func states() {
        #expect(run().state == .open && !run().isResting)
        let pauses: [(OpenRun.Pause, Projection.State)] = [
            (.none, .open), (.requested, .paused), (.taskFailures, .paused),
            (.quarantined, .quarantined),
        ]
        for (pause, state) in pauses {
            #expect(run { $0.pause = pause }.state == state, "\(pause)")
            #expect(run { $0.pause = pause }.isResting == (pause != .none), "\(pause)")
        }
        let stuck = run { $0.stuck = 1 }
        #expect(stuck.isResting && stuck.state == .paused)
        let both = run { ($0.stuck, $0.pause) = (1, .quarantined) }
        #expect(both.state == .quarantined)
    }

    // MARK: Events

    /// Numbers of an event that is well made, with some of them changed.
    private func glance(
        _ kind: EventKind = .timerStarted, id: UInt64 = 2, time: Int64 = 5, changing field: UInt64,
        to value: UInt64
    ) -> HistoryGlance? {
        var numbers: [UInt64: UInt64] = [
            CommonField.kind: kind.rawValue, CommonField.id: id, CommonField.time: zigzag(time),
            EventField.subject: 1, RunStart.Field.copiedAhead: 1,
        ]
        numbers[field] = value
        var fields = FieldWriter()
        for (field, number) in numbers.sorted(by: { $0.key < $1.key }) { fields.put(field, number) }
        return fields.bytes.withRawSpan { HistoryGlance($0) }
    }

    private func zigzag(_ number: Int64) -> UInt64 {
        UInt64(bitPattern: number << 1 ^ number >> 63)
    }

    @Test("an event of numbers that no event has makes no sense: each number one too far")
    func glances() {
        let most = UInt64(Int32.max)
        let good: [(UInt64, UInt64)] = [
            (CommonField.kind, 1), (CommonField.id, 1), (CommonField.id, most),
            (CommonField.time, zigzag(0)), (CommonField.time, zigzag(.max / 2)),
            (EventField.subject, 0), (EventField.subject, most),
            (RunStart.Field.copiedAhead, 0), (RunStart.Field.copiedAhead, most),
        ]
        for (field, value) in good {
            #expect(glance(changing: field, to: value) != nil, "field \(field): \(value)")
        }
        let bad: [(UInt64, UInt64)] = [
            (CommonField.kind, 0), (CommonField.id, 0), (CommonField.id, most + 1),
            (CommonField.time, zigzag(-1)), (CommonField.time, zigzag(.max / 2 + 1)),
            (EventField.subject, most + 1), (RunStart.Field.copiedAhead, most + 1),
        ]
        for (field, value) in bad {
            #expect(glance(changing: field, to: value) == nil, "field \(field): \(value)")
        }
    }

    @Test("bytes that end within a field make no sense, and a text is no number")
    func fields() throws {
        var fields = FieldWriter()
        fields.put(CommonField.kind, EventKind.timerStarted.rawValue)
        fields.put(CommonField.id, 2)
        fields.put(CommonField.time, signed: 5)
        let known = fields.bytes
        #expect(known.withRawSpan { HistoryGlance($0) } != nil)
        fields.put(EventField.subject, "text")
        fields.put(EventField.instant, signed: 300)
        let bytes = fields.bytes
        let glance = try #require(bytes.withRawSpan { HistoryGlance($0) })
        #expect(glance.subject == 0 && glance.instant == 300 && glance.time == 5)
        for count in known.count + 1..<bytes.count {
            let cut = Array(bytes[..<count])
            // Behind the text all is whole again.
            let isWhole = count == known.count + 1 + 1 + 4
            #expect(cut.withRawSpan { HistoryGlance($0) } == nil || isWhole, "cut at \(count)")
        }
        // A number that does not end, and a text that is longer than what is left.
        for tail in [[UInt8](repeating: 0x80, count: 11), [0x20, 0x80], [0x21, 9, 0x41]] {
            #expect((known + tail).withRawSpan { HistoryGlance($0) } == nil, "\(tail)")
        }
    }

    @Test("a record without a kind that is known, or without a run, makes no sense")
    func records() {
        func glance(kind: UInt64?, run: String) -> IDRecordGlance? {
            var fields = FieldWriter()
            if let kind { fields.put(IDRecord.Field.kind, kind) }
            fields.put(IDRecord.Field.runID, run)
            return fields.bytes.withRawSpan { IDRecordGlance($0) }
        }
        let kind = IDRecord.Kind.opened.rawValue
        #expect(glance(kind: kind, run: "r")?.kind == .opened)
        #expect(glance(kind: kind, run: "") == nil)
        #expect(glance(kind: nil, run: "r") == nil)
        #expect(glance(kind: 9_999, run: "r") == nil)
        #expect([0x80 as UInt8].withRawSpan { IDRecordGlance($0) } == nil)
    }

    @Test("events that do not follow one another leave a run in doubt")
    func order() throws {
        var run = run { ($0.eventCount, $0.steps) = (1, 1) }
        let next = try #require(glance(changing: EventField.subject, to: 1))
        #expect(run.apply(next) && !run.isInDoubt && run.eventCount == 2)
        #expect(run.apply(next) && run.isInDoubt)
    }

    // MARK: What an engine has to do

    @Test("an engine has nothing to do once both lists are empty", arguments: 0...2, 0...2)
    func knownWork(workCount: Int, overdueCount: Int) {
        let work = (0..<workCount).map { "w\($0)" }
        let overdue = (0..<overdueCount).map {
            ProjectionFindings.Sleeper(workflowID: "s\($0)", due: Int64($0))
        }
        var known = KnownWork(work: work[...], overdue: overdue[...])
        var (seenWork, seenOverdue): ([String], [String]) = ([], [])
        var turns = 0
        while !known.isEmpty, turns < 10 {
            turns += 1
            let next = known.next(1)
            seenWork += next.work
            seenOverdue += next.overdue
        }
        #expect(turns == max(workCount, overdueCount))
        #expect(seenWork == work && seenOverdue == overdue.map(\.workflowID))
    }
}
