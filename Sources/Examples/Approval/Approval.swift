import EmakiWorkflow

/// What somebody wants to spend.
struct Expense: Codable, Sendable {
    var what: String
    var amount: Int
}

/// What somebody else says to it.
enum Decision: String, Codable, Sendable {
    case granted
    case refused
    /// Nobody said anything.
    case expired
}

/// Sends a reminder.
struct Remind: Activity {
    static let options = ActivityOptions(startToClose: .seconds(30))
    let send: @Sendable (Int) async throws -> Void

    func run(context: ActivityContext, input day: Int) async throws -> Nothing {
        try await send(day)
        return Nothing()
    }
}

/// Waits up to 30 days for a human, and reminds them more and more urgently. Nothing runs
/// meanwhile: a run that waits is a few events in the log.
enum Approval: Workflow {
    struct State: Sendable {
        var amount = 0
        var decision: Decision?
        var reminders = 0
    }

    static let decide = Signal<Self, Decision>("decide")
    /// Asks for another amount; gives the one before.
    static let amend = Update<Self, Int, Int>("amend")
    static let reminders = Query<Self, Nothing, Int>("reminders")
    /// Days on which something happens; the last is the end.
    private static let days = [3, 7, 14, 21, 28, 30]

    static func initialState(for input: Expense) -> State { State(amount: input.amount) }

    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(decide) { state, decision in state.decision = decision }
        handlers.on(
            amend,
            validate: { state, amount in
                if amount <= 0 { throw ApplicationFailure("\(amount) is no amount") }
            }
        ) { state, amount in
            defer { state.amount = amount }
            return state.amount
        }
        handlers.on(reminders) { state, _ in state.reminders }
    }

    static func run(
        context: WorkflowContext<Self>, input: Expense
    ) async throws -> Decision {
        var today = 0
        for day in days {
            let isDecided = try await context.wait(
                until: { $0.decision != nil }, timeout: .seconds(86_400 * (day - today)))
            if isDecided { break }
            today = day
            if day == days.last { break }
            _ = try await context.run(Remind.self, day)
            context.state.reminders += 1
        }
        return context.state.decision ?? .expired
    }
}
