/// How much an engine has in hand at this moment.
public struct EngineLoad: Sendable, Hashable {
    /// Workflows in memory, with or without their code.
    public var workflowsInMemory: Int
    /// Attempts that this process executes on Swift's pool of threads.
    public var attemptsRunning: Int
    /// Attempts that wait in memory for their turn, in queues that the engine serves.
    public var attemptsWaiting: Int
}

extension WorkflowEngine {
    /// How much it has in hand. Cheap enough to be asked every second.
    public var load: EngineLoad {
        let (running, waiting) = core.queues.counts
        return EngineLoad(
            workflowsInMemory: core.hostCount, attemptsRunning: running, attemptsWaiting: waiting)
    }
}
