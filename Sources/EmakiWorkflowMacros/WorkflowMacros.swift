#if Macros
    /// Makes a struct a workflow.
    ///
    ///     @Workflow(version: 3)
    ///     struct AccountTransfer {
    ///         var approved = false
    ///
    ///         mutating func run(
    ///             context: WorkflowContext<Self>, input: Transfer
    ///         ) async throws -> Receipt {
    ///             try await context.wait { $0.approved }
    ///             return try await context.run(Bank.Move.self, input)
    ///         }
    ///
    ///         @Signal mutating func approve(by user: User) { approved = true }
    ///         @Query func status() -> String { approved ? "approved" : "waiting" }
    ///     }
    ///
    ///     try await handle.signal(AccountTransfer.approve, user)
    ///     try await handle.query(AccountTransfer.status)
    ///
    /// The properties are the run's state: its body and its handlers share them. Each has a value
    /// at first, or is set by `init(input:)`. In a handler, `context` is what `run` is given.
    ///
    /// The type is the same `Workflow` that could be written by hand. The hash of its declaration
    /// is part of its fingerprint; layout, comments and access levels do not count.
    /// - Parameters:
    ///   - version: raised with every change that a run under way could notice.
    ///   - name: under which runs are recorded; by default the type's own.
    ///   - failures: errors that fail the run. A type inside of the struct itself cannot be named
    ///     here: then write `static var failures: [any Error.Type]` in the struct.
    @attached(member, names: arbitrary)
    @attached(memberAttribute)
    @attached(extension, conformances: Workflow)
    public macro Workflow(
        version: Int = 1, name: String? = nil, failures: [any Error.Type] = []
    ) = #externalMacro(module: "EmakiMacroPlugin", type: "WorkflowMacro")

    /// Makes a method of a workflow the handler of a signal, which is named by a static property of
    /// the method's name: a message that changes a run and is not answered.
    /// - Parameters:
    ///   - name: under which it is recorded; by default the method's.
    ///   - isAbandoned: the run may end while the handler is at work.
    @attached(peer)
    public macro Signal(name: String? = nil, isAbandoned: Bool = false) =
        #externalMacro(module: "EmakiMacroPlugin", type: "SignalMacro")

    /// Makes a method of a workflow the answer to a query, which is named by a static property of
    /// the method's name. It sees a copy of the state: it waits for nothing and changes nothing.
    /// - Parameter name: by which it is asked; by default the method's.
    @attached(peer)
    public macro Query(name: String? = nil) =
        #externalMacro(module: "EmakiMacroPlugin", type: "QueryMacro")

    /// Makes a method of a workflow the handler of an update, which is named by a static property
    /// of the method's name: a message that changes a run and is answered.
    /// - Parameters:
    ///   - name: under which it is recorded; by default the method's.
    ///   - validator: the name of a method that takes the same and throws to refuse the update;
    ///     then nothing is recorded.
    ///   - isAbandoned: the run may end while the handler is at work.
    @attached(peer)
    public macro Update(
        name: String? = nil, validator: String? = nil, isAbandoned: Bool = false
    ) = #externalMacro(module: "EmakiMacroPlugin", type: "UpdateMacro")

    /// Added by `@Workflow` to each stored property.
    @attached(accessor)
    public macro WorkflowStateProperty() =
        #externalMacro(module: "EmakiMacroPlugin", type: "StatePropertyMacro")

    /// Added by `@Workflow` to `init(input:)`.
    @attached(body)
    public macro WorkflowStateInitializer() =
        #externalMacro(module: "EmakiMacroPlugin", type: "StateInitializerMacro")
#endif
