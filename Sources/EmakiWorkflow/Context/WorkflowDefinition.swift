/// A workflow as the engine knows it: a name, a fingerprint, and how to execute a run of it.
public struct WorkflowDefinition: Sendable {
    /// Under which runs of it are recorded.
    public let name: String
    /// Tells versions of the code apart: name, declared version, the hash of the declaration if
    /// there is one, and the toolchain.
    public let fingerprint: String
    let makeDecider: @Sendable (RunStart, any PayloadCodec) -> any Decider

    /// A workflow that is written in Swift.
    /// - Parameter fingerprint: tells this version of the code from others, if not the default
    ///   does, as the name of a release would.
    public init<W: Workflow>(_ type: W.Type, fingerprint: String? = nil) {
        let hash = W.workflowCodeHash.isEmpty ? "" : "+\(W.workflowCodeHash)"
        self.init(
            name: W.workflowName,
            fingerprint: fingerprint
                ?? "\(W.workflowName)@\(W.workflowVersion)\(hash)/\(Self.toolchain)"
        ) { start, codec in SwiftDecider<W>(start, codec: codec) }
    }

    /// In which order children of one branch begin is the toolchain's affair.
    private static var toolchain: String {
        #if compiler(>=6.5)
            "swift-6.5+"
        #elseif compiler(>=6.4)
            "swift-6.4"
        #elseif compiler(>=6.3)
            "swift-6.3"
        #else
            "swift-6"
        #endif
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
