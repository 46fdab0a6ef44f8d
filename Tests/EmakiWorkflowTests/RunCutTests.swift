import Testing

@testable import EmakiWorkflow

/// What of a history another run begins with: as values.
@Suite struct RunCutTests {
    private typealias Body = HistoryEvent.Body

    private func request(
        _ point: ResetPoint, isFork: Bool = false, now: Int64 = 1_000_000_000_000
    ) -> RunCut.Request {
        RunCut.Request(
            point: point, workflowID: isFork ? "v" : "w", runID: "n", requestID: "a",
            isFork: isFork, reappliesMessages: true, now: now)
    }

    /// Events of the cut behind those that were kept; all of it has to make sense.
    private func added(
        _ bodies: [Body], at point: Int, isFork: Bool = false
    ) throws -> [Body] {
        let history = HandMade.history(HandMade.start(), bodies)
        let cut = try RunCut(of: history, request(.event(point), isFork: isFork))
        _ = try RunMachine(history: cut.events)
        return cut.events.dropFirst(point - 1).map(\.body)
    }

    // MARK: What came after the point

    /// A step, a child and a message that are open at event 5.
    private static let open: [Body] = [
        HandMade.step("s"), HandMade.child("c"), HandMade.message("m"),
    ]
    private static let failure = Failure(.application, type: "t", message: "m")
    private static let after: [Body] = [
        .attemptHandedOver(step: 2, attempt: 1, by: 1), .heartbeat(step: 2, attempt: 1, .empty),
        .attemptFailed(step: 2, attempt: 1, failure, retryAt: nil),
        .stepCompleted(step: 2, attempt: 1, .empty), .stepFailed(step: 2, attempt: 1, failure),
        .childStarted(child: 3, runID: "k"), .childClosed(child: 3, .completed(.empty)),
        .messageAnswered(message: 4, nil),
    ]

    @Test(
        "what became of what was open counts for a run that takes the place, and not for a fork",
        arguments: 0..<8)
    func open(_ index: Int) throws {
        #expect(Self.after.count == 8)
        let body = Self.after[index]
        let bodies = Self.open + [body, HandMade.signal("late")]
        let reset = try added(bodies, at: 5)
        #expect(reset.starts(with: [body, HandMade.signal("late")]), "\(body)")
        let forked = try added(bodies, at: 5, isFork: true)
        #expect(forked.first == HandMade.signal("late") && !forked.contains(body), "\(body)")
    }

    @Test("what became of what was begun after the point is no business of the new run")
    func begunLater() throws {
        for body in Self.after {
            for isFork in [true, false] {
                let rest = try added(Self.open + [body], at: 2, isFork: isFork)
                #expect(rest.isEmpty, "\(body)")
            }
        }
        // What had an end at the point has none after it, and a child begins once.
        let ended: [Body] = [
            .stepCompleted(step: 2, attempt: 1, .empty), .childStarted(child: 3, runID: "k"),
            .messageAnswered(message: 4, nil),
        ]
        #expect(try added(Self.open + ended + Self.after, at: 8) == [Self.after[6]])
        // A step that was cancelled after the point would not have been.
        let cancelled = Body.stepFailed(
            step: 2, attempt: 1, Failure(.cancelled, type: "", message: ""))
        #expect(try !added(Self.open + [cancelled], at: 5).contains(cancelled))
    }

    @Test("an attempt that is under way is lost, one that has not begun goes on, and a pause ends")
    func goesOn() throws {
        func losses(_ bodies: [Body]) throws -> Int {
            try added(bodies, at: bodies.count + 2).count {
                if case .attemptFailed(_, _, let failure, _) = $0 {
                    failure.kind == .outcomeUnknown
                } else {
                    false
                }
            }
        }
        #expect(try losses([HandMade.step("s")]) == 1)
        #expect(try losses([HandMade.step("s", isGated: true)]) == 0)
        let begun = Body.attemptBegan(step: 2, attempt: 1, by: 1)
        #expect(try losses([HandMade.step("s", isGated: true), begun]) == 1)
        let waiting = Body.attemptFailed(step: 2, attempt: 1, Self.failure, retryAt: nil)
        #expect(try losses([HandMade.step("s"), waiting]) == 0)
        #expect(try added([.paused(.requested("p"))], at: 3) == [.resumed(.plain)])
        #expect(try added([.paused(.requested("p"))], at: 2).isEmpty)
    }

