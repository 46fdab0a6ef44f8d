#if Macros
    import EmakiWorkflowMacros
    import EmakiWorkflowTesting

    // What `SampleWorkflows.swift` has by hand, as macros: with the trait `Macros` every test that
    // uses them is one of the macro form.

    @Activities
    struct Bank {
        let world: World
        var session: (any ProcessSession)?

        @Activity(startToClose: .seconds(10))
        func debit(_ transfer: Transfer, context: ActivityContext) -> String {
            world.act("debit", context.info, in: session)
            return "debited \(transfer.amount)"
        }

        @Activity(startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 3))
        func credit(context: ActivityContext, of transfer: Transfer) async throws -> String {
            if transfer.fails { throw ApplicationFailure("no such account", isNonRetryable: true) }
            world.act("credit", context.info, in: session)
            return "credited \(transfer.amount)"
        }

        @Activity(startToClose: .seconds(10))
        func refund(_ id: String, context: ActivityContext) async {
            world.act("refund", context.info, in: session)
        }
    }

    typealias Debit = Bank.Debit
    typealias Credit = Bank.Credit
    typealias Refund = Bank.Refund

    extension Bank.Debit {
        init(world: World, session: (any ProcessSession)? = nil) {
            self.init(Bank(world: world, session: session))
        }
    }

    extension Bank.Credit {
        init(world: World, session: (any ProcessSession)? = nil) {
            self.init(Bank(world: world, session: session))
        }
    }

    extension Bank.Refund {
        init(world: World, session: (any ProcessSession)? = nil) {
            self.init(Bank(world: world, session: session))
        }
    }

    @Workflow
    struct AccountTransfer {
        func run(context: WorkflowContext<Self>, input: Transfer) async throws -> String {
            try await context.saga { saga in
                let debit = try await saga.run(Debit.self, input, undo: Refund.self) { outcome in
                    if case .completed(let id) = outcome { return id }
                    return "unknown"
                }
                let credit = try await saga.run(Credit.self, input, undo: Refund.self) { _ in "" }
                return "\(debit), \(credit)"
            }
        }
    }

    /// Counts by signals, answers queries and updates.
    @Workflow
    struct Counter {
        var count: Int
        var isDone = false

        init(input: Int) { count = input }

        mutating func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0.isDone }
            return count
        }

        @Signal mutating func add(_ number: Int) { count += number }
        @Signal mutating func finish() { isDone = true }
        @Query func value() -> Int { count }

        @Update(validator: "checkSet") mutating func set(to number: Int) -> Int {
            defer { count = number }
            return count
        }

        func checkSet(_ number: Int) throws {
            if number < 0 { throw ApplicationFailure("negative") }
        }

        @Update mutating func double() async throws -> Int {
            try await context.sleep(for: .seconds(5))
            count *= 2
            return count
        }
    }
#endif
