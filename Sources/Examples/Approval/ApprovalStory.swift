import EmakiWorkflow
import EmakiWorkflowCommand
import EmakiWorkflowTesting

/// One expense that is granted after the second reminder, and one that nobody looks at: 37 days,
/// in the milliseconds that a clock that skips takes for them.
@main
enum ApprovalStory {
    static func main() async throws {
        // `example-approval workflow list STORE`, and all the other verbs.
        await WorkflowCommand.runIfAsked(workflows: [Approval.self])
        for line in try await tell() { print(line) }
    }

    static func tell() async throws -> [String] {
        let lines = Lines()
        try await lines.add(decide(on: Expense(what: "a chair", amount: 200), after: 2, lines))
        try await lines.add(decide(on: Expense(what: "a yacht", amount: 200_000), after: 99, lines))
        return await lines.all
    }

    /// - Parameter reminders: after how many of them the manager decides.
    private static func decide(
        on expense: Expense, after reminders: Int, _ lines: Lines
    ) async throws -> String {
        let clock = SkippingClock()
        let manager = Manager(patience: reminders, lines)
        var options = EngineOptions()
        options.clock = clock
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(), definitions: [WorkflowDefinition(Approval.self)],
            activities: [Remind { try await manager.hear(on: $0) }], options: options)
        let start = clock.now
        let handle = try await engine.start(Approval.self, id: expense.what, expense)
        await manager.answers { try await handle.signal(Approval.decide, .granted) }
        let decision = try await handle.result()
        let day = (clock.now - start) / 86_400_000_000_000
        let count = try await handle.query(Approval.reminders)
        engine.close()
        return "\(expense.what): \(decision) on day \(day), after \(count) reminders"
    }
}

/// Somebody who needs to be reminded.
private actor Manager {
    private let patience: Int
    private let lines: Lines
    private var count = 0
    private var answer: (@Sendable () async throws -> Void)?

    init(patience: Int, _ lines: Lines) {
        self.patience = patience
        self.lines = lines
    }

    func answers(_ body: @escaping @Sendable () async throws -> Void) { answer = body }

    func hear(on day: Int) async throws {
        await lines.add("day \(day): please decide")
        count += 1
        if count == patience { try await answer?() }
    }
}

/// The story so far.
private actor Lines {
    private(set) var all: [String] = []
    func add(_ line: String) { all.append(line) }
}
