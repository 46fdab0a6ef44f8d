#if !Macros
    import EmakiWorkflow
    import EmakiWorkflowTesting

    // Written by hand; `MacroScenarioWorkflows.swift` has the same as macros.

    /// Writes down what it is given.
    struct Note: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let world: World
        var session: (any ProcessSession)?

        func run(context: ActivityContext, input: String) async throws -> String {
            world.act(input, context.info, in: session)
            return "noted \(input)"
        }
    }

    /// Fails at its first two attempts.
    struct Flaky: Activity {
        static let options = ActivityOptions(startToClose: .seconds(10))
        let world: World
        var session: (any ProcessSession)?

        func run(context: ActivityContext, input: Nothing) async throws -> String {
            if context.info.attempt < 3 { throw ApplicationFailure("not yet") }
            world.act("flaky", context.info, in: session)
            return "done"
        }
    }

    /// Somebody else says when it is done.
    struct Later: Activity {
        static let options = ActivityOptions(startToClose: .seconds(3600))

        func run(context: ActivityContext, input: Nothing) async throws -> String {
            throw ActivityContext.CompletesLater()
        }
    }

    enum Timers: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let began = context.now
            try await context.sleep(for: .seconds(30 * 86_400))
            let winner = try await context.race(
                {
                    try await context.sleep(for: .seconds(50))
                    return "slow"
                },
                {
                    try await context.sleep(for: .seconds(5))
                    return "fast"
                })
            let all = try await context.all(
                (1...3).map { number in
                    { @Sendable in
                        try await context.sleep(for: .seconds(10 - number))
                        return number
                    }
                })
            async let left: Void = context.sleep(for: .seconds(2))
            async let right: Void = context.sleep(for: .seconds(1))
            _ = try await (left, right)
            let holds = try await context.wait(until: { _ in false }, timeout: .seconds(3))
            let days = (context.now - began) / 86_400_000_000_000
            return "\(winner) \(all) \(holds) \(days)"
        }
    }

    enum Parent: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            async let first = context.runChild(Child.self, id: "child-1", "one")
            // wf:allow(WF091) siblings without branches belong to the scenarios
            async let second = context.runChild(Child.self, id: "child-2", "two")
            let both = try await [first, second]
            do {
                _ = try await context.runChild(Child.self, id: "child-3", "fail")
                return "the third did not fail"
            } catch let failure as StepFailure {
                let handle = try await context.startChild(Child.self, id: "child-4", "wait")
                try await handle.signal(Child.go, "go")
                return "\(both), \(failure.cause.message), \(try await handle.result())"
            }
        }
    }

    enum Child: Workflow {
        static let go = Signal<Self, String>("go")

        static func initialState(for input: String) -> String { "" }

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(go) { state, word in state = word }
        }

        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            if input == "fail" { throw ApplicationFailure("as asked") }
            if input == "wait" { try await context.wait { !$0.isEmpty } }
            return try await context.run(Note.self, input + context.state)
        }
    }

    enum Countdown: Workflow {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            _ = try await context.run(Note.self, "\(input)")
            guard input > 0 else { return "lift off" }
            throw try context.continueAsNew(input - 1)
        }
    }

    enum Sender: Workflow {
        static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
            try await context.signal(input, Counter.add, 3)
            try await context.signal(input, Counter.add, 4)
            try await context.signal(input, Counter.finish, Nothing())
            do {
                try await context.signal("nobody", Counter.add, 1)
                return "sent to nobody"
            } catch is StepFailure {
                return "sent"
            }
        }
    }

    /// An activity that may run once, with a result that does not depend on whether it did.
    enum OnceOnly: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let options = ActivityOptions(startToClose: .seconds(10), retry: .once)
            do {
                _ = try await context.run(Note.self, "once", options: options)
            } catch let failure as StepFailure where failure.cause.kind == .outcomeUnknown {
                return "over"
            }
            return "over"
        }
    }

    enum Retrying: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.run(Flaky.self, input)
        }
    }

    enum Cancellable: Workflow {
        static let ready = Signal<Self, Nothing>("ready")

        static func initialState(for input: Nothing) -> Bool { false }

        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(ready) { state, _ in state = true }
        }

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.saga { saga in
                _ = try await saga.run(Debit.self, Transfer(amount: 1), undo: Refund.self) { _ in ""
                }
                try await context.wait { $0 }
                try await context.sleep(for: .seconds(1_000_000))
                return "not cancelled"
            }
        }
    }

    enum Steps: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            var sum = 0
            for number in 1...3 {
                sum += try await context.step("add") { _ in number }
                sum += try await context.step("inline", on: .loop) { _ in number * 10 }
            }
            let branches = try await context.branch("b") {
                try await context.step("add") { info in info.key }
            }
            return "\(sum) \(branches)"
        }
    }

    enum Outside: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.run(Later.self, input)
        }
    }

    enum FailingTwice: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            if context.info.attempt < 3 {
                throw ApplicationFailure("attempt \(context.info.attempt)")
            }
            return "attempt \(context.info.attempt)"
        }
    }

    /// Two activities at once, of which one may run once only; if that one fails, the other is let
    /// go.
    enum Parallel: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let once = ActivityOptions(startToClose: .seconds(10), retry: .once)
            do {
                _ = try await context.all(
                    { try await context.run(Note.self, "once", options: once) },
                    { try await context.run(Note.self, "again") })
            } catch is StepFailure {
                return "over"
            }
            return "over"
        }
    }

    /// After a restart both timers are overdue, and an activity was under way.
    enum LateTimers: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            async let note = context.run(Note.self, "beside")
            let winner = try await context.race(
                {
                    try await context.sleep(for: .milliseconds(300))
                    return "first"
                },
                {
                    try await context.sleep(for: .milliseconds(500))
                    return "second"
                })
            return "\(winner), \(try await note)"
        }
    }
#endif
