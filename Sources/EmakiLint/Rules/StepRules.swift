#if Lint
    import SwiftSyntax

    /// WF082: what the closure of a step must not see.
    enum StepRules {
        static func check(_ closure: ClosureExprSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            let reader = RunReads(resolver)
            reader.walk(closure.statements)
            return reader.found
        }
    }

    /// Finds what belongs to the run in code that does not.
    private final class RunReads: SyntaxVisitor {
        private let resolver: Resolver
        private(set) var found: [(Syntax, Hit)] = []

        init(_ resolver: Resolver) {
            self.resolver = resolver
            super.init(viewMode: .sourceAccurate)
        }

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            if let what = what(node) {
                found.append((Syntax(node), Hit("WF082", "a step's closure reads \(what)")))
            }
            return .skipChildren
        }

        override func visit(_ node: MemberAccessExprSyntax) -> SyntaxVisitorContinueKind {
            if let base = node.base { walk(base) }
            return .skipChildren
        }

        private func what(_ node: DeclReferenceExprSyntax) -> String? {
            let name = node.baseName.plain
            if name == "self" {
                return resolver.isInMacroWorkflow(Syntax(node)) ? "the workflow's state" : nil
            }
            if let type = resolver.type(of: ExprSyntax(node)), Engine.doors.contains(type.name),
                !type.isMeta
            {
                return "`\(name)`"
            }
            switch resolver.meaning(of: ExprSyntax(node)) {
            case .property(let property):
                guard property.owner?.has("Workflow") ?? false, !property.isGlobal, !property.isLet
                else { return nil }
                return "`\(name)` of the state"
            case .functions(let functions):
                guard let function = functions.first, function.owner?.has("Workflow") ?? false,
                    !function.isStatic
                else { return nil }
                return "the state, by `\(name)`"
            default: return nil
            }
        }
    }
#endif
