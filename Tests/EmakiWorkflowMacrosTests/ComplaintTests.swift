#if Macros
    import SwiftSyntaxMacrosGenericTestSupport
    import Testing

    @testable import EmakiMacroPlugin

    /// One thing is wrong with a source, at the sign `⌖`.
    ///
    /// - Parameter remedies: what is offered, each with what becomes of the source.
    func expectComplaint(
        _ marked: String, _ message: String, _ remedies: KeyValuePairs<String, String> = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let lines = marked.prefix { $0 != "⌖" }.split(
            separator: "\n", omittingEmptySubsequences: false)
        let source = marked.replacing("⌖", with: "")
        func check(applying remedy: String?, _ fixed: String?) {
            assertMacroExpansion(
                source, expandedSource: "",
                diagnostics: [
                    DiagnosticSpec(
                        message: message, line: lines.count, column: (lines.last?.count ?? 0) + 1,
                        fixIts: remedies.map { FixItSpec(message: $0.key) })
                ], macroSpecs: allMacros, applyFixIts: remedy.map { [$0] }, fixedSource: fixed,
                failureHandler: { failure in
                    // What becomes of a wrong source is of no interest.
                    if failure.message.contains("did not produce the expected expanded source") {
                        return
                    }
                    Issue.record("\(failure.message)", sourceLocation: sourceLocation)
                })
        }
        guard !remedies.isEmpty else { return check(applying: nil, nil) }
        for (remedy, fixed) in remedies { check(applying: remedy, fixed) }
    }

    /// A workflow with these members, and a body.
    private func workflow(_ members: String) -> String {
        "@Workflow struct A {\n    func run(context: WorkflowContext<Self>) async throws {}\n"
            + "    \(members)\n}"
    }

    /// What the macros say about wrong code.
    @Suite struct ComplaintTests {
        private let context = "(context: WorkflowContext<Self>)"
        private let shape =
            "func run(context: WorkflowContext<Self>, input: Input) async throws -> Output"

        @Test("a workflow is a struct", arguments: ["class", "enum", "actor"])
        func kinds(keyword: String) {
            let body = "A { func run\(context) async throws {} }"
            expectComplaint(
                "@Workflow ⌖\(keyword) \(body)",
                "a workflow is a struct: its state is a value that the engine keeps",
                ["make it a struct": "@Workflow struct \(body)"])
        }

        @Test("a workflow has a body of the one shape")
        func bodies() {
            expectComplaint(
                "@Workflow struct ⌖A {\n}", "a workflow has a body: \(shape)",
                [
                    "add `run`": """
                    @Workflow struct A {
                        mutating func run(
                            context: WorkflowContext<Self>, input: <#Input#>
                        ) async throws -> <#Output#> {
                            <#code#>
                        }
                    }
                    """
                ])
            expectComplaint(
                "@Workflow struct A { ⌖static func run\(context) async throws {} }",
                "`run` is a method: the properties are the run's state",
                [
                    "remove `static`":
                        "@Workflow struct A { func run\(context) async throws {} }"
                ])
            let fixed =
                "@Workflow struct A { func run\(context) async throws -> B { b } }"
            for effects in ["", "async ", "throws "] {
                expectComplaint(
                    "@Workflow struct A { func ⌖run\(context) \(effects)-> B { b } }",
                    "`run` is `async throws`: it waits, and waits may fail",
                    ["make it `async throws`": fixed])
            }
            expectComplaint(
                "@Workflow struct A { func run(context: ⌖Context) async throws {} }",
                "`run` has to look like this: \(shape)",
                [
                    "change the type to `WorkflowContext<Self>`":
                        "@Workflow struct A { func run\(context) async throws {} }"
                ])
            for wrong in [
                "⌖(input: B)", "⌖()", "⌖<B>(context: WorkflowContext<Self>)",
                "(context: WorkflowContext<Self>, ⌖by: B)",
                "(context: WorkflowContext<Self>, input: B, ⌖more: B)",
            ] {
                expectComplaint(
                    "@Workflow struct A { func run\(wrong) async throws {} }",
                    "`run` has to look like this: \(shape)")
            }
            expectComplaint(
                workflow("func ⌖run(context: WorkflowContext<Self>, input: B) async throws {}"),
                "a workflow has one body")
            expectComplaint(
                "@Workflow struct A { func run(context: WorkflowContext<A>, ⌖input: inout B) "
                    + "async throws {} }",
                "an input comes from the log: it is passed as it is")
        }

        @Test("the state of a workflow is made of plain values, which are there from the first")
        func properties() {
            expectComplaint(
                workflow("var ⌖b: Int"),
                "`b` has no value at first: give it one, or write `init(input:)`",
                ["give it a value": workflow("var b: Int = <#value#>")])
            for word in ["lazy", "weak", "unowned"] {
                for access in ["", "private "] {
                    expectComplaint(
                        workflow("\(access)⌖\(word) var b: B? = nil"),
                        "a workflow's state is a plain value: no `\(word)`",
                        ["remove `\(word)`": workflow("\(access)var b: B? = nil")])
                }
            }
            expectComplaint(
                workflow("⌖@Clamped(1) private var b = 1"),
                "a workflow's state is a plain value: no property wrapper or attribute",
                ["remove `@Clamped`": workflow("private var b = 1")])
            expectComplaint(
                workflow("⌖let b: Int\n    init(input: Nothing) { b = 1 }"),
                "state that is set by `init(input:)` is a `var`",
                ["make it a `var`": workflow("var b: Int\n    init(input: Nothing) { b = 1 }")])
            expectComplaint(
                workflow("var ⌖b = 1, c = 2"), "one property in each declaration, please")
            expectComplaint(workflow("var ⌖(b, c) = (1, 2)"), "a property has one name")
            expectComplaint(
                workflow("var b = 1 ⌖{ didSet { c() } }"), "nobody observes a workflow's state")
        }

        @Test("nothing about a workflow is overlooked, generic or in the way")
        func members() {
            expectComplaint(
                "@Workflow struct A⌖<B> { func run\(context) async throws {} }",
                "a workflow is found by its name: it is not generic")
            expectComplaint(
                "@Workflow(name: ⌖a) struct A { func run\(context) async throws {} }",
                "`name` has to be a plain text in quotes")
            for part in ["@Signal func go() {}", "var b = 1", "func run() {}"] {
                expectComplaint(
                    workflow("⌖#if DEBUG\n    \(part)\n    #endif"),
                    "state, `run` and handlers are the same in every build: not in `#if`")
            }
            expectComplaint(workflow("enum ⌖State {}"), "`State` is made from the properties")
            for wrong in ["init()", "init(input: B) throws", "init?(input: B)", "init(b: B)"] {
                expectComplaint(
                    workflow("⌖\(wrong) {}"),
                    "a workflow's state is made from its input alone: `init(input: Input)`")
            }
        }
    }
#endif
