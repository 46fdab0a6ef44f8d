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
