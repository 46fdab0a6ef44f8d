#if Metrics
    import CoreMetrics
    import EmakiMetrics
    import EmakiWorkflow
    import EmakiWorkflowTesting
    import MetricsTestKit
    import Testing

    /// What an engine counts and times for swift-metrics.
    @Suite struct MetricsTests {
        private let backend = TestMetrics()
        private let observer: MetricsObserver

        init() { observer = MetricsObserver(factory: backend) }

        private func total(_ name: String, _ labels: [(String, String)]) -> Int64 {
            backend.counterTotal(label: name, dimensions: labels)
        }

        private func timer(_ name: String, _ labels: [(String, String)]) -> [Int64] {
            backend.timers(label: name, dimensions: labels).flatMap(\.values)
        }

        @Test(
            "starts, ends, steps, attempts are counted once, in whatever process, evicted or not",
            arguments: [false, true])
        func once(evicts: Bool) async throws {
            let site = Site(evicts: evicts, observers: [observer])
            try await site.twoLives("d")
            try await site.twoLives("e", Doubling.Input(fails: true))
            let type = ("type", "Doubling")
            #expect(total(MetricName.runsStarted, [type]) == 2)
            #expect(total(MetricName.runsClosed, [type, ("outcome", "completed")]) == 1)
            #expect(total(MetricName.runsClosed, [type, ("outcome", "failed")]) == 1)
            let double = ("activity", "Double")
            #expect(total(MetricName.stepsScheduled, [type, double]) == 2)
            #expect(total(MetricName.stepsClosed, [type, double, ("outcome", "completed")]) == 2)
            #expect(
                total(
                    MetricName.stepsClosed,
                    [type, ("activity", "(step)"), ("outcome", "completed")]) == 2)
            let made = Int64(site.world.attempts.count)
            #expect(total(MetricName.attemptsBegun, [double]) == made)
            let ends = ["completed", "failed"].map {
                total(MetricName.attemptsEnded, [double, ("outcome", $0)])
            }
            #expect(ends.reduce(0, +) == made)
            #expect(backend.meters(label: MetricName.attemptsRunning).count == 2)
            var eventCount = 0
            let engine = try await site.open()
            for id in ["d", "e"] {
                eventCount += try await engine.handle(Doubling.self, id: id).history().count
            }
            engine.close()
            #expect(total(MetricName.events, [type]) == Int64(eventCount))
        }

        @Test("time is split into deciding, commit wait, queue wait and running")
        func split() async throws {
            let site = Site(observers: [observer])
            try await site.twoLives("d")
            let commits = timer(MetricName.commitWait, [("type", "Doubling")])
            #expect(commits.count >= 5)
            #expect(timer(MetricName.deciding, [("type", "Doubling")]).count == commits.count)
            let attempts = site.world.attempts.count
            let double = ("activity", "Double")
            #expect(timer(MetricName.queueWait, [double]).count == attempts)
            #expect(timer(MetricName.running, [double, ("place", "here")]).count == attempts)
            #expect(timer(MetricName.running, [double, ("place", "outside")]).isEmpty)
            // By engine time, so the timer of 30 seconds is in it.
            let runs = timer(
                MetricName.runDuration, [("type", "Doubling"), ("outcome", "completed")])
            #expect(runs.count == 1)
            #expect(runs.allSatisfy { $0 >= 30_000_000_000 })
        }

        @Test("what somebody outside did is timed from when it was handed over, by the history")
        func outside() async throws {
            let watch = EventWatch()
            let site = Site(observers: [observer, watch])
            let clock = SkippingClock(skips: false)
            let first = try await engine(site, clock)
            try await first.start(Waiting.self, id: "w", Nothing())
            await watch.wait(for: "AttemptHandedOver", of: "w")
            first.close()
            clock.advance(by: .seconds(20))
            let second = try await engine(site, clock)
            let runID = try await second.handle(Waiting.self, id: "w").describe().runID
            let token = TaskToken(workflowID: "w", runID: runID, step: 2, attempt: 1)
            #expect(try await second.complete(token, 9))
            #expect(try await second.handle(Waiting.self, id: "w").result() == 9)
            second.close()
            let activity = ("activity", "Outside")
            #expect(
                timer(MetricName.running, [activity, ("place", "outside")]) == [20_000_000_000])
            #expect(total(MetricName.attemptsEnded, [activity, ("outcome", "handedOver")]) == 1)
        }

        private func engine(
            _ site: Site, _ clock: SkippingClock
        ) async throws -> WorkflowEngine {
            var options = EngineOptions()
            options.clock = clock
            options.observers = site.observers
            return try await WorkflowEngine(
                store: site.store.session(),
                definitions: [
                    WorkflowDefinition(Waiting.self), WorkflowDefinition(Faulty.self),
                ], activities: [Outside()], options: options)
        }

        @Test("faults of code, leaked code and failures of the store are counted")
        func faults() async throws {
            let clock = SkippingClock(skips: false)
            let engine = try await engine(Site(observers: [observer]), clock)
            let handle = try await engine.start(Faulty.self, id: "f", Nothing())
            while try await handle.describe().pause == nil { clock.advance(by: .seconds(60)) }
            #expect(total(MetricName.taskFailures, [("type", "Faulty")]) == 5)
            engine.close()
            observer.storeFailed(WorkflowError.noSpace)
            observer.storeFailed(WorkflowError.noSpace)
            #expect(total(MetricName.storeFailures, [("outcome", "noSpace")]) == 2)
        }

        @Test("no label is an id or something secret, and there are no more than a thousand")
        func cardinality() async throws {
            let site = Site(observers: [observer])
            try await site.twoLives("an-id", Doubling.Input(fails: true))
            let labels =
                backend.counters.map { "\($0.label) \($0.dimensions)" }
                + backend.timers.map { "\($0.label) \($0.dimensions)" }
            #expect(!labels.isEmpty)
            #expect(!labels.contains { $0.contains(secret) || $0.contains("an-id") })
            for number in 0..<1_010 {
                observer.storeFailed(WorkflowError.invalid(""))
                observer.taskFailed(
                    in: ObservedRun(workflowID: "w", workflowType: "Type\(number)"),
                    Failure(.misuse, type: "", message: ""))
            }
            #expect(backend.counters(label: MetricName.taskFailures).count <= 1_001)
            #expect(total(MetricName.taskFailures, [("type", "other")]) >= 10)
        }

        @Test("how much an engine has in hand is recorded when it is asked")
        func load() async throws {
            let site = Site(observers: [observer])
            let engine = try await site.open(skips: false)
            try await engine.start(Doubling.self, id: "d", Doubling.Input())
            observer.record(engine.load)
            #expect(
                try backend.expectMeter(MetricName.workflowsInMemory).lastValue == 1)
            engine.close()
        }
    }
#endif
