/// A workflow as the engine knows it: a name, a fingerprint, and how to execute a run of it.
public struct WorkflowDefinition: Sendable {
    /// Under which runs of it are recorded.
    public let name: String
    /// Tells versions of the code apart: name, declared version and, if there is one, the hash of
    /// the declaration.
    public let fingerprint: String
    let makeDecider: @Sendable (RunStart, any PayloadCodec) -> any Decider

    /// A workflow that is written in Swift.
    public init<W: Workflow>(_ type: W.Type) {
        let hash = W.workflowCodeHash.isEmpty ? "" : "+\(W.workflowCodeHash)"
        self.init(
            name: W.workflowName, fingerprint: "\(W.workflowName)@\(W.workflowVersion)\(hash)"
        ) { start, codec in SwiftDecider<W>(start, codec: codec) }
    }

    /// A workflow that something else executes.
    public init(
        name: String, fingerprint: String,
        makeDecider: @escaping @Sendable (RunStart, any PayloadCodec) -> any Decider
    ) {
        self.name = name
        self.fingerprint = fingerprint
        self.makeDecider = makeDecider
    }
}
