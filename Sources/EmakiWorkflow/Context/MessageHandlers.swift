/// What a workflow does with messages.
public struct MessageHandlers<Receiver: Workflow> {
    typealias Context = WorkflowContext<Receiver>
    typealias Run = (Context, Payload) throws -> (() async throws -> Payload)

    struct Entry {
        /// Decodes at once; what it gives back is the handler itself.
        var run: Run
        var validate: ((Context, Payload) throws -> Void)?
        /// The run may end while it is at work.
        var isAbandoned = false
    }

    private(set) var signals: [String: Entry] = [:]
    private(set) var updates: [String: Entry] = [:]
    private(set) var queries: [String: (Context, Payload) throws -> Payload] = [:]

    /// Handles a signal by changing the state.
    public mutating func on<Input>(
        _ signal: Signal<Receiver, Input>,
        _ body: @escaping (inout Receiver.State, Input) throws -> Void
    ) {
        signals[signal.name] = Entry { context, payload in
            let input = try context.codec.decode(Input.self, from: payload)
            return {
                try context.change("a signal's handler") { try body(&$0, input) }
                return .empty
            }
        }
    }

    /// Handles a signal by code that may wait.
    /// - Parameter isAbandoned: the run may end while the handler is at work.
    public mutating func on<Input>(
        _ signal: Signal<Receiver, Input>, isAbandoned: Bool = false,
        perform body: @escaping (WorkflowContext<Receiver>, Input) async throws -> Void
    ) {
        signals[signal.name] = Entry(
            run: { context, payload in
                let input = try context.codec.decode(Input.self, from: payload)
                return {
                    try await body(context, input)
                    return .empty
                }
            }, isAbandoned: isAbandoned)
    }

    /// Answers a query from the state.
    public mutating func on<Input, Output>(
        _ query: Query<Receiver, Input, Output>,
        _ body: @escaping (Receiver.State, Input) throws -> Output
    ) {
        queries[query.name] = { context, payload in
            let input = try context.codec.decode(Input.self, from: payload)
            return try context.codec.encode(try body(context.box.copy, input))
        }
    }

    /// Handles an update by changing the state.
    /// - Parameter validate: throws to refuse the update; then nothing is recorded.
    public mutating func on<Input, Output>(
        _ update: Update<Receiver, Input, Output>,
        validate: ((Receiver.State, Input) throws -> Void)? = nil,
        _ body: @escaping (inout Receiver.State, Input) throws -> Output
    ) {
        updates[update.name] = Entry(
            run: { context, payload in
                let input = try context.codec.decode(Input.self, from: payload)
                return {
                    var output: Output?
                    try context.change("an update's handler") { output = try body(&$0, input) }
                    return try output.map { try context.scope.encode($0) } ?? .empty
                }
            }, validate: Self.validator(validate))
    }

    /// Handles an update by code that may wait.
    /// - Parameter validate: throws to refuse the update; then nothing is recorded.
    public mutating func on<Input, Output>(
        _ update: Update<Receiver, Input, Output>,
        validate: ((Receiver.State, Input) throws -> Void)? = nil, isAbandoned: Bool = false,
        perform body: @escaping (WorkflowContext<Receiver>, Input) async throws -> Output
    ) {
        updates[update.name] = Entry(
            run: { context, payload in
                let input = try context.codec.decode(Input.self, from: payload)
                return { try context.scope.encode(try await body(context, input)) }
            }, validate: Self.validator(validate), isAbandoned: isAbandoned)
    }

    private static func validator<Input: Codable & Sendable>(
        _ body: ((Receiver.State, Input) throws -> Void)?
    ) -> (Context, Payload) throws -> Void {
        { context, payload in
            let input = try context.codec.decode(Input.self, from: payload)
            try body?(context.box.copy, input)
        }
    }
}
