/// A workflow as the engine knows it: a name, a fingerprint, and how to execute a run of it.
public struct WorkflowDefinition: Sendable {
    /// Under which runs of it are recorded.
    public let name: String
    /// Tells versions of the code apart: name, declared version, the hash of the declaration if
    /// there is one, and the toolchain.
    public let fingerprint: String
    /// What happens to its runs when other code comes, unless their `RunOptions` say otherwise.
    public var versioning: VersionPolicy
    /// Of several versions in one engine: new runs begin with this one. If none is marked, with the
    /// last.
    public var isCurrent: Bool
    let makeDecider: @Sendable (RunStart, any PayloadCodec) -> any Decider

    /// A workflow that is written in Swift.
    /// - Parameter fingerprint: tells this version of the code from others, if not the default
    ///   does, as the name of a release would.
    /// - Parameter versioning: see `versioning`.
    /// - Parameter isCurrent: see `isCurrent`.
    public init<W: Workflow>(
        _ type: W.Type, fingerprint: String? = nil, versioning: VersionPolicy = .autoUpgrade,
        isCurrent: Bool = false
    ) {
        let hash = W.workflowCodeHash.isEmpty ? "" : "+\(W.workflowCodeHash)"
        self.init(
            name: W.workflowName,
            fingerprint: fingerprint
                ?? "\(W.workflowName)@\(W.workflowVersion)\(hash)/\(Self.toolchain)",
            versioning: versioning, isCurrent: isCurrent
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
        name: String, fingerprint: String, versioning: VersionPolicy = .autoUpgrade,
        isCurrent: Bool = false,
        makeDecider: @escaping @Sendable (RunStart, any PayloadCodec) -> any Decider
    ) {
        self.name = name
        self.fingerprint = fingerprint
        self.versioning = versioning
        self.isCurrent = isCurrent
        self.makeDecider = makeDecider
    }
}

/// What happens to a run when the code of its workflow changes. Recorded when it starts.
public enum VersionPolicy: UInt8, Sendable, Codable {
    /// It goes on with the current code if that follows its history; else with the code that it is
    /// on, if the engine has it; else it waits for that.
    case autoUpgrade = 0
    /// It stays on the code that it began with to its end, and waits where that is not. So do the
    /// runs that continue it.
    case pinned = 1
}
