#if Lint
    import EmakiLint
    import Testing

    /// Which code is looked at, and which is not.
    @Suite struct ScopeTests {
        /// The ids that are found, and how a run comes there.
        private func ways(_ files: String...) -> [String] {
            let names = ["A", "B", "C"]
            let texts = zip(names, files).map {
                SourceText(path: "Sources/Shop/\($0).swift", text: $1)
            }
            return Linter.lint(texts).map { "\($0.ruleID) \($0.path.joined(separator: " → "))" }
        }

        private let run =
            "static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int "

        @Test("without a workflow nothing is looked at")
        func outside() {
            #expect(
                ways(
                    "struct Workflow {}\nfunc run() { _ = Date() }\nlet id = UUID()",
                    "class Order: Base { func run(context: Context) { Task { _ = Date() } } }",
                    "@Test func f() { sleep(1) }\nprotocol Workflow {}\n"
                        + "struct A: Workflow { func run() { _ = Date() } }") == [])
        }

        @Test("bodies, handlers, validators, first states: written by hand")
        func byHand() {
            let found = ways(
                """
                enum Order: Workflow {
                    struct State { var id = UUID() }
                    static let go = Signal<Self, Int>("go")
                    static let change = Update<Self, Int, Int>("change")
                    static func initialState(for input: Int) -> State { State() }
                    static func migrate(from old: RecordedState) throws -> State? { later() }
                    static func later() -> State? { _ = Date(); return nil }
                    static func handle(_ handlers: inout MessageHandlers<Self>) {
                        handlers.on(go) { state, _ in sleep(1) }
                        handlers.on(change, validate: { _, _ in _ = Date() }) { state, n in
                            n + Int.random(in: 0...1)
                        }
                        handlers.on(change, perform: { context, n in _ = Date.now; return n })
                    }
                    \(run){ Date().hash }
                }
                """)
            #expect(
                found == [
                    "WF010 Order.initialState → State.id", "WF001 Order.migrate → Order.later",
                    "WF003 handler of go", "WF001 validator in handler of change",
                    "WF011 handler of change", "WF001 handler of change", "WF001 Order.run",
                ])
        }

        @Test("bodies, handlers, validators, first states: as macros")
        func macros() {
            let found = ways(
                """
                @Workflow(version: 2)
                struct Order {
                    var id = UUID()
                    var count: Int
                    init(input: Int) { count = Int.random(in: 0...input) }
                    mutating func run(context: WorkflowContext<Self>, input: Int) async throws {
                        _ = Date()
                    }
                    @Signal mutating func go() { sleep(1) }
                    @Query func age() -> Date { Date() }
                    @Update(validator: "check") mutating func set(_ n: Int) async { helper() }
                    func check(_ n: Int) throws { _ = Date() }
                    func helper() { _ = Date() }
                    func unused() { _ = Date() }
                }
                """)
            #expect(
                found == [
                    "WF010 Order.id", "WF011 Order.init", "WF001 Order.run", "WF003 Order.go",
                    "WF001 Order.age", "WF001 Order.check", "WF001 Order.set → Order.helper",
                ])
        }

        @Test("helpers that are given the context, and closures, are code of runs")
        func helpers() {
            let found = ways(
                """
                func pay<W: Workflow>(_ context: WorkflowContext<W>) async throws { _ = Date() }
                func undo(_ saga: Saga<Order>) async throws { _ = UUID() }
                let body = { (context: WorkflowContext<Order>, n: Int) async throws in sleep(1) }
                func act(context: ActivityContext) { _ = Date() }
                """)
            #expect(found == ["WF001 pay", "WF010 undo", "WF003 a closure"])
        }

        @Test("a workflow may conform in an extension, and by a protocol of the package")
        func conformances() {
            #expect(
                ways(
                    "enum Order {}",
                    "extension Order: Workflow { static func initialState(for i: Int) -> Int "
                        + "{ Int.random(in: 0...i) } }") == ["WF011 Order.initialState"])
            #expect(
                ways(
                    "protocol Rounds: Workflow where Input == Int {}\n"
                        + "extension Rounds { \(run){ clock() } }") == ["WF001 Rounds.run"])
        }

        @Test("calls are followed from file to file: functions, methods, properties, initializers")
        func calls() {
            let found = ways(
                "enum Order: Workflow { \(run){\n"
                    + "price(input)\nShop().open()\n_ = Shop.opened\n_ = input.doubled\n"
                    + "let shop: Shop = make()\nshop.close()\nreturn shop[1] } }",
                """
                func price(_ n: Int) { deeper() }
                func deeper() { _ = Date() }
                func make() -> Shop { Shop(name: "a") }
                extension Int { var doubled: Int { Int.random(in: 0...1) } }
                """,
                """
                struct Shop {
                    var id = UUID()
                    static var opened: Date { Date.now }
                    init() {}
                    init(name: String) { sleep(1) }
                    func open() { usleep(1) }
                    func close() { _ = CFAbsoluteTimeGetCurrent() }
                    subscript(n: Int) -> Int { rand() }
                }
                """)
            #expect(
                Set(found) == [
                    "WF001 Order.run → price → deeper", "WF010 Order.run → Shop.id",
                    "WF001 Order.run → Shop.opened", "WF011 Order.run → Int.doubled",
                    "WF003 Order.run → make → Shop.init", "WF003 Order.run → Shop.open",
                    "WF001 Order.run → Shop.close", "WF011 Order.run → Shop.subscript",
                ])
        }

        @Test("what is called twice is said once, and a circle ends")
        func circles() {
            #expect(
                ways(
                    "enum Order: Workflow { \(run){ a(); b(); return 1 } }\n"
                        + "func a() { b() }\nfunc b() { a(); _ = Date() }") == [
                        "WF001 Order.run → b"
                    ])
        }

        @Test("a call means what its labels say")
        func overloads() {
            #expect(
                ways(
                    "enum Order: Workflow { \(run){ log(text: \"a\"); return 1 } }\n"
                        + "func log(text: String) {}\nfunc log(at time: Int) { _ = Date() }") == [])
            #expect(
                ways(
                    "enum Order: Workflow { \(run){ go { 1 }; return 1 } }\n"
                        + "func go(_ n: Int = 1, body: () -> Int) { _ = Date() }")
                    == ["WF001 Order.run → go"])
        }

        @Test("activities and closures of steps may do anything")
        func exempt() {
            #expect(
                ways(
                    """
                    struct Pay: Activity {
                        func run(context: ActivityContext, input: Int) async -> Int { clock() }
                    }
                    @Activities struct Bank {
                        @Activity(startToClose: .seconds(1)) func debit(_ n: Int) { _ = Date() }
                    }
                    enum Order: Workflow {
                        \(run){
                            _ = try await context.run(Pay.self, 1)
                            _ = try await context.run(Bank.Debit.self, 1)
                            _ = try await context.step("a", on: .loop) { _ in read() }
                            _ = try await context.step("b", load)
                            return try await context.saga { saga in
                                try await context.step("c") { _ in UUID().hashValue }
                            }
                        }
                        static func load(_ info: AttemptInfo) -> Int { clock() }
                    }
                    func read() -> Int { clock() }
                    """) == [])
        }

        @Test("what undoes a step is looked at, and so is what a step is called with")
        func partly() {
            #expect(
                ways(
                    """
                    enum Order: Workflow {
                        \(run){
                            try await context.saga { saga in
                                try await saga.run(Pay.self, 1, undo: Refund.self) { _ in clock() }
                                _ = try await context.step("\\(UUID())") { _ in 1 }
                            }
                        }
                    }
                    """) == ["WF001 Order.run", "WF010 Order.run"])
        }

        @Test("a type of another target does not hide one of Foundation's, unless it is imported")
        func targets() {
            func lint(_ imports: String) -> [String] {
                Linter.lint([
                    SourceText(
                        path: "Sources/Shop/A.swift",
                        text: "\(imports)\nenum Order: Workflow { \(run){ Date().day } }"),
                    SourceText(
                        path: "Sources/Days/B.swift", text: "public struct Date { let day = 1 }"),
                ]).map(\.ruleID)
            }
            #expect(lint("") == ["WF001"])
            #expect(lint("import Days") == [])
        }

        @Test("text that is no Swift, and text that is nothing, end nothing")
        func broken() {
            #expect(ways("", "}}}{{ enum Order: Workflow {", "enum Order: Workflow { \(run)") == [])
            let deep = String(repeating: "(", count: 300) + "1" + String(repeating: ")", count: 300)
            #expect(ways("enum Order: Workflow { \(run){ \(deep) } }") == [])
        }
    }
#endif
