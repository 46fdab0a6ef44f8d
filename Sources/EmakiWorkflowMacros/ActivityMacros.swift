#if Macros
    import EmakiWorkflow

    /// Makes a type a container of activities: its methods with `@Activity`. They share what it
    /// holds.
    ///
    ///     @Activities
    ///     struct Bank {
    ///         let connection: BankConnection
    ///
    ///         @Activity(startToClose: .seconds(10))
    ///         func debit(_ transfer: Transfer, context: ActivityContext) async throws -> DebitID {
    ///             try await connection.debit(transfer, once: context.info.idempotencyKey)
    ///         }
    ///     }
    ///
    ///     let engine = try await WorkflowEngine(
    ///         log: log, workflows: [AccountTransfer.self], activities: Bank(connection))
    ///     let id = try await context.run(Bank.Debit.self, transfer)  // in a workflow
    @attached(member, names: arbitrary)
    @attached(extension, conformances: ActivityContainer)
    public macro Activities() = #externalMacro(module: "EmakiMacroPlugin", type: "ActivitiesMacro")

    /// Makes a method an activity; workflows call it by a type of its name with a capital.
    ///
    /// The method has one parameter, none, or beside it one that is an `ActivityContext`. One of
    /// `startToClose` and `scheduleToClose` has to be given. The other parameters are those of
    /// `ActivityOptions`.
    /// - Parameter name: under which it is recorded and found; by default that of the type.
    @attached(peer)
    public macro Activity(
        name: String? = nil, startToClose: Duration? = nil, scheduleToClose: Duration? = nil,
        scheduleToStart: Duration? = nil, heartbeat: Duration? = nil,
        retry: RetryPolicy = .standard, cancellation: CancellationType = .try,
        queue: String = ActivityOptions.defaultQueue, priority: Int = 0, limitKey: String? = nil
    ) = #externalMacro(module: "EmakiMacroPlugin", type: "ActivityMacro")
#endif
