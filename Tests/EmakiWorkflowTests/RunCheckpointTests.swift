import Testing

@testable import EmakiWorkflow

/// What a checkpoint keeps of a run, and how it is read: as values.
@Suite struct RunCheckpointTests {
    private func decoded(_ checkpoint: RunCheckpoint) throws -> RunCheckpoint {
        var fields = FieldWriter()
        checkpoint.encode(into: &fields)
        return try RunCheckpoint(FieldReader(fields.bytes), checkpoint.state)
    }

    private func whole() throws -> RunCheckpoint {
        guard case .childInitiated(let start) = HandMade.child("c") else {
            throw HistoryError.malformed("a child")
        }
        var checkpoint = RunCheckpoint(
            epoch: 3, state: Payload(text: "state"), patches: ["p", "q"])
        checkpoint.fingerprint = "f"
        checkpoint.isCancelRequested = true
        checkpoint.requests = [.init(name: "u:1", event: 2), .init(name: "s:2", event: 0)]
        checkpoint.answers = [
            .init(update: 2, body: .updateCompleted(update: 2, Payload(text: "yes"))),
            .init(
                update: 4,
                body: .updateFailed(
                    update: 4, Failure(.application, type: "No", message: "no"))),
        ]
        checkpoint.children = [.init(event: 7, start: start, runID: "k")]
        return checkpoint
    }

    @Test("what is read of a checkpoint is what was written")
    func roundTrip() throws {
        let checkpoint = try whole()
        #expect(try decoded(checkpoint) == checkpoint)
        let empty = RunCheckpoint(epoch: 1, state: .empty, patches: [])
        #expect(try decoded(empty) == empty)
    }

    @Test(
        "an answer that is none, and a child that is none, are refused before they are read",
        arguments: EventKind.allCases)
    func kinds(kind: EventKind) throws {
        let answers: [EventKind] = [.updateCompleted, .updateFailed]
        for (field, kinds, name) in [
            (65, answers, "an answer"), (66, [.childInitiated], "a child"),
        ] as [(UInt64, [EventKind], String)] {
            let bytes = checkpoint(field, kind)
            let refused = HistoryError.malformed(name)
            do {
                _ = try RunCheckpoint(FieldReader(bytes), .empty)
                Issue.record("\(kind) as \(name)")
            } catch {
                // Whoever reads it finds that it has no number.
                #expect((error == refused) == !kinds.contains(kind), "\(kind): \(error)")
            }
        }
    }

    /// A checkpoint with an event of which nothing is there but its kind.
    private func checkpoint(_ field: UInt64, _ kind: EventKind) -> [UInt8] {
        var event = FieldWriter()
        event.put(CommonField.kind, kind.rawValue)
        var parts = FieldWriter()
        parts.put(1, event.bytes)
        var entry = FieldWriter()
        entry.put(1, 7)
        entry.put(2, parts.bytes)
        entry.put(3, "k")
        var fields = FieldWriter()
        fields.put(60, 1)
        fields.put(field, entry.bytes)
        return fields.bytes
    }

    // MARK: What a run keeps

    private func machine(_ bodies: [HistoryEvent.Body]) throws -> RunMachine {
        try RunMachine(history: HandMade.history(HandMade.start(), bodies))
    }

    @Test("of its children a run keeps those that run")
    func children() throws {
        let machine = try machine([
            HandMade.child("begun"), HandMade.child("not yet"), HandMade.child("ended"),
            .childStarted(child: 2, runID: "k"), .childStarted(child: 4, runID: "l"),
            .childClosed(child: 4, .completed(.empty)),
        ])
        let kept = machine.checkpoint(.empty, patches: []).children
        #expect(kept.map(\.event) == [2] && kept.map(\.runID) == ["k"])
        #expect(kept.map(\.start.workflowID) == ["begun"])
    }

    @Test("of answers a run keeps the newest, as far as they fit", arguments: [-1, 0, 1])
    func answers(surplus: Int) throws {
        func size(_ payload: Payload) -> Int {
            HistoryEvent.wire(.updateCompleted(update: 6, payload)).count
        }
        func payload(_ byteCount: Int) -> Payload { Payload(.init(repeating: 7, count: byteCount)) }
        // Three answers that are as large as may be, together, or a byte more or less.
        let part = 5_000
        let rest = RunMachine.keptAnswerBytesMax - 2 * size(payload(part)) + surplus
        let oldest = rest - (size(payload(part)) - part)
        #expect(size(payload(oldest)) == rest)
        let machine = try machine(
            ["1", "2", "3"].map { HandMade.update($0) } + [
                .updateCompleted(update: 2, payload(oldest)),
                .updateCompleted(update: 3, payload(part)),
                .updateCompleted(update: 4, payload(part)),
            ])
        let kept = machine.checkpoint(.empty, patches: []).answers.map(\.update)
        #expect(kept == (surplus > 0 ? [4, 3] : [4, 3, 2]))
    }
}
