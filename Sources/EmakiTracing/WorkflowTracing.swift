#if Tracing
    import EmakiWorkflow
    import Tracing

    /// Makes spans of what an engine does, for swift-distributed-tracing.
    ///
    ///     options.trace(with: WorkflowTracing())
    ///
    /// A start is a span in its caller's trace. Its context is put into the run's headers, so it is
    /// durable, and is passed on to attempts, to children and to the runs that follow, in whatever
    /// process they go on. No span is open longer than an attempt: a run is one span that is made
    /// at its end, from the times that are recorded. What comes later than `together` after the
    /// start begins a trace of its own, with a link to it. A replay makes no span.
    ///
    /// `Docs/observability.md` lists spans and attributes.
    public struct WorkflowTracing: EngineObserver, EngineInterceptor {
        typealias Timestamp = DefaultTracerClock.Timestamp

        let tracer: any Tracer
        let together: Duration
        let showsCommits: Bool

        /// - Parameters:
        ///   - tracer: by default the one that the program was set up with.
        ///   - together: what begins so soon after a run was started is in the trace of the start.
        ///   - showsCommits: each commit in which code went on is a span, too.
        public init(
            tracer: any Tracer = InstrumentationSystem.tracer, together: Duration = .seconds(3_600),
            showsCommits: Bool = true
        ) {
            self.tracer = tracer
            self.together = together
            self.showsCommits = showsCommits
        }

        // MARK: Around

        /// A span in the caller's trace, whose context goes into the run's headers.
        public func start(
            _ start: StartingRun, _ proceed: (StartingRun) async throws -> String
        ) async throws -> String {
            let span = tracer.startSpan(
                "start \(start.workflowType)", context: ServiceContext.current ?? .topLevel,
                ofKind: .producer)
            defer { span.end() }
            span.attributes[SpanName.workflow] = start.workflowID
            span.attributes[SpanName.type] = start.workflowType
            var start = start
            tracer.inject(span.context, into: &start.headers, using: HeaderCarrier())
            start.headers[HeaderCarrier.tracedAt] =
                "\(DefaultTracerClock.now.nanosecondsSinceEpoch)"
            do {
                let runID = try await proceed(start)
                span.attributes[SpanName.run] = runID
                return runID
            } catch {
                span.failed((error as? WorkflowError)?.code ?? "\(Swift.type(of: error))")
                throw error
            }
        }

        /// A span, which what the attempt does has as its parent.
        public func attempt(
            _ attempt: ObservedAttempt, _ proceed: () async throws -> Payload
        ) async throws -> Payload {
            let span = begin(
                attempt.step.spanName, attempt.run, at: DefaultTracerClock.now,
                recorded: attempt.step.attemptAt, ofKind: .consumer)
            defer { span.end() }
            span.set(attempt.step)
            span.attributes[SpanName.queueWait] = attempt.queueWait.spanNanoseconds
            do {
                return try await ServiceContext.withValue(span.context) { try await proceed() }
            } catch let later as ActivityContext.CompletesLater {
                span.attributes[SpanName.handedOver] = true
                throw later
            } catch {
                span.failed(Failure(describing: error).type)
                throw error
            }
        }

        // MARK: Beside

        /// Spans from recorded times: of the run that has ended, of attempts that somebody outside
        /// had, and of those whose process ended.
        public func committed(_ commit: ObservedCommit) {
            for entry in commit.events { add(entry, commit.run) }
            guard showsCommits, commit.events.contains(where: { $0.event.commandCount != nil })
            else { return }
            let end = DefaultTracerClock.now
            let length = (commit.deciding + commit.commitWait).spanNanoseconds
            let start = end.nanosecondsSinceEpoch.subtractingReportingOverflow(
                UInt64(max(0, length)))
            let span = begin(
                "activate \(commit.run.workflowType)", commit.run,
                at: Timestamp(nanosecondsSinceEpoch: start.overflow ? 0 : start.partialValue),
                recorded: commit.events.first?.event.time ?? 0, ofKind: .internal)
            span.attributes[SpanName.events] =
                commit.events.map(\.event.typeName).joined(separator: ",")
            span.attributes[SpanName.deciding] = commit.deciding.spanNanoseconds
            span.attributes[SpanName.commitWait] = commit.commitWait.spanNanoseconds
            span.end(at: end)
        }

        private func add(_ entry: ObservedEvent, _ run: ObservedRun) {
            switch entry.event.body {
            case .closed(let outcome):
                let span = recorded("run \(run.workflowType)", run, from: run.startedAt)
                span.attributes[SpanName.outcome] = outcome.spanWord
                if let failure = outcome.spanFailure { span.failed(failure) }
                span.end(at: Timestamp.recorded(entry.event.time))
            case .stepCompleted: end(entry.step, run, nil, at: entry.event.time)
            case .attemptFailed(_, _, let failure, _), .stepFailed(_, _, let failure):
                end(entry.step, run, failure, at: entry.event.time)
            default: break
            }
        }

        /// The span of an attempt that no process has one of.
        private func end(
            _ step: ObservedStep?, _ run: ObservedRun, _ failure: Failure?, at time: Int64
        ) {
            guard let step else { return }
            let from: Int64
            if let handedOverAt = step.handedOverAt {
                from = handedOverAt
            } else if failure?.kind == .outcomeUnknown {
                from = step.attemptAt
            } else {
                return
            }
            let span = recorded(step.spanName, run, from: from)
            span.set(step)
            span.attributes[SpanName.isOutside] = step.handedOverAt != nil
            if let failure { span.failed(failure.type) }
            span.end(at: Timestamp.recorded(time))
        }

        // MARK: Parts

        private func recorded(_ name: String, _ run: ObservedRun, from time: Int64) -> any Span {
            begin(name, run, at: .recorded(time), recorded: time, ofKind: .internal)
        }

        /// Begins a span in the trace of the run's start, or one that is linked to it.
        /// - Parameter time: by engine time.
        private func begin(
            _ name: String, _ run: ObservedRun, at instant: Timestamp,
            recorded time: Int64, ofKind kind: SpanKind
        ) -> any Span {
            var origin = ServiceContext.topLevel
            tracer.extract(run.headers, into: &origin, using: HeaderCarrier())
            let tracedAt = run.headers[HeaderCarrier.tracedAt].flatMap { Int64($0) }
            let age = time.subtractingReportingOverflow(tracedAt ?? run.startedAt)
            let isTogether = !age.overflow && age.partialValue <= together.spanNanoseconds
            let span = tracer.startSpan(
                name, context: isTogether ? origin : .topLevel, ofKind: kind, at: instant)
            if !isTogether { span.addLink(SpanLink(context: origin, attributes: [:])) }
            span.attributes[SpanName.workflow] = run.workflowID
            span.attributes[SpanName.run] = run.runID
            span.attributes[SpanName.type] = run.workflowType
            return span
        }
    }

    extension EngineOptions {
        /// Traces what an engine does.
        public mutating func trace(with tracing: WorkflowTracing) {
            observers.append(tracing)
            interceptors.append(tracing)
        }
    }
#endif
