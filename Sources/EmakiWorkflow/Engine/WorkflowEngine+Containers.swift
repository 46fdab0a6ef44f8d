import EmakiLog

extension WorkflowEngine {
    /// An engine on a log, with activities that come in a container, as `@Activities` makes them.
    /// - Parameters:
    ///   - log: the log. Histories are in streams that start with `run/` and `workflow/`.
    ///   - workflows: the workflows that can run here.
    ///   - activities: the activities that can run here.
    /// - Throws: `WorkflowError.invalid` for two of one name; what reading the log throws.
    public convenience init(
        log: EventLog, workflows: [any Workflow.Type], activities: any ActivityContainer,
        options: EngineOptions = EngineOptions()
    ) async throws {
        try await self.init(
            log: log, workflows: workflows, activities: activities.activities,
            options: options)
    }
}
