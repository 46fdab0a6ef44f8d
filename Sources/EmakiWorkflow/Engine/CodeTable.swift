/// The code that an engine has: of each workflow one definition, or several versions of it, told
/// apart by their fingerprints. One of them is the current one, with which new runs begin.
struct CodeTable: Sendable {
    private struct Versions: Sendable {
        var current: WorkflowDefinition
        var byFingerprint: [String: WorkflowDefinition] = [:]
    }

    private let types: [String: Versions]

    /// Of two definitions that cannot be told apart the first one counts; of several versions the
    /// marked one is current, or else the last.
    init(_ definitions: [WorkflowDefinition]) {
        var types: [String: Versions] = [:]
        for definition in definitions {
            var versions = types[definition.name] ?? Versions(current: definition)
            guard versions.byFingerprint[definition.fingerprint] == nil else { continue }
            versions.byFingerprint[definition.fingerprint] = definition
            if definition.isCurrent || !versions.current.isCurrent {
                versions.current = definition
            }
            types[definition.name] = versions
        }
        self.types = types
    }

    /// Why these make no sense together.
    static func problem(with definitions: [WorkflowDefinition]) -> WorkflowError? {
        var fingerprints: [String: Set<String>] = [:]
        var marked: Set<String> = []
        for definition in definitions {
            let name = definition.name
            guard fingerprints[name, default: []].insert(definition.fingerprint).inserted else {
                return .invalid(
                    "two workflows are called \(name), with one fingerprint, "
                        + definition.fingerprint)
            }
            guard !definition.isCurrent || marked.insert(name).inserted else {
                return .invalid("two versions of \(name) are marked as the current one")
            }
        }
        return nil
    }

    /// The workflows' names.
    var names: [String] { Array(types.keys) }

    /// With which new runs begin.
    func current(_ type: String) -> WorkflowDefinition? { types[type]?.current }

    func code(_ type: String, _ fingerprint: String) -> WorkflowDefinition? {
        types[type]?.byFingerprint[fingerprint]
    }

    /// Every version that is here.
    var all: [WorkflowDefinition] { types.values.flatMap(\.byFingerprint.values) }

    /// The run stays on the code that it is on. One that began where there was no code, and nobody
    /// has said, is as its workflow's current version has it.
    func isPinned(_ start: RunStart) -> Bool {
        if let versioning = start.versioning { return versioning == .pinned }
        return start.fingerprint.isEmpty && current(start.workflowType)?.versioning == .pinned
    }

    /// The code with which a run may go on, what is to be tried first coming first. None: it waits.
    /// - Parameter fingerprint: of the code that executed it last.
    func candidates(for start: RunStart, _ fingerprint: String) -> [WorkflowDefinition] {
        let own = code(start.workflowType, fingerprint)
        guard let current = current(start.workflowType) else { return [] }
        // A run that no code has executed is on none.
        if isPinned(start), !fingerprint.isEmpty { return own.map { [$0] } ?? [] }
        guard let own, own.fingerprint != current.fingerprint else { return [current] }
        return [current, own]
    }

    /// The code with which a run begins.
    /// - Parameter companion: the fingerprint of a pinned run that it belongs to, as its child or
    ///   its successor.
    func code(beginning type: String, beside companion: String?) -> WorkflowDefinition? {
        companion.flatMap { code(type, $0) } ?? current(type)
    }
}
