#if Metrics
    import CoreMetrics
    import EmakiWorkflow

    /// Counts and times what an engine does, for swift-metrics.
    ///
    ///     options.observers.append(MetricsObserver())
    ///
    /// Labels are a workflow's type, an activity's name, and how something ended: never an id, and
    /// never more than a thousand values of one label. A replay counts nothing. `MetricName` lists
    /// what there is.
    public final class MetricsObserver: EngineObserver {
        private let metrics: MetricTable

        /// - Parameter factory: makes the metrics; by default the one that the program was set up
        ///   with.
        public init(factory: any MetricsFactory = MetricsSystem.factory) {
            metrics = MetricTable(factory)
        }

        /// Counts events, and times the commit.
        public func committed(_ commit: ObservedCommit) {
            let type = commit.run.workflowType
            metrics.time(MetricName.deciding, commit.deciding, [.type(type)])
            metrics.time(MetricName.commitWait, commit.commitWait, [.type(type)])
            metrics.count(MetricName.events, by: commit.events.count, [.type(type)])
            for entry in commit.events { count(entry, commit.run) }
        }

        private func count(_ entry: ObservedEvent, _ run: ObservedRun) {
            let type = MetricLabel.type(run.workflowType)
            let time = entry.event.time
            switch entry.event.body {
            case .started: metrics.count(MetricName.runsStarted, [type])
            case .closed(let outcome):
                let end = MetricLabel.outcome(outcome.metricWord)
                metrics.count(MetricName.runsClosed, [type, end])
                metrics.time(
                    MetricName.runDuration, .nanoseconds(time - run.startedAt), [type, end])
            case .stepScheduled:
                guard let step = entry.step else { return }
                metrics.count(MetricName.stepsScheduled, [type, .activity(of: step)])
            case .stepCompleted: closed(entry.step, "completed", type, at: time)
            case .stepFailed(_, _, let failure):
                closed(entry.step, failure.kind.metricWord, type, at: time)
            case .attemptFailed(_, _, let failure, _):
                guard let step = entry.step else { return }
                metrics.count(
                    MetricName.retries,
                    [.activity(of: step), .outcome(failure.kind.metricWord)])
                outside(step, at: time)
            default: break
            }
        }

        private func closed(
            _ step: ObservedStep?, _ word: String, _ type: MetricLabel, at time: Int64
        ) {
            guard let step else { return }
            let labels = [type, .activity(of: step), MetricLabel.outcome(word)]
            metrics.count(MetricName.stepsClosed, labels)
            metrics.time(
                MetricName.stepDuration, .nanoseconds(time - step.scheduledAt), labels)
            outside(step, at: time)
        }

        /// Of an attempt that somebody outside had, the history says how long it took.
        private func outside(_ step: ObservedStep, at time: Int64) {
            guard let handedOverAt = step.handedOverAt else { return }
            metrics.time(
                MetricName.running, .nanoseconds(time - handedOverAt),
                [.activity(of: step), .place("outside")])
        }

        /// Counts it, and times its wait.
        public func attemptBegan(_ attempt: ObservedAttempt) {
            let activity = MetricLabel.activity(of: attempt.step)
            metrics.count(MetricName.attemptsBegun, [activity])
            metrics.time(MetricName.queueWait, attempt.queueWait, [activity])
            // The end of one that a worker was given is not told by its process.
            if attempt.isPulled { return }
            metrics.add(MetricName.attemptsRunning, 1, [activity])
        }

        /// Counts it, and times it.
        public func attemptEnded(
            _ attempt: ObservedAttempt, _ end: AttemptEnd, running: Duration
        ) {
            let activity = MetricLabel.activity(of: attempt.step)
            metrics.count(
                MetricName.attemptsEnded, [activity, .outcome(end.metricWord)])
            metrics.time(MetricName.running, running, [activity, .place("here")])
            metrics.add(MetricName.attemptsRunning, -1, [activity])
        }

        /// Counts it.
        public func taskFailed(in run: ObservedRun, _ failure: Failure) {
            metrics.count(MetricName.taskFailures, [.type(run.workflowType)])
        }

        /// Counts it.
        public func waitsForVersion(in run: ObservedRun, needed: String, _ failure: Failure) {
            metrics.count(MetricName.versionsMissing, [.type(run.workflowType)])
        }

        /// Counts it.
        public func codeLeaked(in run: ObservedRun) {
            metrics.count(MetricName.codeLeaked, [.type(run.workflowType)])
        }

        /// Counts it.
        public func storeFailed(_ error: any Error) {
            let word = (error as? WorkflowError)?.code ?? "other"
            metrics.count(MetricName.storeFailures, [.outcome(word)])
        }

        /// Records how much an engine has in hand. Call it now and then, as a scrape does.
        public func record(_ load: EngineLoad) {
            metrics.record(MetricName.workflowsInMemory, load.workflowsInMemory)
            metrics.record(MetricName.attemptsWaiting, load.attemptsWaiting)
        }
    }

    extension AttemptEnd {
        fileprivate var metricWord: String {
            switch self {
            case .completed: "completed"
            case .failed(let failure): failure.kind.metricWord
            case .handedOver: "handedOver"
            }
        }
    }

    extension Failure.Kind {
        fileprivate var metricWord: String { self == .application ? "failed" : "\(self)" }
    }

    extension HistoryEvent.Outcome {
        fileprivate var metricWord: String {
            switch self {
            case .completed: "completed"
            case .failed: "failed"
            case .cancelled: "cancelled"
            case .terminated: "terminated"
            case .timedOut: "timedOut"
            case .continuedAsNew(_, nil): "continued"
            case .continuedAsNew: "retried"
            }
        }
    }
#endif
