#if Lint
    import SwiftSyntax

    /// WF080: errors of the engine that are swallowed.
    enum FlowRules {
        static func check(_ node: DoStmtSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            guard !node.catchClauses.isEmpty,
                !EngineCalls.waiting(in: Syntax(node.body), resolver).isEmpty
            else { return [] }
            for clause in node.catchClauses {
                if Syntax(clause.catchItems).mentions("CancellationError") { return [] }
                guard clause.catchesAll else { continue }
                guard !Throws.isIn(clause.body) else { return [] }
                return [
                    (
                        Syntax(clause.catchKeyword),
                        Hit("WF080", "`catch` takes every error of a call of the context")
                    )
                ]
            }
            return []
        }

        static func check(_ node: TryExprSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            guard node.questionOrExclamationMark?.tokenKind == .postfixQuestionMark,
                !EngineCalls.waiting(in: Syntax(node.expression), resolver).isEmpty
            else { return [] }
            return [
                (
                    Syntax(node.tryKeyword),
                    Hit("WF080", "`try?` takes every error of a call of the context")
                )
            ]
        }
    }

    extension CatchClauseSyntax {
        /// `catch`, `catch let error` and `catch _`.
        var catchesAll: Bool {
            if catchItems.isEmpty { return true }
            return catchItems.contains { item in
                guard item.whereClause == nil, let pattern = item.pattern else { return false }
                if let binding = pattern.as(ValueBindingPatternSyntax.self) {
                    return binding.pattern.is(IdentifierPatternSyntax.self)
                }
                return pattern.is(WildcardPatternSyntax.self)
            }
        }
    }

    /// Whether code throws, other than in a closure.
    final class Throws: SyntaxVisitor {
        private var isFound = false

        static func isIn(_ node: CodeBlockSyntax) -> Bool {
            let visitor = Throws(viewMode: .sourceAccurate)
            visitor.walk(node)
            return visitor.isFound
        }

        override func visit(_ node: ThrowStmtSyntax) -> SyntaxVisitorContinueKind {
            isFound = true
            return .skipChildren
        }
        override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }
        override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }
    }
#endif
