#if Macros
    import SwiftParser
    import SwiftSyntax
    import SwiftSyntaxMacroExpansion
    import SwiftSyntaxMacrosGenericTestSupport
    import Testing

    @testable import EmakiMacroPlugin

    /// All macros, by name.
    let allMacros: [String: MacroSpec] = [
        "Workflow": MacroSpec(type: WorkflowMacro.self, conformances: ["Workflow"]),
        "WorkflowStateProperty": MacroSpec(type: StatePropertyMacro.self),
        "WorkflowStateInitializer": MacroSpec(type: StateInitializerMacro.self),
        "Signal": MacroSpec(type: SignalMacro.self), "Query": MacroSpec(type: QueryMacro.self),
        "Update": MacroSpec(type: UpdateMacro.self),
        "Activities": MacroSpec(type: ActivitiesMacro.self, conformances: ["ActivityContainer"]),
        "Activity": MacroSpec(type: ActivityMacro.self),
    ]

    /// The source expands to this, and nothing is wrong with it.
    private func expectExpansion(
        _ source: String, _ expanded: String,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        assertMacroExpansion(
            source, expandedSource: expanded, macroSpecs: allMacros,
            failureHandler: { Issue.record("\($0.message)", sourceLocation: sourceLocation) })
    }

    /// What the macros write.
    @Suite struct ExpansionTests {
        private let transfer = """
            @Workflow(version: 3, name: "transfer", failures: [Refusal.self])
            public struct AccountTransfer {
                var isApproved = false
                private var limit: Amount

                public init(input: Transfer) { limit = input.limit }

                public mutating func run(
                    context: WorkflowContext<Self>, input: Transfer
                ) async throws -> Receipt {
                    try await context.wait { $0.isApproved }
                }

                @Signal public mutating func approve(by user: User) { isApproved = true }
                @Query(name: "state") func status() -> Status { .waiting }
                @Update(validator: "check", isAbandoned: true)
                mutating func changeLimit(_ new: Amount) async throws -> Amount { limit }
                func check(_ new: Amount) throws {}
            }
            """

        private let transferExpanded = """
            public struct AccountTransfer {
                var isApproved {
                    get {
                        _memory.state.isApproved
                    }
                    nonmutating set {
                        _memory.state.isApproved = newValue
                    }
                }
                private var limit: Amount {
                    get {
                        _memory.state.limit
                    }
                    nonmutating set {
                        _memory.state.limit = newValue
                    }
                }

                public init(input: Transfer) {
                    _memory = WorkflowMemory(State(input: input))
                }

                public mutating func run(
                    context: WorkflowContext<Self>, input: Transfer
                ) async throws -> Receipt {
                    try await context.wait { $0.isApproved }
                }

                public mutating func approve(by user: User) { isApproved = true }
                func status() -> Status { .waiting }
                mutating func changeLimit(_ new: Amount) async throws -> Amount { limit }
                func check(_ new: Amount) throws {}

                public typealias Input = Transfer

                public typealias Output = Receipt

                public static var workflowName: String {
                    "transfer"
                }

                public static var workflowVersion: Int {
                    3
                }

                public static var failures: [any Error.Type] {
                    [Refusal.self]
                }

                public static var workflowCodeHash: String {
                    "4c8e2558a8d0525a"
                }

                /// What the body and the handlers share.
                public struct State: Sendable {
                    var isApproved = false
                    fileprivate var limit: Amount

                    init(input: Transfer) {
                        limit = input.limit
                    }
                }

                private let _memory: WorkflowMemory<Self>

                /// What a handler may do. `run` is given the same.
                private var context: WorkflowContext<Self> {
                    _memory.context
                }

                private init(_memory memory: WorkflowMemory<Self>) {
                    _memory = memory
                }

                public static func initialState(for input: Transfer) -> State {
                    State(input: input)
                }

                public static func run(
                    context: WorkflowContext<Self>, input: Transfer
                ) async throws -> Receipt {
                    var workflow = Self(_memory: WorkflowMemory(context))
                    return try await workflow.run(context: context, input: input)
                }

                /// Names the signal.
                public static var approve: Signal<Self, User> {
                    Signal("approve")
                }

                /// Names the query.
                static var status: Query<Self, Nothing, Status> {
                    Query("state")
                }

                /// Names the update.
                static var changeLimit: Update<Self, Amount, Amount> {
                    Update("changeLimit")
                }

                public static func handle(_ handlers: inout MessageHandlers<Self>) {
                    handlers.on(
                        approve as Signal<Self, User>,
                        perform: { context, input in
                            var workflow = Self(_memory: WorkflowMemory(context))
                            workflow.approve(by: input)
                        })
                    handlers.on(status as Query<Self, Nothing, Status>) { state, _ in
                        try WorkflowMemory.view(state) { memory in
                            let workflow = Self(_memory: memory)
                            return workflow.status()
                        }
                    }
                    handlers.on(
                        changeLimit as Update<Self, Amount, Amount>,
                        validate: { state, input in
                            try WorkflowMemory.view(state) { memory in
                                let workflow = Self(_memory: memory)
                                try workflow.check(input)
                            }
                        },
                        isAbandoned: true,
                        perform: { context, input in
                            var workflow = Self(_memory: WorkflowMemory(context))
                            return try await workflow.changeLimit(input)
                        })
                }
            }

            extension AccountTransfer: Workflow {
            }
            """

        private let plain = """
            @Workflow
            struct Plain {
                func run(context: WorkflowContext<Self>) async throws {}
            }
            """

        private let plainExpanded = """
            struct Plain {
                func run(context: WorkflowContext<Self>) async throws {}

                typealias Input = Nothing

                typealias Output = Nothing

                typealias State = Nothing

                static var workflowCodeHash: String {
                    "54a0340dba8b033c"
                }

                private let _memory: WorkflowMemory<Self>

                /// What a handler may do. `run` is given the same.
                private var context: WorkflowContext<Self> {
                    _memory.context
                }

                private init(_memory memory: WorkflowMemory<Self>) {
                    _memory = memory
                }

                /// A workflow without a run, as a test of its handlers needs it.
                init() {
                    _memory = WorkflowMemory(Nothing())
                }

                static func run(
                    context: WorkflowContext<Self>, input: Nothing
                ) async throws -> Nothing {
                    let workflow = Self(_memory: WorkflowMemory(context))
                    try await workflow.run(context: context)
                    return Nothing()
                }
            }

            extension Plain: Workflow {
            }
            """

        private let bank = """
            @Activities
            public struct Bank {
                let connection: Connection

                @Activity(name: "debit", startToClose: .seconds(10), retry: .once)
                func debit(_ transfer: Transfer, context: ActivityContext) async throws -> DebitID {
                    try await connection.debit(transfer)
                }

                @Activity(scheduleToClose: .seconds(60)) func tidy() {}
            }
            """

        private let bankExpanded = """
            public struct Bank {
                let connection: Connection
                func debit(_ transfer: Transfer, context: ActivityContext) async throws -> DebitID {
                    try await connection.debit(transfer)
                }

                func tidy() {}

                /// The activity `debit`.
                public struct Debit: Activity {
                    public static var activityName: String {
                        "debit"
                    }
                    public static var options: ActivityOptions {
                        ActivityOptions(startToClose: .seconds(10), retry: .once)
                    }
                    public let container: Bank
                    public init(_ container: Bank) {
                        self.container = container
                    }
                    public func run(
                        context: ActivityContext, input: Transfer
                    ) async throws -> DebitID {
                        return try await container.debit(input, context: context)
                    }
                }

                /// The activity `tidy`.
                public struct Tidy: Activity {
                    public static var options: ActivityOptions {
                        ActivityOptions(scheduleToClose: .seconds(60))
                    }
                    public let container: Bank
                    public init(_ container: Bank) {
                        self.container = container
                    }
                    public func run(
                        context: ActivityContext, input: Nothing
                    ) async throws -> Nothing {
                        container.tidy()
                        return Nothing()
                    }
                }

                /// Each of them.
                public var activities: [any Activity] {
                    [Debit(self), Tidy(self)]
                }
            }

            extension Bank: ActivityContainer {
            }
            """

        @Test("a workflow expands to what one would write by hand")
        func workflow() { expectExpansion(transfer, transferExpanded) }

        @Test("a workflow without state, messages, input and result expands to the least")
        func least() { expectExpansion(plain, plainExpanded) }

        @Test("activities expand to a type for each, and a list of them")
        func activities() { expectExpansion(bank, bankExpanded) }

        @Test("the hash of a declaration sees code, not layout, comments and access levels")
        func codeHash() {
            func hash(_ source: String) -> String? {
                Parser.parse(source: source).statements.first?.item.as(StructDeclSyntax.self)
                    .map(CodeHash.hash)
            }
            let hash0 = hash("struct A { var b = 1; func c() {} }")
            #expect(hash0 == "90cdd05ac1a36543")
            #expect(hash("public struct A {\n  /// B.\n  private var b=1; func c( ){}\n}") == hash0)
            #expect(hash("@Workflow(version: 2) struct A { var b = 1; func c() {} }") == hash0)
            #expect(hash("struct A { var b = 2; func c() {} }") != hash0)
            #expect(hash("struct A { var b = 1; func c() { b } }") != hash0)
            #expect(
                hash("struct A { var b1 = 1; func c() {} }")
                    != hash("struct A { var b = 11; func c() {} }"))
        }
    }
#endif