    @Test("requests to stop after the point had their effect in the run before, not in a fork")
    func requests() throws {
        let bodies: [Body] = [
            .cancelRequested(requestID: "early", reason: ""), HandMade.signal("s"),
            .cancelRequested(requestID: "late", reason: ""),
            .cancelRequested(requestID: "", reason: ""),
        ]
        let history = HandMade.history(HandMade.start { $0.earlierRequests = ["s:x"] }, bodies)
        let reset = try RunCut(of: history, request(.event(3)))
        #expect(reset.start.earlierRequests == ["s:x", "c:late"])
        let forked = try RunCut(of: history, request(.event(3), isFork: true))
        #expect(forked.start.earlierRequests == ["s:x"])
    }

    // MARK: Points

    @Test("a point is from the second event to the one behind the last, of a run that is open")
    func points() throws {
        let history = HandMade.history(
            HandMade.start(), [HandMade.signal("s"), HandMade.step("a")])
        for point in 2...4 {
            let cut = try RunCut(of: history, request(.event(point)))
            #expect(cut.events.prefix(point - 1).map(\.id) == Array(1..<point))
            #expect(cut.lastEvent == 3 && cut.runID == "r")
        }
        for point in [Int.min, 0, 1, 5, 6, Int.max] {
            let problem = WorkflowError.invalid(
                "event \(point) is no point of the run: it is from 2 to 4")
            #expect(throws: problem) { try RunCut(of: history, request(.event(point))) }
        }
        let closed = HandMade.history(HandMade.start(), [.closed(.completed(.empty))])
        #expect(try RunCut(of: closed, request(.event(2))).events.count == 1)
        #expect(throws: WorkflowError.self) { try RunCut(of: closed, request(.event(3))) }
        for none in [[], Array(history.dropFirst())] {
            #expect(throws: HistoryError.self) { try RunCut(of: none, request(.beginning)) }
        }
    }

    // MARK: Limits

    @Test("a workflow whose time is over is not reset, and a fork has as much time as there was")
    func deadlines() throws {
        let second: Int64 = 1_000_000_000
        let start = HandMade.start { $0.executionDeadline = 11 * second }
        let history = HandMade.history(start, [])
        for (now, isOver) in [(11 * second - 1, false), (11 * second, true), (12 * second, true)] {
            let request = request(.beginning, now: now)
            if isOver {
                #expect(throws: WorkflowError.self) { try RunCut(of: history, request) }
            } else {
                #expect(try RunCut(of: history, request).start.executionDeadline == 11 * second)
            }
        }
        // The run began at the first second.
        let forked = try RunCut(of: history, request(.beginning, isFork: true, now: 50 * second))
        #expect(forked.start.executionDeadline == 60 * second)
    }

    @Test("a run knows of 256 resets and forks in a row, and no more", arguments: [254, 255, 256])
    func origins(count: Int) throws {
        let origin = RunStart.Origin(workflowID: "w", runID: "o", lastEvent: 1, isFork: false)
        let start = HandMade.start { $0.origins = .init(repeating: origin, count: count) }
        let history = HandMade.history(start, [])
        if count < RunCut.originsMax {
            let cut = try RunCut(of: history, request(.beginning))
            #expect(cut.start.origins.count == count + 1)
        } else {
            #expect(throws: WorkflowError.self) { try RunCut(of: history, request(.beginning)) }
        }
    }

    @Test("what a run knows of those before it is at most 60,000 bytes")
    func startBytes() throws {
        func history(_ byteCount: Int) -> [HistoryEvent] {
            let text = String(repeating: "x", count: byteCount)
            return HandMade.history(HandMade.start { $0.memo = ["m": text] }, [])
        }
        let known = 30_000
        var fields = FieldWriter()
        try RunCut(of: history(known), request(.beginning)).start.encode(into: &fields)
        let limit = known + 60_000 - fields.bytes.count
        #expect(try RunCut(of: history(limit), request(.beginning)).events.count == 1)
        let problem = WorkflowError.tooLarge(
            "what a run knows of those before it", limit: 60_000, value: 60_001)
        #expect(throws: problem) { try RunCut(of: history(limit + 1), request(.beginning)) }
    }
}
