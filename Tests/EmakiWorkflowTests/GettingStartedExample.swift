import EmakiLog
import EmakiWorkflow

/// Code outside: it may do anything, may fail, and is tried again.
struct SendMail: Activity {
    static let options = ActivityOptions(
        startToClose: .seconds(30), retry: RetryPolicy(maximumAttempts: 5))

    func run(context: ActivityContext, input: String) async throws -> String {
        // A mail server can refuse a second mail of the same key.
        "sent to \(input) as \(context.info.idempotencyKey)"
    }
}

/// A durable function: after a crash it goes on where it was.
enum Welcome: Workflow {
    static let confirm = Signal<Self, Nothing>("confirm")

    static func initialState(for input: String) -> Bool { false }

    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(confirm) { isConfirmed, _ in isConfirmed = true }
    }

    static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
        _ = try await context.run(SendMail.self, input)
        let isConfirmed = try await context.wait(
            until: { $0 }, timeout: .seconds(3 * 86_400))
        return isConfirmed ? "welcome" : "no answer"
    }
}

/// Opens a log, runs the workflow on it, and waits for what it gives.
func welcome(_ address: String, in folder: String) async throws -> String {
    let log = try await EventLog.open(at: folder, .creating())
    let engine = try await WorkflowEngine(
        log: log, workflows: [Welcome.self], activities: [SendMail()])
    let run = try await engine.start(Welcome.self, id: "welcome-\(address)", address)
    // Returned, so durable: the next process goes on with it, whatever becomes of this one.
    try await run.signal(Welcome.confirm, Nothing())
    let result = try await run.result()
    engine.close()
    await log.close()
    return result
}
