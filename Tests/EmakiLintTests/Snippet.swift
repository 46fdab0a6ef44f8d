#if Lint
    import EmakiLint
    import Testing

    /// Code of a workflow, for tables of cases.
    ///
    /// The text is the body of `run`. What follows a line `---` stands beside the workflow, and
    /// what follows a second one within it. Three first lines make other workflows: `query: STATE`
    /// one that answers a query by the code below, `macro:` one with these members, and `step:
    /// VALUE` one whose step gives the value.
    struct Snippet: Sendable, CustomStringConvertible {
        let description: String

        /// The rules that it breaks, in the order of the places.
        var broken: [String] { findings(in: file).map(\.ruleID) }

        var file: String {
            if let rest = text(after: "query: ") {
                let lines = rest.split(separator: "\n", maxSplits: 1)
                return Self.query(String(lines[1]), state: String(lines[0]))
            }
            if let rest = text(after: "macro:") { return Self.macro(rest) }
            if let rest = text(after: "step: ") { return Self.step(rest) }
            return workflow
        }

        private func text(after prefix: String) -> String? {
            description.hasPrefix(prefix) ? String(description.dropFirst(prefix.count)) : nil
        }

        private var workflow: String {
            let parts = description.split(
                separator: "\n---\n", omittingEmptySubsequences: false)
            let beside = parts.count > 1 ? String(parts[1]) : ""
            let within = parts.count > 2 ? String(parts[2]) : ""
            return """
                import EmakiWorkflow
                import Foundation
                \(beside)
                enum Order: Workflow {
                    \(within)
                    static func run(
                        context: WorkflowContext<Self>, input: Item
                    ) async throws -> Nothing {
                        \(parts[0])
                    }
                }
                """
        }

        private static func query(_ body: String, state: String) -> String {
            """
            final class Cache { var hits = 0; var items = [1]; func bump() { hits += 1 } }
            enum Order: Workflow {
                struct State { \(state) }
                static let ask = Query<Self, Nothing, Int>("ask")
                static func initialState(for input: Int) -> State { State() }
                static func handle(_ handlers: inout MessageHandlers<Self>) {
                    handlers.on(ask) { state, _ in \(body) }
                }
                static func run(context: WorkflowContext<Self>, input: Int) async throws {}
            }
            """
        }

        /// With an object in its state.
        private static func macro(_ members: String) -> String {
            """
            final class Cache { var hits = 0 }
            @Workflow struct Order {
                var cache = Cache()
                \(members)
                func run(context: WorkflowContext<Self>) async throws {}
            }
            """
        }

        private static func step(_ value: String) -> String {
            """
            @Workflow struct Order {
                var total = 1
                let limit = 2
                static let most = 3
                func sum() -> Int { total }
                func run(context: WorkflowContext<Self>) async throws -> Int {
                    try await context.step("a") { _ in \(value) }
                }
            }
            """
        }
    }

    /// What the linter finds in files of one target, which are called `A.swift`, `B.swift` and so
    /// on.
    func findings(in files: String...) -> [Finding] {
        let names = ["A", "B", "C", "D"]
        return Linter.lint(
            zip(names, files).map { SourceText(path: "Sources/Shop/\($0).swift", text: $1) })
    }

    /// A rule with code that breaks it, and code that looks alike and does not.
    struct RuleTable: Sendable, CustomTestStringConvertible {
        let id: String
        let bad: [Snippet]
        let good: [Snippet]

        /// - Parameters: - bad: cases, with a line `===` between two. - good: the same.
        init(id: String, bad: String, good: String) {
            self.id = id
            self.bad = Self.cases(bad)
            self.good = Self.cases(good)
        }

        var testDescription: String { id }

        private static func cases(_ text: String) -> [Snippet] {
            text.split(separator: "\n===\n").map { Snippet(description: String($0)) }
        }
    }
#endif
