#if !Macros
    import EmakiWorkflow
    import EmakiWorkflowTesting

    // Written by hand; `MacroSampleWorkflows.swift` has the same as macros.

    struct Debit: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let world: World
        var session: (any ProcessSession)?

        func run(context: ActivityContext, input: Transfer) async throws -> String {
            world.act("debit", context.info, in: session)
            return "debited \(input.amount)"
        }
    }

    struct Credit: Activity {
        static let options = ActivityOptions(
            startToClose: .seconds(10), retry: RetryPolicy(maximumAttempts: 3))
        let world: World
        var session: (any ProcessSession)?

        func run(context: ActivityContext, input: Transfer) async throws -> String {
            if input.fails { throw ApplicationFailure("no such account", isNonRetryable: true) }
            world.act("credit", context.info, in: session)
            return "credited \(input.amount)"
        }
    }

    struct Refund: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let world: World
        var session: (any ProcessSession)?

        func run(context: ActivityContext, input: String) async throws -> Nothing {
            world.act("refund", context.info, in: session)
            return Nothing()
        }
    }

    enum AccountTransfer: Workflow {
        static func run(
            context: WorkflowContext<Self>, input: Transfer
        ) async throws -> String {
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
    enum Counter: Workflow {
        struct Count: Sendable {
            var value = 0
            var isDone = false
        }

        static let add = Signal<Self, Int>("add")
        static let value = Query<Self, Nothing, Int>("value")
        static let double = Update<Self, Nothing, Int>("double")
        static let set = Update<Self, Int, Int>("set")
        static let finish = Signal<Self, Nothing>("finish")

        static func initialState(for input: Int) -> Count { Count(value: input) }

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(add) { count, number in count.value += number }
            handlers.on(finish) { count, _ in count.isDone = true }
            handlers.on(value) { count, _ in count.value }
            handlers.on(
                set,
                validate: { _, number in
                    if number < 0 { throw ApplicationFailure("negative") }
                }
            ) { count, number in
                defer { count.value = number }
                return count.value
            }
            handlers.on(
                double,
                perform: { context, _ in
                    try await context.sleep(for: .seconds(5))
                    try context.change { $0.value *= 2 }
                    return context.state.value
                })
        }

        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int {
            try await context.wait { $0.isDone }
            return context.state.value
        }
    }
#endif
