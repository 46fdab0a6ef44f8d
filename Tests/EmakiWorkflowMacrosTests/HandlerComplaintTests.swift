#if Macros
    import Testing

    /// A workflow with these members, and a body.
    private func workflow(_ members: String) -> String {
        "@Workflow struct A {\n    func run(context: WorkflowContext<Self>) async throws {}\n"
            + "    \(members)\n}"
    }

    private func activities(_ members: String) -> String {
        "@Activities struct A {\n    \(members)\n}"
    }

    /// What the macros say about wrong handlers and activities.
    @Suite struct HandlerComplaintTests {
        @Test("a signal has no result")
        func signals() {
            expectComplaint(
                workflow("@Signal mutating func go(_ b: B) ⌖-> Int { 1 }"),
                "a signal is not answered: what it returns reaches nobody",
                [
                    "make it `@Update`": workflow("@Update mutating func go(_ b: B) -> Int { 1 }"),
                    "remove the result": workflow("@Signal mutating func go(_ b: B) { 1 }"),
                ])
        }

        @Test("a query changes nothing, waits for nothing, and answers")
        func queries() {
            expectComplaint(
                workflow("@Query ⌖mutating func go() -> Int { 1 }"), "a query changes nothing",
                [
                    "remove `mutating`": workflow("@Query func go() -> Int { 1 }"),
                    "make it `@Update`": workflow("@Update mutating func go() -> Int { 1 }"),
                ])
            expectComplaint(
                workflow("@Query func go() ⌖async -> Int { 1 }"),
                "a query waits for nothing: it is answered at once",
                [
                    "remove `async`": workflow("@Query func go() -> Int { 1 }"),
                    "make it `@Update`": workflow("@Update func go() async -> Int { 1 }"),
                ])
            expectComplaint(
                workflow("@Query func ⌖go() {}"), "a query has an answer: let it return something")
            expectComplaint(
                workflow("@Query func go() -> Int { ⌖context.now }"),
                "a query sees the state, and no context")
        }

        @Test("a handler is a method with one value in the braces of a workflow")
        func shapes() {
            expectComplaint(
                workflow("@Signal ⌖static func go() {}"), "a handler is a method of the workflow",
                ["remove `static`": workflow("@Signal func go() {}")])
            expectComplaint(
                workflow("@Signal func go⌖<B>(b: B) {}"),
                "a handler is found by its name: it is not generic")
            expectComplaint(
                workflow("@Update func go(b: B, ⌖c: C) {}"),
                "a message has one value: put several into a struct that is Codable")
            expectComplaint(
                workflow("@Signal func go(⌖b: B...) {}"), "an input is one value: take an array")
            expectComplaint(
                workflow("@Signal func go(⌖b: inout B) {}"),
                "an input comes from the log: it is passed as it is")
            expectComplaint(
                workflow("@Signal(name: ⌖b) func go() {}"),
                "`name` has to be a plain text in quotes")
            expectComplaint(
                workflow("⌖@Signal struct B {}"), "`@Signal` belongs to a method")
            expectComplaint(
                workflow("⌖@Signal @Update func go() {}"), "a method handles one kind of message")
            let place =
                "a handler stands in the braces of the struct that has `@Workflow`"
            expectComplaint("struct A { ⌖@Query func go() -> Int { 1 } }", place)
            expectComplaint("extension A { ⌖@Update func go() {} }", place)
        }

        @Test("two handlers have two names")
        func names() {
            expectComplaint(
                workflow("@Signal func go() {}\n    @Query func ⌖go(b: B) -> B { b }"),
                "two handlers are called `go`: a sender cannot tell them apart",
                [
                    "call it `go2`": workflow(
                        "@Signal func go() {}\n    @Query func go2(b: B) -> B { b }")
                ])
            expectComplaint(
                workflow("@Signal func go() {}\n    ⌖@Signal(name: \"go\") func run2() {}"),
                "two handlers are recorded as `go`")
        }

        @Test("a validator is there, and takes what its update takes")
        func validators() {
            let update = "@Update(validator: \"check\") func go(b: B) {}\n    "
            expectComplaint(
                workflow("@Update(validator: ⌖\"check\") func go(b: B) {}"),
                "there is no method `check` here")
            for wrong in ["(c: C)", "()", "(b: B) async", "(b: B, c: C)"] {
                expectComplaint(
                    workflow(update + "func ⌖check\(wrong) {}"),
                    "a validator takes what its update takes, waits for nothing, changes nothing, "
                        + "and throws to refuse the update")
            }
            expectComplaint(
                workflow(update + "func check(b: B) throws { ⌖context.now }"),
                "a validator sees the state, and no context")
        }

        @Test("an activity has a limit")
        func limits() {
            let message =
                "an activity has a limit, so that nothing hangs for ever: `startToClose` for an "
                + "attempt, or `scheduleToClose` for all of them"
            expectComplaint(
                activities("⌖@Activity func go() {}"), message,
                [
                    "add `startToClose: .seconds(10)`":
                        activities("@Activity(startToClose: .seconds(10)) func go() {}"),
                    "add `scheduleToClose: .seconds(60)`":
                        activities("@Activity(scheduleToClose: .seconds(60)) func go() {}"),
                ])
            expectComplaint(
                activities("⌖@Activity(name: \"b\", retry: .once) func go() {}"), message,
                [
                    "add `startToClose: .seconds(10)`": activities(
                        "@Activity(name: \"b\", startToClose: .seconds(10), retry: .once) "
                            + "func go() {}"
                    ),
                    "add `scheduleToClose: .seconds(60)`": activities(
                        "@Activity(name: \"b\", scheduleToClose: .seconds(60), retry: .once) "
                            + "func go() {}"),
                ])
        }

        @Test("an activity is a method with one value in the braces of a container")
        func activityShapes() {
            let good = "@Activity(startToClose: .seconds(1)) "
            expectComplaint(
                activities(good + "⌖static func go() {}"),
                "an activity is a method of its container")
            expectComplaint(
                activities(good + "⌖mutating func go() {}"),
                "an activity has no state: attempts run side by side",
                ["remove `mutating`": activities(good + "func go() {}")])
            expectComplaint(
                activities(good + "func go⌖<B>(b: B) {}"),
                "an activity is found by its name: it is not generic")
            expectComplaint(
                activities(good + "func go(b: B, ⌖c: C) {}"),
                "an activity has one input, and may have an `ActivityContext`: put several values "
                    + "into a struct that is Codable")
            expectComplaint(
                activities("@Activity(name: ⌖b, startToClose: .seconds(1)) func go() {}"),
                "`name` has to be a plain text in quotes")
            expectComplaint(
                activities("\(good)func go() {}\n    \(good)func ⌖go(b: B) {}"),
                "two activities are called `Go`")
            expectComplaint(activities("⌖\(good)struct B {}"), "`@Activity` belongs to a method")
            expectComplaint(
                "struct A { ⌖\(good)func go() {} }",
                "an activity stands in the braces of the type that has `@Activities`")
            expectComplaint(
                "@Activities ⌖enum A {}", "a container of activities is a struct, class or actor")
            expectComplaint(
                "@Activities struct A⌖<B> {}",
                "activities are found by their names: nothing is generic")
        }
    }
#endif
