#if Lint
    import SwiftSyntax

    /// Finds calls of the engine in code; what is in the closure of a step is not the run's.
    final class EngineCalls: SyntaxVisitor {
        private let resolver: Resolver
        private let names: Set<String>
        private(set) var found: [FunctionCallExprSyntax] = []

        private init(_ resolver: Resolver, _ names: Set<String>) {
            self.resolver = resolver
            self.names = names
            super.init(viewMode: .sourceAccurate)
        }

        /// - Returns: calls that wait, of the context or of something that is given it.
        static func waiting(in node: Syntax, _ resolver: Resolver) -> [FunctionCallExprSyntax] {
            find(Engine.waiting, in: node, resolver)
        }

        static func find(
            _ names: Set<String>, in node: Syntax, _ resolver: Resolver
        ) -> [FunctionCallExprSyntax] {
            let visitor = EngineCalls(resolver, names)
            visitor.walk(node)
            return visitor.found
        }

        override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
            let use = resolver.use(of: node.calledExpression, call: node)
            if let name = use.engineCall {
                if names.contains(name) { found.append(node) }
                return name == "step" ? .skipChildren : .visitChildren
            }
            // A function that is handed the context waits by it.
            let isHanded = node.arguments.contains { argument in
                resolver.type(of: argument.expression).map { Engine.doors.contains($0.name) }
                    ?? false
            }
            if isHanded, case .functions = use.meaning { found.append(node) }
            return .visitChildren
        }

        override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }
    }
#endif
