#if Lint
    import EmakiLint
    import Testing

    /// What `--fix` changes.
    @Suite struct FixTests {
        private func workflow(_ body: String) -> String {
            """
            enum Order: Workflow {
                static func run(context here: WorkflowContext<Self>, input: Int) async throws {
                    \(body)
                }
            }
            """
        }

        private func mended(_ text: String) -> String { Linter.mend(text, findings(in: text)) }

        private static let mending = [
            "let now = Date()":
                "let now = Date(timeIntervalSince1970: Double(here.now) / 1_000_000_000)",
            "use(Date.now)": "use(Date(timeIntervalSince1970: Double(here.now) / 1_000_000_000))",
            "let id = UUID()": "let id = try here.uuid()",
            "let id = UUID().uuidString": "let id = try here.uuid()",
            "let id = try make(UUID().uuidString)": "let id = try make(here.uuid())",
            "id = UUID().uuidString": "id = try here.uuid()",
            "try await Task.sleep(for: .seconds(1))": "try await here.sleep(for: .seconds(1))",
            "try await Task.sleep(nanoseconds: 1_000)":
                "try await here.sleep(for: .nanoseconds(1_000))",
            "try await Task.sleep(nanoseconds: pause)":
                "try await here.sleep(for: .nanoseconds(Int64(pause)))",
        ]

        @Test("what is mechanical is mended, and stays mended", arguments: mending)
        func mends(before: String, after: String) {
            let once = mended(workflow(before))
            #expect(once == workflow(after))
            #expect(mended(once) == once)
            #expect(findings(in: once) == [])
        }

        private static let leaving = [
            "let later = Date(timeIntervalSinceNow: 5)", "let id = other ?? UUID().uuidString",
            "let n = Int.random(in: 0...1)", "Thread.sleep(forTimeInterval: 1)",
            "try await Task.sleep(for: .seconds(1), tolerance: .zero)",
            "let ids = list.map { _ in UUID() }", "let clock = ContinuousClock()",
            "let text = UUID().description",
        ]

        @Test("what is not mechanical stays as it is", arguments: leaving)
        func leaves(body: String) {
            let text = workflow(body)
            #expect(!findings(in: text).isEmpty)
            #expect(mended(text) == text)
        }

        @Test("without a name for the context nothing is mended")
        func nameless() {
            let text = """
                @Workflow struct Order {
                    var id = UUID()
                    func run(context: WorkflowContext<Self>) async throws { helper() }
                    @Query func age() -> Date { Date() }
                    func helper() { _ = Date() }
                }
                """
            #expect(findings(in: text).count == 3)
            #expect(mended(text) == text)
        }

        @Test("a handler has the context by its own name, or as a macro's handler does")
        func handlers() {
            let byHand = """
                enum Order: Workflow {
                    static func handle(_ handlers: inout MessageHandlers<Self>) {
                        handlers.on(go, perform: { c, _ in try await Task.sleep(for: .seconds(1)) })
                    }
                }
                """
            #expect(mended(byHand).contains("try await c.sleep(for: .seconds(1))"))
            let macro = """
                @Workflow struct Order {
                    func run(context: WorkflowContext<Self>) async throws {}
                    @Update func go() async throws -> String { UUID().uuidString }
                }
                """
            #expect(mended(macro).contains("String { try context.uuid() }"))
        }

        @Test("several in one file, among letters of more than one byte")
        func several() {
            let text = workflow("/* ü → 🙂 */ use(\"é\", Date(), UUID())\n_ = Date.now  // ü")
            let now = "Date(timeIntervalSince1970: Double(here.now) / 1_000_000_000)"
            #expect(
                mended(text)
                    == workflow("/* ü → 🙂 */ use(\"é\", \(now), try here.uuid())\n_ = \(now)  // ü")
            )
        }
    }
#endif
