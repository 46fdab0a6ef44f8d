/// Replays recorded histories with the code of this process, to see whether it would do the same.
/// Nothing is executed but the workflows' own code, and nothing is written.
public struct Replayer: Sendable {
    private let definitions: [String: WorkflowDefinition]
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

    /// With definitions.
    public init(
        definitions: [WorkflowDefinition], codec: any PayloadCodec = JSONPayloadCodec(),
        comparesInput: Bool = false
    ) {
        self.definitions = Dictionary(
            definitions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
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
        guard let definition = definitions[start.workflowType] else {
            throw WorkflowError.unknownWorkflow(start.workflowType)
        }
        _ = try RunMachine(history: history)
        let decider = definition.makeDecider(start, codec)
        defer { decider.evict() }
        var replay = Replay(start, into: decider, comparesInput: comparesInput)
        for event in history { try replay.add(event) }
        try replay.finish()
    }
}
