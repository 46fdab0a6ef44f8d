#if Macros
    import EmakiPlatform
    import EmakiWorkflowMacros
    import EmakiWorkflowTesting

    // The samples of EmakiWorkflowTests in macro form.

    /// What activities do to the world outside, counted by idempotency key.
    final class World: Sendable {
        private let lock = Lock()
        private let effects = Guarded<[String: Int]>([:])
        private let log = Guarded<[String]>([])

        /// An effect; what a process that is gone does is not an effect.
        func act(_ name: String, _ info: AttemptInfo, in session: MemoryHistoryStore.Session?) {
            lock.withLock {
                if session?.isOver == true { return }
                effects.value[info.idempotencyKey, default: 0] += 1
                log.value.append(name)
            }
        }

        var names: [String] { lock.withLock { log.value } }
        var counts: [String: Int] { lock.withLock { effects.value } }
        func count(of name: String) -> Int { names.count { $0 == name } }
    }

    struct Transfer: Codable, Sendable, Equatable {
        var amount: Int
        var fails = false
    }

    @Activities
    struct Bank {
        let world: World
        var session: MemoryHistoryStore.Session?

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

        @Activity(scheduleToClose: .seconds(10))
        func refund(_ id: String, context: ActivityContext) async {
            world.act("refund", context.info, in: session)
        }
    }

    @Workflow
    struct AccountTransfer {
        func run(context: WorkflowContext<Self>, input: Transfer) async throws -> String {
            try await context.saga { saga in
                let debit = try await saga.run(Bank.Debit.self, input, undo: Bank.Refund.self) {
                    outcome in
                    if case .completed(let id) = outcome { return id }
                    return "unknown"
                }
                let credit = try await saga.run(Bank.Credit.self, input, undo: Bank.Refund.self) {
                    _ in ""
                }
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

    struct MeddlerFault: Error {}

    /// What a query and a validator must not do.
    @Workflow(version: 7, name: "meddler", failures: [MeddlerFault.self])
    struct Meddler {
        var count = 0

        func run(context: WorkflowContext<Self>) async throws {
            try await context.wait { $0.count > 9 }
        }

        @Query func meddle() -> Int {
            count = 5
            return count
        }

        @Query(name: "ask") func sneak() throws -> Int { try sneakily() }

        private func sneakily() throws -> Int { try context.uuid().count }

        @Signal func add(_ number: Int) { count += number }
        @Signal func fail() throws { throw MeddlerFault() }
        @Update(validator: "meddleToo") func change() {}
        func meddleToo() { count = 7 }
    }
#endif
