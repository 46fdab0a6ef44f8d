#if Lint
    /// Names of the engine that the linter knows.
    enum Engine {
        static let context = "WorkflowContext"
        static let handlers = "MessageHandlers"
        static let saga = "Saga"
        static let child = "ChildHandle"
        static let workflowProtocols: Set = ["Workflow"]
        static let activityProtocols: Set = ["Activity", "ActivityContainer"]
        /// What a run is given to speak to the engine.
        static let doors: Set = [context, saga, child]

        /// Its own targets are no code of workflows.
        static let modules: Set = ["EmakiPlatform", "EmakiLog", "EmakiWorkflow"]

        /// Calls that wait, and so throw once the run was cancelled or is let go.
        static let waiting: Set = [
            "run", "step", "sleep", "wait", "branch", "all", "race", "shielded", "saga",
            "startChild",
            "runChild", "signal", "cancelWorkflow", "terminateWorkflow", "checkpoint",
            "serveMessages",
            "result", "cancel",
        ]
        /// Calls by which a run has something done that has a name.
        static let naming: Set = ["run", "step", "startChild", "runChild"]
        /// Calls that open a branch for each closure that they are given.
        static let branching: Set = ["branch", "all", "race"]
    }
#endif
