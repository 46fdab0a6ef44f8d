import EmakiLog

/// The code of workflows, for an operator's engine. Activities are not among it: none is begun.
package struct OperatorCode: Sendable {
    let definitions: [WorkflowDefinition]
    /// Of an engine that begins nothing.
    let options: EngineOptions

    /// Replays histories on this code.
    package var replayer: Replayer {
        Replayer(
            definitions: definitions, codec: options.codec, comparesInput: options.comparesInput)
    }

    /// What tells it from other code, as far as its versions say that: name and fingerprint of
    /// each, and whether new runs begin with it.
    package var versions: [String] {
        let codes = CodeTable(definitions)
        return definitions.map { code in
            let isCurrent = codes.current(code.name)?.fingerprint == code.fingerprint
            return "\(code.name): \(code.fingerprint)" + (isCurrent ? ", current" : "")
                + (code.versioning == .pinned ? ", pinned" : "")
        }.sorted()
    }

    /// Inputs of steps are compared in a replay.
    package var comparesInput: Bool { options.comparesInput }
    /// Why no engine begins with it.
    package var problem: (any Error)? { CodeTable.problem(with: definitions) }

    /// - Parameter options: as the engine that runs the workflows has them.
    package init(_ definitions: [WorkflowDefinition], _ options: EngineOptions) {
        self.definitions = definitions
        var own = EngineOptions()
        own.codec = options.codec
        own.decodesForOperators = options.decodesForOperators
        own.encodesForOperators = options.encodesForOperators
        own.clock = options.clock
        own.comparesInput = options.comparesInput
        own.interceptors = options.interceptors
        own.rehearsesCode = true
        self.options = own
    }

    /// The same, and workflows of which none has the name.
    package func adding(_ others: [WorkflowDefinition]) -> OperatorCode {
        let names = Set(definitions.map(\.name))
        return OperatorCode(definitions + others.filter { !names.contains($0.name) }, options)
    }
}

// With the code at hand, and no engine that runs the workflows.
extension Operator {
    /// - Throws: if the code would not take it.
    func validate(_ message: Message, isUpdate: Bool, for id: String) throws {
        try wait { [core] in
            try await core.ask(id) { .rehearse(.validation(message, isUpdate: isUpdate, $0)) }
        }
    }

    /// Makes an update durable, and lets the code handle it as far as nothing begins by that.
    func update(_ id: String, _ message: Message) throws -> JSONObject {
        try validate(message, isUpdate: true, for: id)
        let standing: UpdateStanding = try wait { [core] in
            try await core.ask(id) { .accept(message, $0) }
            return try await core.ask(id) {
                .rehearse(.update(requestID: message.requestID, $0))
            }
        }
        switch standing {
        case .completed(let answer): return done(id, answer)
        case .accepted(let reason):
            var result = done(id)
            result.add("request", message.requestID)
            result.add("pending", reason)
            return result
        }
    }
}
