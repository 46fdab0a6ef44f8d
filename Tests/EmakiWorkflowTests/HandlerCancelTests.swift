import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// A cancel request reaches the handlers that are under way, and those only.
@Suite struct HandlerCancelTests {
    enum Attended: Workflow {
        struct Progress: Sendable {
            var begun = 0
            var isFree = false
        }

        static let nap = Signal<Self, Nothing>("nap")
        static let answer = Update<Self, Nothing, String>("answer")
        static let shielded = Update<Self, Nothing, String>("shielded")
        static let free = Signal<Self, Nothing>("free")

        /// What the body does when it is cancelled.
        enum Ending: Codable, Sendable { case stops, keeps, tidies }

        static func initialState(for input: Ending) -> Progress { Progress() }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(
                nap,
                perform: { context, _ in
                    context.state.begun += 1
                    try await context.sleep(for: .seconds(86_400))
                })
            handlers.on(
                answer,
                perform: { context, _ in
                    context.state.begun += 1
                    try await context.wait { _ in false }
                    return "never"
                })
            handlers.on(
                shielded,
                perform: { context, _ in
                    context.state.begun += 1
                    return try await context.shielded {
                        try await context.wait { $0.isFree }
                        return try await context.step("tidy") { _ in "tidied" }
                    }
                })
            handlers.on(free) { state, _ in state.isFree = true }
        }

        static func run(context: WorkflowContext<Self>, input: Ending) async throws -> String {
            do {
                try await context.wait { _ in false }
            } catch is CancellationError where input != .stops {
                if input == .tidies {
                    try await context.shielded { try await context.wait { $0.isFree } }
                }
                return "ended well"
            }
            return ""
        }
    }

    private func begun(
        _ ending: Attended.Ending, evicts: Bool
    ) async throws -> (WorkflowEngine, WorkflowHandle<Attended>) {
        let engine = try await makeEngine(
            [Attended.self], clock: SkippingClock(skips: false), evictsAlways: evicts)
        return (engine, try await engine.start(Attended.self, id: "a", ending))
    }

    private func updateFailure(
        _ update: @Sendable () async throws -> String
    ) async throws -> Failure? {
        do {
            _ = try await update()
            return nil
        } catch WorkflowError.updateFailed(let failure) {
            return failure
        }
    }

    @Test(
        "a cancel request ends handlers that wait, and the body says how the run ends",
        arguments: [Attended.Ending.stops, .keeps], [false, true])
    func handlers(ending: Attended.Ending, evicts: Bool) async throws {
        let (engine, handle) = try await begun(ending, evicts: evicts)
        try await handle.signal(Attended.nap, Nothing())
        async let answered = updateFailure { try await handle.update(Attended.answer, Nothing()) }
        while try await handle.history().count(where: \.isUpdate) < 1 { await Task.yield() }
        try await handle.cancel()
        let failure = try #require(try await answered)
        #expect(failure.kind == .cancelled)
        if ending == .keeps {
            #expect(try await handle.result() == "ended well")
        } else {
            await #expect(throws: WorkflowError.ended(workflowID: "a", .cancelled)) {
                try await handle.result()
            }
        }
        try Replayer(workflows: [Attended.self]).check(try await handle.history())
        engine.close()
    }

    @Test(
        "what a handler shields, and what comes after the request, goes on until it is done",
        arguments: [false, true])
    func shielded(evicts: Bool) async throws {
        let (engine, handle) = try await begun(.tidies, evicts: evicts)
        async let tidied = handle.update(Attended.shielded, Nothing())
        while try await handle.history().count(where: \.isUpdate) < 1 { await Task.yield() }
        try await handle.cancel()
        try await handle.signal(Attended.free, Nothing())
        #expect(try await tidied == "tidied")
        #expect(try await handle.result() == "ended well")
        try Replayer(workflows: [Attended.self]).check(try await handle.history())
        engine.close()
    }
}

extension HistoryEvent {
    fileprivate var isUpdate: Bool {
        if case .updateAccepted = body { return true }
        return false
    }
}
