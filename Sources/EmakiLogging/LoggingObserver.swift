#if Logging
    import EmakiWorkflow
    import Logging

    /// Writes what an engine does, and what workflows' code writes with `WorkflowContext.log`, to
    /// swift-log.
    ///
    ///     options.observers.append(LoggingObserver(Logger(label: "bank.workflows")))
    ///
    /// A line is written once what it rests on is durable, and never by a replay. Lines name the
    /// workflow, its run and its type, and where it is about a step, the step, its attempt and the
    /// name of its failure; never an input, a result or what somebody sent. `Docs/observability.md`
    /// lists levels and names.
    public struct LoggingObserver: EngineObserver {
        let logger: Logger
        let showsFailureMessages: Bool

        /// - Parameters:
        ///   - logger: with its level, below which nothing is written.
        ///   - showsFailureMessages: the messages of errors are written, too, and not their names
        ///     only. They are what activities and workflows threw, and may tell what is secret.
        public init(
            _ logger: Logger = Logger(label: "emaki.workflow"), showsFailureMessages: Bool = false
        ) {
            self.logger = logger
            self.showsFailureMessages = showsFailureMessages
        }

        /// A line for each event.
        public func committed(_ commit: ObservedCommit) {
            for entry in commit.events {
                logger.log(
                    level: entry.event.body.logLevel, "\(entry.event.body.logMessage)",
                    metadata: metadata(of: entry, commit.run))
            }
        }

        /// The lines, with whose they are. Where a line's metadata have the same name, the engine's
        /// count.
        public func logged(in run: ObservedRun, _ lines: [WorkflowLogLine]) {
            for line in lines {
                logger.log(
                    level: Logger.Level(line.level), "\(line.message)",
                    metadata: line.metadata.mapValues { .string($0) }
                        .merging(LogName.metadata(of: run)) { _, ids in ids })
            }
        }

        /// A warning.
        public func waitsForVersion(in run: ObservedRun, needed: String, _ failure: Failure) {
            logger.warning(
                "the run waits for other code",
                metadata: LogName.metadata(of: run)
                    .merging([LogName.version: "\(needed)"]) { first, _ in first }
                    .merging(metadata(of: failure)) { first, _ in first })
        }

        /// A warning.
        public func codeLeaked(in run: ObservedRun) {
            logger.warning(
                "code swallowed every error and stays in memory",
                metadata: LogName.metadata(of: run))
        }

        /// An error.
        public func storeFailed(_ error: any Error) {
            let name = (error as? WorkflowError)?.code ?? "\(Swift.type(of: error))"
            var metadata: Logger.Metadata = [LogName.failure: "\(name)"]
            if showsFailureMessages { metadata[LogName.failureMessage] = "\(error)" }
            logger.error("the store failed", metadata: metadata)
        }

        private func metadata(of entry: ObservedEvent, _ run: ObservedRun) -> Logger.Metadata {
            var metadata = LogName.metadata(of: run)
            metadata[LogName.event] = "\(entry.event.id)"
            if let step = entry.step {
                metadata[LogName.step] = "\(step.key)"
                metadata[LogName.stepName] = "\(step.name)"
                metadata[LogName.attempt] = "\(step.attempt)"
            }
            if let name = entry.event.body.logName { metadata[LogName.name] = "\(name)" }
            if let failure = entry.event.body.logFailure {
                metadata.merge(self.metadata(of: failure)) { _, new in new }
            }
            return metadata
        }

        private func metadata(of failure: Failure) -> Logger.Metadata {
            var metadata: Logger.Metadata = [
                LogName.failure: "\(failure.type)", LogName.failureKind: "\(failure.kind)",
            ]
            if showsFailureMessages { metadata[LogName.failureMessage] = "\(failure.message)" }
            return metadata
        }
    }

    extension ActivityContext {
        /// A logger for what an activity writes: its lines name the attempt as those of
        /// `LoggingObserver` do. An attempt may be made twice, and then it writes twice.
        public func logger(_ base: Logger) -> Logger {
            var logger = base
            logger[metadataKey: LogName.workflow] = "\(info.workflowID)"
            logger[metadataKey: LogName.run] = "\(info.runID)"
            logger[metadataKey: LogName.step] = "\(info.key)"
            logger[metadataKey: LogName.stepName] = "\(info.name)"
            logger[metadataKey: LogName.attempt] = "\(info.attempt)"
            return logger
        }
    }

    /// Names of what lines are about.
    enum LogName {
        static let workflow = "workflow.id"
        static let run = "run.id"
        static let type = "workflow.type"
        static let event = "event.id"
        static let step = "step.key"
        static let stepName = "step.name"
        static let attempt = "attempt"
        static let name = "name"
        static let failure = "failure.type"
        static let failureKind = "failure.kind"
        static let failureMessage = "failure.message"
        static let version = "version.needed"

        static func metadata(of run: ObservedRun) -> Logger.Metadata {
            [
                workflow: "\(run.workflowID)", Self.run: "\(run.runID)",
                type: "\(run.workflowType)",
            ]
        }
    }

    extension Logger.Level {
        init(_ level: WorkflowLogLevel) {
            switch level {
            case .trace: self = .trace
            case .debug: self = .debug
            case .info: self = .info
            case .notice: self = .notice
            case .warning: self = .warning
            case .error: self = .error
            case .critical: self = .critical
            }
        }
    }
#endif
