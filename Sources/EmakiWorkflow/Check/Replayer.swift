/// Replays recorded histories with the code of this process, to see whether it would do the same.
/// Nothing is executed but the workflows' own code, and nothing is written.
public struct Replayer: Sendable {
    private let codes: CodeTable
    private let codec: any PayloadCodec
    private let comparesInput: Bool

    /// - Parameter comparesInput: the inputs of steps must be the same, too.
    public init(
        workflows: [any Workflow.Type], codec: any PayloadCodec = JSONPayloadCodec(),
        comparesInput: Bool = false
    ) {
        self.init(
            definitions: workflows.map { WorkflowDefinition($0) }, codec: codec,
            comparesInput: comparesInput)
    }

    /// With definitions. Of several versions of a workflow, a history is replayed with the one that
    /// an engine would give it.
    public init(
        definitions: [WorkflowDefinition], codec: any PayloadCodec = JSONPayloadCodec(),
        comparesInput: Bool = false
    ) {
        codes = CodeTable(definitions)
        self.codec = codec
        self.comparesInput = comparesInput
    }

    /// - Throws: a `Failure` that says where code and history part, with both sides;
    ///   `WorkflowError` for a history of an unknown workflow; `HistoryError` for one that makes no
    ///   sense.
    public func check(_ history: [HistoryEvent]) throws {
        guard case .started(let start) = history.first?.body else {
            throw HistoryError.malformed("a history begins with RunStarted")
        }
        guard let current = codes.current(start.workflowType) else {
            throw WorkflowError.unknownWorkflow(start.workflowType)
        }
        let machine = try RunMachine(history: history)
        let candidates = codes.candidates(for: start, machine.fingerprint)
        let first = candidates.first ?? current
        do {
            try check(history, start, first)
        } catch {
            // The code that it is on may be here, too, and follow.
            guard let own = candidates.last, own.fingerprint != first.fingerprint,
                (try? check(history, start, own)) != nil
            else { throw error }
        }
    }

    /// Replays a history, and says what came of it. Of several versions of a workflow that an
    /// engine would try, the first that follows counts, or the first of all.
    /// - Parameters:
    ///   - history: a whole one; or its first event, and all from its newest checkpoint on.
    ///   - sees: is told the number of each event before the code sees it.
    public func verdict(
        on history: [HistoryEvent], sees: @escaping (Int) -> Void = { _ in }
    ) -> ReplayVerdict {
        let machine: RunMachine
        do throws(HistoryError) {
            machine = try RunMachine(history: history)
        } catch {
            return ReplayVerdict(.damaged, message: "\(error)")
        }
        let type = machine.start.workflowType
        guard codes.current(type) != nil else {
            return ReplayVerdict(.blocked, message: "there is no code of \(type) here")
        }
        var first: ReplayVerdict?
        for code in codes.candidates(for: machine.start, machine.fingerprint) {
            let (verdict, failure) = replay(history, machine, code, sees)
            guard let failure else { return verdict }
            first = first ?? verdict
            // The version that the run is on is tried only where that helps.
            guard code.fingerprint != machine.fingerprint, failure.isOfCode else { break }
        }
        return first
            ?? ReplayVerdict(
                .blocked,
                message: "the run is pinned to \(machine.fingerprint), which is not here")
    }

    /// - Returns: also the failure, if the code does not follow.
    private func replay(
        _ history: [HistoryEvent], _ machine: RunMachine, _ code: WorkflowDefinition,
        _ sees: @escaping (Int) -> Void
    ) -> (ReplayVerdict, Failure?) {
        let decider = code.makeDecider(machine.start, codec)
        defer { decider.evict() }
        var replay = Replay(machine.start, into: decider, comparesInput: comparesInput)
        var last: Int?
        var declined: [String] = []
        replay.willActivate = { event in
            last = event
            sees(event)
        }
        do throws(Failure) {
            // What was before a checkpoint no code sees again.
            for event in history where event.id >= machine.frame { try replay.add(event) }
            try replay.finish()
            declined = decider.declinedPatches
            // What the code has not seen yet it sees next: of a run that begins later, that was
            // started without code, whose code failed there, or that rests.
            if machine.isOpen, !machine.isQuarantined { try replay.lookAhead() }
        } catch {
            if let divergence = replay.divergence {
                return (ReplayVerdict(divergence, fingerprint: code.fingerprint), error)
            }
            let verdict = ReplayVerdict(
                .fails, fingerprint: code.fingerprint, event: last, message: "\(error)")
            return (verdict, error)
        }
        var verdict = ReplayVerdict(.same, fingerprint: code.fingerprint, event: last)
        let taken = history.flatMap { event -> [String] in
            switch event.body {
            case .patched(let id): [id]
            case .checkpointed(let checkpoint): checkpoint.patches
            default: []
            }
        }
        verdict.note(taken: taken, declined: declined)
        return (verdict, nil)
    }

    private func check(
        _ history: [HistoryEvent], _ start: RunStart, _ code: WorkflowDefinition
    ) throws {
        let decider = code.makeDecider(start, codec)
        defer { decider.evict() }
        var replay = Replay(start, into: decider, comparesInput: comparesInput)
        for event in history { try replay.add(event) }
        try replay.finish()
    }
}
