#if Lint
    import SwiftSyntax

    /// WF091: siblings without branches.
    extension FlowRules {
        static func checkSiblings(_ root: Syntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            let finder = SiblingFinder(viewMode: .sourceAccurate)
            finder.walk(root)
            var found: [(Syntax, Hit)] = []
            for siblings in finder.groups.values.sorted(by: {
                $0[0].node.position < $1[0].node.position
            }) {
                found += check(siblings, resolver)
            }
            return found
        }

        private static func check(
            _ siblings: [SiblingFinder.Sibling], _ resolver: Resolver
        ) -> [(Syntax, Hit)] {
            var seen: Set<String> = []
            var found: [(Syntax, Hit)] = []
            for sibling in siblings {
                let names = StepNames.collect(sibling.code, resolver)
                let shared = sibling.isRepeated ? names : names.intersection(seen)
                if let name = shared.min() {
                    let others =
                        sibling.isRepeated ? "each time it comes here" : "as a sibling does"
                    found.append(
                        (sibling.node, Hit("WF091", "the child calls `\(name)`, \(others)")))
                }
                seen.formUnion(names)
            }
            return found
        }
    }

    /// Finds children of one parent: `async let` in one block, `addTask` on one group.
    private final class SiblingFinder: SyntaxVisitor {
        struct Sibling {
            let node: Syntax
            let code: Syntax
            /// In a loop: it is its own sibling.
            let isRepeated: Bool
        }

        struct Key: Hashable {
            let block: SyntaxIdentifier
            let group: String
        }

        private(set) var groups: [Key: [Sibling]] = [:]

        override func visit(_ node: VariableDeclSyntax) -> SyntaxVisitorContinueKind {
            guard node.modifiers.has(.async), let list = node.parent?.parent else {
                return .visitChildren
            }
            for binding in node.bindings {
                guard let value = binding.initializer?.value else { continue }
                groups[Key(block: list.id, group: ""), default: []].append(
                    Sibling(node: Syntax(binding), code: Syntax(value), isRepeated: false))
            }
            return .visitChildren
        }

        override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
            guard let access = node.calledExpression.bare.as(MemberAccessExprSyntax.self),
                ["addTask", "addTaskUnlessCancelled"].contains(access.declName.baseName.plain),
                let closure = node.closures.last?.closure
            else { return .visitChildren }
            var isRepeated = false
            var place = Syntax(node)
            while let outer = place.parent {
                if outer.is(ForStmtSyntax.self) || outer.is(WhileStmtSyntax.self)
                    || outer.is(RepeatStmtSyntax.self)
                {
                    isRepeated = true
                }
                if outer.is(ClosureExprSyntax.self) || outer.is(FunctionDeclSyntax.self) { break }
                place = outer
            }
            let body = place.parent ?? place
            groups[Key(block: body.id, group: access.base?.trimmedDescription ?? ""), default: []]
                .append(
                    Sibling(
                        node: Syntax(access.declName), code: Syntax(closure), isRepeated: isRepeated
                    ))
            return .visitChildren
        }
    }

    /// The names of steps, activities and children that code may call, outside of branches.
    private final class StepNames: SyntaxVisitor {
        private let resolver: Resolver
        private var names: Set<String> = []
        private var visited: Set<SyntaxIdentifier>

        /// Bodies that one child is followed into.
        private static let bodiesMax = 64

        private init(_ resolver: Resolver, _ visited: Set<SyntaxIdentifier>) {
            self.resolver = resolver
            self.visited = visited
            super.init(viewMode: .sourceAccurate)
        }

        static func collect(_ code: Syntax, _ resolver: Resolver) -> Set<String> {
            let visitor = StepNames(resolver, [])
            visitor.walk(code)
            return visitor.names
        }

        override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
            let use = resolver.use(of: node.calledExpression, call: node)
            if let name = use.engineCall {
                if Engine.branching.contains(name) { return .skipChildren }
                if Engine.naming.contains(name), let stepName = stepName(node) {
                    names.insert(stepName)
                }
                return name == "step" ? .skipChildren : .visitChildren
            }
            if case .functions(let functions) = use.meaning {
                for function in functions { follow(function) }
            }
            return .visitChildren
        }

        /// A name that is put together is taken to be another one each time.
        private func stepName(_ call: FunctionCallExprSyntax) -> String? {
            guard let first = call.arguments.first?.expression.bare else { return nil }
            if let text = first.as(StringLiteralExprSyntax.self) {
                return text.representedLiteralValue
            }
            guard let access = first.as(MemberAccessExprSyntax.self),
                access.declName.baseName.plain == "self"
            else { return nil }
            return access.base?.trimmedDescription
        }

        private func follow(_ function: FunctionEntry) {
            guard let body = function.body, visited.insert(body.id).inserted, visited.count < 64
            else {
                return
            }
            let inner = StepNames(
                Resolver(index: resolver.index, file: function.file), visited)
            inner.walk(body)
            names.formUnion(inner.names)
            visited = inner.visited
        }
    }
#endif
