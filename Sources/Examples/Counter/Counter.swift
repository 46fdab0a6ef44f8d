import EmakiWorkflow

/// Counts how often a page is seen. It has no end and no body to speak of: its handlers are all
/// that it is, and a checkpoint after every hundredth message keeps short what has to be read to
/// wake it.
enum Counter: Workflow {
    struct State: Codable, Sendable { var hits = 0 }

    static let hit = Signal<Self, Int>("hit")
    static let take = Update<Self, Nothing, Int>("take")
    static let hits = Query<Self, Nothing, Int>("hits")

    static func initialState(for input: Nothing) -> State { State() }

    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(hit) { state, count in state.hits += count }
        // Answers what it had, and begins from nothing.
        handlers.on(take) { state, _ in
            defer { state.hits = 0 }
            return state.hits
        }
        handlers.on(hits) { state, _ in state.hits }
    }

    static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
        try await context.serveMessages(checkpointAfter: 100)
    }
}
