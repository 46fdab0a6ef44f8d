#if Metrics
    /// Names of the metrics. They do not change; `Docs/observability.md` says what each counts.
    public enum MetricName {
        /// Counter by `type`.
        public static let runsStarted = "emaki_runs_started"
        /// Counter by `type`, `outcome`.
        public static let runsClosed = "emaki_runs_closed"
        /// Timer by `type`, `outcome`: from a run's first event to its last, by engine time.
        public static let runDuration = "emaki_run_duration"
        /// Counter by `type`, `activity`.
        public static let stepsScheduled = "emaki_steps_scheduled"
        /// Counter by `type`, `activity`, `outcome`.
        public static let stepsClosed = "emaki_steps_closed"
        /// Timer by `type`, `activity`, `outcome`: from when a step was wanted until it was closed,
        /// all attempts and waits included, by engine time.
        public static let stepDuration = "emaki_step_duration"
        /// Counter by `activity`, `outcome`: attempts that failed and are made again.
        public static let retries = "emaki_attempts_retried"
        /// Counter by `activity`.
        public static let attemptsBegun = "emaki_attempts_begun"
        /// Counter by `activity`, `outcome`: of those that this process executes.
        public static let attemptsEnded = "emaki_attempts_ended"
        /// Gauge by `activity`: of those that this process executes.
        public static let attemptsRunning = "emaki_attempts_running"
        /// Timer by `activity`: from when it was durable that an attempt is wanted until it began.
        public static let queueWait = "emaki_queue_wait"
        /// Timer by `activity`, `place`: from when an attempt began until it ended.
        public static let running = "emaki_attempt_running"
        /// Timer by `type`: what the run's code and the engine took for what one commit holds.
        public static let deciding = "emaki_deciding"
        /// Timer by `type`: from when a commit was handed to the store until it was durable.
        public static let commitWait = "emaki_commit_wait"
        /// Counter by `type`: events that became durable.
        public static let events = "emaki_events"
        /// Counter by `type`: faults of workflows' code, repeated ones included.
        public static let taskFailures = "emaki_task_failures"
        /// Counter by `type`: runs found to wait for code that this engine does not have.
        public static let versionsMissing = "emaki_versions_missing"
        /// Counter by `type`.
        public static let codeLeaked = "emaki_code_leaked"
        /// Counter by `outcome`: the code of a `WorkflowError`, or `other`.
        public static let storeFailures = "emaki_store_failures"
        /// Gauge, from `MetricsObserver.record`.
        public static let workflowsInMemory = "emaki_workflows_in_memory"
        /// Gauge, from `MetricsObserver.record`.
        public static let attemptsWaiting = "emaki_attempts_waiting"
    }
#endif
