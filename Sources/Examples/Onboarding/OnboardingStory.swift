import EmakiWorkflow
import EmakiWorkflowTesting

/// Two newcomers: one fills in the profile after the second mail, one never comes back.
@main
enum OnboardingStory {
    static func main() async throws {
        for line in try await tell() { print(line) }
    }

    static func tell() async throws -> [String] {
        try await onboard("ana", isFilledAfterMails: 2) + onboard("bob", isFilledAfterMails: .max)
    }

    private static func onboard(
        _ name: String, isFilledAfterMails mailCount: Int
    ) async throws -> [String] {
        let clock = SkippingClock()
        let start = clock.now
        let desk = Desk(clock, since: start, patience: mailCount)
        let note: @Sendable (String) async throws -> Void = { try await desk.note($0) }
        var options = EngineOptions()
        options.clock = clock
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(),
            definitions: [WorkflowDefinition(Onboarding.self)],
            activities: [
                Provision(perform: note), Deprovision(perform: note),
                Mail { try await desk.mail($0) },
            ], options: options)
        let handle = try await engine.start(Onboarding.self, id: name, Newcomer(name: name))
        await desk.answers { try await handle.signal(Onboarding.profile, Nothing()) }
        do {
            try await desk.note("done: \(try await handle.result())")
        } catch WorkflowError.ended(_, .failed(let failure)) {
            try await desk.note("undone: \(failure.message)")
        }
        try await desk.note(try await handle.query(Onboarding.progress))
        engine.close()
        return await desk.lines
    }
}

/// Writes down what happens on which day.
private actor Desk {
    private let clock: SkippingClock
    private let start: Int64
    private let patience: Int
    private var mails = 0
    private var answer: (@Sendable () async throws -> Void)?
    private(set) var lines: [String] = []

    init(_ clock: SkippingClock, since start: Int64, patience: Int) {
        self.clock = clock
        self.start = start
        self.patience = patience
    }

    func answers(_ body: @escaping @Sendable () async throws -> Void) { answer = body }

    func note(_ text: String) throws {
        lines.append("day \((clock.now - start) / 86_400_000_000_000): \(text)")
    }

    func mail(_ text: String) async throws {
        try note(text)
        mails += 1
        if mails == patience { try await answer?() }
    }
}
