#if Logging
    import EmakiLogging
    import EmakiWorkflow
    import EmakiWorkflowTesting
    import InMemoryLogging
    import Logging
    import Testing

    /// What an engine writes to swift-log.
    @Suite struct LoggingTests {
        private let handler = InMemoryLogHandler()

        private func logger(_ level: Logger.Level = .trace) -> Logger {
            var logger = Logger(label: "test") { _ in handler }
            logger.logLevel = level
            return logger
        }

        private func observer(_ level: Logger.Level = .trace, messages: Bool = false)
            -> LoggingObserver
        {
            LoggingObserver(logger(level), showsFailureMessages: messages)
        }

        private func count(_ message: Logger.Message) -> Int {
            handler.entries.count { $0.message == message }
        }

        private func entry(_ message: Logger.Message) throws -> InMemoryLogHandler.Entry {
            try #require(handler.entries.first { $0.message == message })
        }

        @Test(
            "each event is a line, once, though the run is evicted and another process goes on",
            arguments: [false, true])
        func once(evicts: Bool) async throws {
            let site = Site(evicts: evicts, observers: [observer()])
            try await site.twoLives("d")
            let engine = try await site.open()
            let history = try await engine.handle(Doubling.self, id: "d").history()
            engine.close()
            let ids = handler.entries.compactMap { $0.metadata["event.id"]?.description }
            #expect(ids == history.map { "\($0.id)" })
            #expect(count("doubles") == 1)
            #expect(count("doubled") == 1)
            #expect(count("an attempt failed, and another follows") >= 1)
        }

        @Test("lines name the run, the step, the attempt and the failure, at their levels")
        func names() async throws {
            let site = Site(observers: [observer()])
            try await site.twoLives("d", Doubling.Input(fails: true))
            let began = try entry("the run began")
            #expect(began.level == .info)
            #expect(began.metadata["workflow.id"] == "d")
            #expect(began.metadata["workflow.type"] == "Doubling")
            #expect(began.metadata["run.id"]?.description.isEmpty == false)
            let failed = try #require(
                handler.entries.last { $0.message == "an attempt failed, and another follows" })
            #expect(failed.level == .notice)
            #expect(failed.metadata["step.key"] == "Double")
            #expect(failed.metadata["step.name"] == "Double")
            #expect(failed.metadata["failure.kind"] != nil)
            let done = try entry("a step completed")
            #expect(done.level == .debug)
            #expect(Int("\(done.metadata["attempt"] ?? "")") ?? 0 >= 2)
            let end = try entry("the run failed")
            #expect(end.level == .warning)
            #expect(end.metadata["failure.type"] == "TooMuch")
            #expect(end.metadata["failure.message"] == nil)
            #expect(try entry("a signal came").metadata["name"] == "go")
            let own = try entry("doubles")
            #expect(own.level == .notice)
            #expect(own.metadata["workflow.id"] == "d")
            #expect(own.metadata["step"] == "first")
        }

        @Test("no line has what is secret, unless messages of errors are wanted")
        func secrets() async throws {
            for messages in [false, true] {
                let site = Site(observers: [observer(messages: messages)])
                try await site.twoLives("d", Doubling.Input(fails: true))
                let lines = handler.entries.map { "\($0.message) \($0.metadata)" }
                #expect(lines.contains { $0.contains(secret) } == messages)
            }
        }

        @Test("below the logger's level nothing is written")
        func levels() async throws {
            let site = Site(observers: [observer(.notice)])
            try await site.twoLives("d")
            #expect(handler.entries.allSatisfy { $0.level >= .notice })
            #expect(count("doubles") == 1)
            #expect(count("doubled") == 0)
        }

        @Test("a fault of code is an error, once, and that its run rests too")
        func faults() async throws {
            let clock = SkippingClock(skips: false)
            var options = EngineOptions()
            options.clock = clock
            options.observers = [observer()]
            let engine = try await WorkflowEngine(
                store: MemoryHistoryStore().session(),
                definitions: [WorkflowDefinition(Faulty.self)], options: options)
            let handle = try await engine.start(Faulty.self, id: "f", Nothing())
            while try await handle.describe().pause == nil { clock.advance(by: .seconds(60)) }
            #expect(count("the run's code failed") == 1)
            #expect(try entry("the run's code failed").level == .error)
            #expect(try entry("the run's code failed").metadata["failure.type"] == "Undeclared")
            #expect(count("the run rests: its code failed again and again") == 1)
            engine.close()
        }

        @Test("an activity's own lines name the attempt")
        func activities() async throws {
            let logger = logger()
            let site = Site { context in context.logger(logger).info("at work") }
            try await site.twoLives("d")
            let entries = handler.entries.filter { $0.message == "at work" }
            #expect(entries.count == site.world.attempts.count)
            #expect(entries.last?.metadata["workflow.id"] == "d")
            #expect(
                entries.last?.metadata["attempt"]?.description
                    == site.world.attempts.last.map { "\($0.attempt)" })
        }

        @Test("what the store refuses is an error, by its code")
        func store() throws {
            let observer = observer()
            observer.storeFailed(WorkflowError.noSpace)
            #expect(try entry("the store failed").level == .error)
            #expect(try entry("the store failed").metadata["failure.type"] == "noSpace")
        }
    }
#endif
