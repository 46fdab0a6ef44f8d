import EmakiLog
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Histories as lines, and what is drawn of one.
@Suite struct ExportTests {
    private func history(_ id: String) async throws -> [HistoryEvent] {
        let world = World()
        let engine = try await makeEngine(
            [AccountTransfer.self],
            [Debit(world: world), Credit(world: world), Refund(world: world)])
        defer { engine.close() }
        let handle = try await engine.start(AccountTransfer.self, id: id, Transfer(amount: 7))
        _ = try await handle.result()
        return try await handle.history()
    }

    private func lines(_ id: String, _ history: [HistoryEvent]) throws -> [String] {
        try history.map { event in
            let stored = event.stored()
            return try HistoryExport.line(
                id, "run", event.id,
                HistoryPage.Stored(metadata: stored.metadata, payload: stored.payload)
            ).text
        }
    }

    @Test("histories as lines come back as they were, one after the other")
    func roundTrip() async throws {
        let (one, two) = (try await history("a"), try await history("b"))
        let text = try (lines("a", one) + [""] + lines("b", two) + lines("a", one))
            .joined(separator: "\n")
        #expect(try HistoryExport.histories(ofLines: text.utf8) == [one, two, one])
        #expect(try HistoryExport.histories(ofLines: "\r\n".utf8) == [])
        let count = try Replayer(workflows: [AccountTransfer.self])
            .checkAll(exportedLines: text.utf8)
        #expect(count == 3)
    }

    @Test("lines that make no sense are named, and those that do not follow")
    func malformed() async throws {
        let history = try await history("a")
        let good = try lines("a", history)
        for (text, part) in [
            ("{", "line 1 is no JSON"), ("\n[]", "line 2 has no event"),
            ("{}", "line 1 has no event"),
            (#"{"fields":"%"}"#, "line 1 has no event"), (#"{"fields":7}"#, "line 1 has no event"),
            (#"{"fields":"AAAA"}"#, "malformed"), (good[1], "expected: 1, found: 2"),
            (good[0] + "\n" + good[2], "expected: 2, found: 3"),
        ] {
            do {
                _ = try HistoryExport.histories(ofLines: text.utf8)
                Issue.record("\(text) was read")
            } catch {
                #expect("\(error)".contains(part), "\(text): \(error)")
            }
        }
        // A history that is cut anywhere is refused or read as far as it goes; nothing traps.
        let text = Array(good.joined(separator: "\n").utf8)
        for count in 0..<text.count {
            let read = try? HistoryExport.histories(ofLines: text[..<count])
            #expect(read?.first.map { history.starts(with: $0) } ?? true, "cut at \(count)")
        }
        let stored = history[1].stored()
        #expect(throws: HistoryError.disordered(expected: 3, found: 2)) {
            try HistoryExport.line(
                "a", "run", 3,
                HistoryPage.Stored(metadata: stored.metadata, payload: stored.payload))
        }
    }

    // MARK: What is drawn

    private func event(
        _ id: Int, at time: Int64, _ body: HistoryEvent.Body
    ) -> HistoryEvent { HistoryEvent(id: id, time: time * 1_000, commandCount: nil, body: body) }

    private func step(_ queue: String) -> HistoryEvent.Body {
        var options = ActivityOptions(startToClose: .seconds(1))
        options.queue = queue
        return .stepScheduled(
            StepSchedule(
                key: "S", kind: .activity, name: "S", options: options, inputHash: 0,
                compensation: nil,
                compensates: nil, input: .empty))
    }

    @Test("what a step took is told apart: commit, queue, running, sleeping, outside")
    func spans() {
        let failure = Failure(.application, type: "T", message: "m")
        let history = [
            event(2, at: 100, step("named")),
            event(3, at: 160, .attemptHandedOver(step: 2, attempt: 1, by: 1)),
            event(4, at: 200, .attemptFailed(step: 2, attempt: 1, failure, retryAt: 500_000)),
            event(5, at: 500, .attemptStarted(step: 2, attempt: 2)),
            event(6, at: 520, .attemptBegan(step: 2, attempt: 2, by: 1)),
            event(7, at: 600, .attemptHandedOver(step: 2, attempt: 2, by: 1)),
            event(8, at: 900, .stepCompleted(step: 2, attempt: 2, .empty)),
        ]
        let timeline = RunTimeline(
            history, commits: [2: 110_000, 5: 505_000, 8: 930_000, 3: 10_000_000_000_000])
        let spans = timeline.rows[0].spans.map { span in
            "\(span.kind) \(span.from / 1_000)-\(span.to.map { $0 / 1_000 } ?? -1)"
        }
        #expect(
            spans == [
                "commit 100-110", "queue 110-160", "running 160-200", "sleeping 200-500",
                "commit 500-505", "queue 505-520", "running 520-600", "outside 600-900",
                "commit 900-930",
            ])
        let spent = timeline.spent.text
        #expect(
            spent == #"{"running":120,"queue":65,"sleeping":300,"outside":300,"commit":45}"#)
        // Where beginnings are not recorded, waiting is part of running.
        let plain = RunTimeline([event(2, at: 1, step(ActivityOptions.defaultQueue))])
        #expect(plain.rows[0].spans == [RunTimeline.Span(kind: .running, from: 1_000)])
    }
}
