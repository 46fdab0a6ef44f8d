import EmakiWorkflow

/// Somebody new.
struct Newcomer: Codable, Sendable {
    var name: String
}

/// Makes an account.
struct Provision: Activity {
    static let options = ActivityOptions(startToClose: .seconds(30))
    let perform: @Sendable (String) async throws -> Void

    func run(context: ActivityContext, input: Newcomer) async throws -> String {
        try await perform("an account for \(input.name)")
        return "account of \(input.name)"
    }
}

/// Takes it back.
struct Deprovision: Activity {
    static let options = ActivityOptions(startToClose: .seconds(30))
    let perform: @Sendable (String) async throws -> Void

    func run(context: ActivityContext, input: Newcomer) async throws -> Nothing {
        try await perform("no account for \(input.name) any more")
        return Nothing()
    }
}

/// Sends a mail.
struct Mail: Activity {
    static let options = ActivityOptions(startToClose: .seconds(30))
    let perform: @Sendable (String) async throws -> Void

    func run(context: ActivityContext, input text: String) async throws -> Nothing {
        try await perform(text)
        return Nothing()
    }
}

/// Thirty days with somebody new: an account at once, advice now and then, and an account that is
/// taken back if nobody ever filled in a profile. What has to be undone is in the saga, so a
/// failure on any day and a cancel request undo it, too.
enum Onboarding: Workflow {
    struct State: Sendable {
        var hasProfile = false
        var mails = 0
    }

    static let profile = Signal<Self, Nothing>("profile")
    static let progress = Query<Self, Nothing, String>("progress")
    /// Days on which somebody without a profile is written to; the last is the end.
    private static let days = [1, 7, 14, 30]

    static func initialState(for input: Newcomer) -> State { State() }

    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(profile) { state, _ in state.hasProfile = true }
        handlers.on(progress) { state, _ in
            "\(state.mails) mails, \(state.hasProfile ? "a" : "no") profile"
        }
    }

    static func run(
        context: WorkflowContext<Self>, input: Newcomer
    ) async throws -> String {
        try await context.saga { saga in
            let account = try await saga.run(
                Provision.self, input, undo: Deprovision.self
            ) { _ in input }
            try await mail("welcome, \(input.name)", context)
            var today = 0
            for day in days {
                let isDone = try await context.wait(
                    until: { $0.hasProfile }, timeout: .seconds(86_400 * (day - today)))
                if isDone { break }
                today = day
                guard day != days.last else { throw ApplicationFailure("no profile in 30 days") }
                try await mail("\(input.name), your profile is empty", context)
            }
            try await mail("thank you, \(input.name)", context)
            return account
        }
    }

    private static func mail(_ text: String, _ context: WorkflowContext<Self>) async throws {
        _ = try await context.run(Mail.self, text)
        try context.change { $0.mails += 1 }
    }
}
