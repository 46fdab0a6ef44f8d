#if Tracing
    import EmakiPlatform
    import EmakiTracing
    import EmakiWorkflowTesting
    import InMemoryTracing
    import Testing
    import Tracing

    @testable import EmakiWorkflow

    /// The spans that an engine makes.
    @Suite struct TracingTests {
        private let tracer = InMemoryTracer()
        private let tracing: WorkflowTracing
        private let watch = EventWatch()

        init() { tracing = WorkflowTracing(tracer: tracer) }

        private func site(evicts: Bool = false) -> Site {
            let tracer = tracer
            return Site(
                evicts: evicts, observers: [tracing], interceptors: [tracing]
            ) { _ in tracer.startSpan("of the activity").end() }
        }

        private func spans(_ name: String) -> [FinishedInMemorySpan] {
            tracer.finishedSpans.filter { $0.operationName == name }
        }

        private func span(_ name: String) throws -> FinishedInMemorySpan {
            try #require(spans(name).first)
        }

        @Test(
            "attempts and the run are children of the start, in whatever process, evicted or not",
            arguments: [false, true])
        func trace(evicts: Bool) async throws {
            let site = site(evicts: evicts)
            let caller = tracer.startSpan("caller")
            try await ServiceContext.withValue(caller.context) { try await site.twoLives("d") }
            caller.end()
            let start = try span("start Doubling")
            #expect(start.parentSpanID == caller.spanID)
            #expect(spans("start Doubling").count == 1)
            let engine = try await site.open()
            let runID = try await engine.handle(Doubling.self, id: "d").describe().runID
            engine.close()
            #expect(start.attributes.get("emaki.run.id") == .string(runID))
            let run = try span("run Doubling")
            #expect(spans("run Doubling").count == 1)
            let attempts = spans("activity Double")
            let made = site.world.attempts.count
            // One may have been under way when its process was closed: it has two, what it did and
            // what became of it.
            let lost = attempts.filter { $0.attributes.get("emaki.outside") != nil }
            #expect(attempts.count - lost.count == made)
            #expect(lost.count <= 1)
            for span in attempts + [run] + spans("step step-2") + spans("activate Doubling") {
                #expect(span.traceID == caller.traceID)
                #expect(span.parentSpanID == start.spanID)
                #expect(span.attributes.get("emaki.workflow.id") == .string("d"))
                #expect(span.attributes.get("emaki.run.id") == .string(runID))
            }
            #expect(spans("step step-2").count == 1)
            // What an activity does is under its attempt.
            let inner = spans("of the activity")
            #expect(inner.count == made)
            #expect(Set(inner.map(\.parentSpanID)).isSubset(of: Set(attempts.map(\.spanID))))
            #expect(tracer.activeSpans.isEmpty)
        }

        @Test("a run that took thirty days is a span of thirty days, which was never open")
        func long() async throws {
            enum Month: Workflow {
                static func run(
                    context: WorkflowContext<Self>, input: Nothing
                ) async throws -> Int {
                    let once = try await context.step("early") { _ in 1 }
                    try await context.sleep(for: .seconds(30 * 86_400))
                    return once + (try await context.step("late") { _ in 1 })
                }
            }
            var options = EngineOptions()
            options.clock = SkippingClock(start: SystemClock.wallNanoseconds())
            options.trace(with: tracing)
            let engine = try await WorkflowEngine(
                store: MemoryHistoryStore().session(),
                definitions: [WorkflowDefinition(Month.self)],
                options: options)
            #expect(try await engine.execute(Month.self, id: "m", Nothing()) == 2)
            engine.close()
            let start = try span("start Month")
            let early = try span("step early")
            #expect(early.parentSpanID == start.spanID)
            #expect(early.links.isEmpty)
            for late in [try span("step late")] {
                #expect(late.parentSpanID == nil)
                #expect(late.traceID != start.traceID)
                let link = try #require(late.links.first)
                #expect(link.context.inMemorySpanContext?.spanID == start.spanID)
            }
            // It began with the start, and is in its trace.
            let run = try span("run Month")
            #expect(run.parentSpanID == start.spanID)
            let nanoseconds =
                run.endInstant.nanosecondsSinceEpoch - run.startInstant.nanosecondsSinceEpoch
            #expect(nanoseconds >= 30 * 86_400 * 1_000_000_000)
        }

        @Test("a child is in the trace of who started its parent")
        func child() async throws {
            let engine = try await site().open()
            #expect(try await engine.execute(Parenting.self, id: "p", 3) == 12)
            engine.close()
            let start = try span("start Parenting")
            let child = try span("run Doubling")
            #expect(child.parentSpanID == start.spanID)
            #expect(child.attributes.get("emaki.workflow.id") == .string("child"))
            #expect(spans("start Doubling").isEmpty)
        }

        @Test("an attempt that somebody outside had is a span from when it was handed over")
        func outside() async throws {
            let clock = SkippingClock(start: SystemClock.wallNanoseconds(), skips: false)
            let store = MemoryHistoryStore()
            let first = try await engine(store, clock)
            try await first.start(Waiting.self, id: "w", Nothing())
            await watch.wait(for: "AttemptHandedOver", of: "w")
            first.close()
            clock.advance(by: .seconds(20))
            let second = try await engine(store, clock)
            let runID = try await second.handle(Waiting.self, id: "w").describe().runID
            let token = TaskToken(workflowID: "w", runID: runID, step: 2, attempt: 1)
            #expect(try await second.complete(token, 9))
            _ = try await second.handle(Waiting.self, id: "w").result()
            second.close()
            let both = spans("activity Outside")
            #expect(both.count == 2)
            let here = try #require(both.first { $0.attributes.get("emaki.handed_over") != nil })
            #expect(here.status == nil)
            let there = try #require(both.first { $0.attributes.get("emaki.outside") != nil })
            let nanoseconds =
                there.endInstant.nanosecondsSinceEpoch - there.startInstant.nanosecondsSinceEpoch
            #expect(nanoseconds == 20_000_000_000)
            #expect(there.parentSpanID == (try span("start Waiting").spanID))
        }

        @Test("an attempt whose process ended is a span from when it was recorded, that failed")
        func lost() async throws {
            let clock = SkippingClock(start: SystemClock.wallNanoseconds(), skips: false)
            let store = MemoryHistoryStore()
            let session = store.session()
            let ended = AsyncStream<Void>.makeStream()
            // The process ends before the result of its attempt is stored.
            session.end(at: .init(commit: 2, isStored: false)) { ended.continuation.finish() }
            let first = try await engine(session, clock)
            try await first.start(Doubling.self, id: "d", Doubling.Input())
            for await _ in ended.stream {}
            first.close()
            clock.advance(by: .seconds(5))
            let second = try await engine(store.session(), clock)
            await watch.wait(for: "AttemptFailed", of: "d")
            second.close()
            let span = try #require(
                spans("activity Double").first { $0.attributes.get("emaki.outside") != nil })
            #expect(span.attributes.get("emaki.outside") == .bool(false))
            #expect(span.status?.message == "OutcomeUnknown")
            let nanoseconds =
                span.endInstant.nanosecondsSinceEpoch - span.startInstant.nanosecondsSinceEpoch
            #expect(nanoseconds == 5_000_000_000)
        }

        private func engine(
            _ store: MemoryHistoryStore, _ clock: SkippingClock
        ) async throws -> WorkflowEngine {
            try await engine(store.session(), clock)
        }

        private func engine(
            _ session: MemoryHistoryStore.Session, _ clock: SkippingClock
        ) async throws -> WorkflowEngine {
            var options = EngineOptions()
            options.clock = clock
            options.observers = [watch]
            options.trace(with: tracing)
            return try await WorkflowEngine(
                store: session,
                definitions: [
                    WorkflowDefinition(Waiting.self), WorkflowDefinition(Doubling.self),
                ], activities: [Outside(), Double(world: World())], options: options)
        }

        @Test("no span has what is secret, and a start that fails says why by its code")
        func secrets() async throws {
            let site = site()
            try await site.twoLives("d", Doubling.Input(fails: true))
            let run = try span("run Doubling")
            #expect(run.status?.message == "TooMuch")
            let failed = spans("activity Double").filter { $0.status?.code == .error }
            #expect(failed.contains { $0.status?.message == "Busy" })
            let texts = tracer.finishedSpans.map { span -> String in
                var text = "\(span.operationName) \(String(describing: span.status)) \(span.errors)"
                span.attributes.forEach { name, value in text += " \(name)=\(value)" }
                return text
            }
            #expect(!texts.contains { $0.contains(secret) })
            let engine = try await site.open(skips: false)
            _ = try await engine.start(Waiting.self, id: "w", Nothing())
            _ = try? await engine.start(Waiting.self, id: "w", Nothing())
            engine.close()
            #expect(spans("start Waiting").map(\.status?.message) == [nil, "alreadyRunning"])
        }

        @Test("headers that make no sense are no trace, and nobody fails for them")
        func headers() {
            var run = ObservedRun(
                workflowID: "w", workflowType: "W",
                headers: [
                    "emaki-traced-at": "\(Int64.min)", InMemoryTracer.traceIDKey: "x",
                    InMemoryTracer.spanIDKey: "y",
                ])
            for text in ["\(Int64.max)", "ten", "", "-1"] {
                tracing.committed(.closing(run, at: .max))
                tracing.committed(.closing(run, at: .min))
                run.headers["emaki-traced-at"] = text
            }
            #expect(spans("run W").count == 8)
            // Further apart than a number can say is not together.
            let first = spans("run W").first
            #expect(first?.parentSpanID == nil)
            #expect(first?.links.count == 1)
        }
    }

    extension ObservedCommit {
        /// The end of a run.
        fileprivate static func closing(_ run: ObservedRun, at time: Int64) -> ObservedCommit {
            ObservedCommit(
                run: run,
                events: [
                    ObservedEvent(
                        event: HistoryEvent(
                            id: 2, time: time, commandCount: nil, body: .closed(.cancelled)))
                ], deciding: .zero, commitWait: .zero)
        }
    }
#endif
