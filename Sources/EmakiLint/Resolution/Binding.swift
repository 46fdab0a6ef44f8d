#if Lint
    import SwiftSyntax

    /// What a name means that is declared in the code around it.
    enum Binding {
        /// `let` and `var`, also in a condition.
        case value(VariableDeclSyntax?, type: TypeSyntax?, initializer: ExprSyntax?)
        /// `if let name`: what the name means there, outside.
        case unwrapped(at: Syntax)
        case element(of: ExprSyntax)
        case parameter(FunctionParameterSyntax)
        case closureParameter(ClosureExprSyntax, Int, type: TypeSyntax?)
        /// `[name]` in front of a closure.
        case captured(ClosureExprSyntax)
        case function(FunctionDeclSyntax)
        /// Of a pattern, whose type nobody says.
        case opaque
    }

    /// Looks for what a name means, from the inside to the outside, up to the type that surrounds
    /// it.
    enum Bindings {
        static func find(_ name: String, at node: some SyntaxProtocol) -> Binding? {
            var inner = Syntax(node)
            while let outer = inner.parent {
                if outer.is(MemberBlockSyntax.self) { return nil }
                if let found = find(name, in: outer, comingFrom: inner) { return found }
                inner = outer
            }
            return nil
        }

        private static func find(
            _ name: String, in outer: Syntax, comingFrom inner: Syntax
        ) -> Binding? {
            if let list = outer.as(CodeBlockItemListSyntax.self) {
                // What stands at the top of a file is a global, and the index has it.
                if outer.parent?.is(SourceFileSyntax.self) ?? true { return nil }
                return find(name, in: list, before: inner)
            }
            if let node = outer.as(ConditionElementListSyntax.self) {
                return find(name, in: node.filter { $0.position < inner.position })
            }
            if let node = outer.as(IfExprSyntax.self) {
                return Syntax(node.body) == inner ? find(name, in: Array(node.conditions)) : nil
            }
            if let node = outer.as(WhileStmtSyntax.self) {
                return Syntax(node.body) == inner ? find(name, in: Array(node.conditions)) : nil
            }
            if let node = outer.as(ForStmtSyntax.self) {
                guard Syntax(node.sequence) != inner else { return nil }
                return find(name, in: node.pattern, Syntax(node)) { .element(of: node.sequence) }
            }
            if let node = outer.as(SwitchCaseSyntax.self), case .case(let label) = node.label {
                let isFound = label.caseItems.contains { names(in: $0.pattern).contains(name) }
                return isFound ? .opaque : nil
            }
            if let node = outer.as(CatchClauseSyntax.self) {
                let isNamed = node.catchItems.contains { item in
                    item.pattern.map { names(in: $0).contains(name) } ?? false
                }
                return isNamed || name == "error" && node.catchItems.isEmpty ? .opaque : nil
            }
            return find(name, inParametersOf: outer)
        }

        private static func find(_ name: String, inParametersOf outer: Syntax) -> Binding? {
            if let node = outer.as(ClosureExprSyntax.self) { return find(name, in: node) }
            if let node = outer.as(FunctionDeclSyntax.self) {
                return find(name, in: node.signature.parameterClause.parameters)
            }
            if let node = outer.as(InitializerDeclSyntax.self) {
                return find(name, in: node.signature.parameterClause.parameters)
            }
            if let node = outer.as(SubscriptDeclSyntax.self) {
                return find(name, in: node.parameterClause.parameters)
            }
            if let node = outer.as(AccessorDeclSyntax.self) {
                let names = [node.parameters?.name.plain ?? "newValue", "oldValue"]
                return names.contains(name) ? .opaque : nil
            }
            return nil
        }

        private static func find(
            _ name: String, in parameters: FunctionParameterListSyntax
        ) -> Binding? {
            parameters.first { ($0.secondName ?? $0.firstName).plain == name }.map {
                .parameter($0)
            }
        }

        private static func find(
            _ name: String, in list: CodeBlockItemListSyntax, before inner: Syntax
        ) -> Binding? {
            for item in list.reversed() {
                if let function = item.item.as(FunctionDeclSyntax.self), function.name.plain == name
                {
                    return .function(function)
                }
                guard item.position < inner.position else { continue }
                if let variable = item.item.as(VariableDeclSyntax.self) {
                    if let found = find(name, in: variable) { return found }
                } else if let node = item.item.as(GuardStmtSyntax.self) {
                    if let found = find(name, in: Array(node.conditions)) { return found }
                }
            }
            return nil
        }

        private static func find(_ name: String, in variable: VariableDeclSyntax) -> Binding? {
            var type: TypeSyntax?
            for binding in variable.bindings.reversed() {
                type = binding.typeAnnotation?.type ?? (binding.initializer == nil ? type : nil)
                let found = find(name, in: binding.pattern, Syntax(variable)) {
                    .value(variable, type: type, initializer: binding.initializer?.value)
                }
                if let found { return found }
            }
            return nil
        }

        private static func find(_ name: String, in conditions: [ConditionElementSyntax])
            -> Binding?
        {
            for condition in conditions.reversed() {
                if case .optionalBinding(let binding) = condition.condition {
                    let found = find(name, in: binding.pattern, Syntax(condition)) {
                        guard let value = binding.initializer?.value else {
                            return .unwrapped(at: Syntax(condition))
                        }
                        return .value(nil, type: binding.typeAnnotation?.type, initializer: value)
                    }
                    if let found { return found }
                } else if case .matchingPattern(let matching) = condition.condition,
                    names(in: matching.pattern).contains(name)
                {
                    return .opaque
                }
            }
            return nil
        }

        private static func find(_ name: String, in closure: ClosureExprSyntax) -> Binding? {
            if name.hasPrefix("$"), let number = Int(name.dropFirst()) {
                return closure.signature?.parameterClause == nil
                    ? .closureParameter(closure, number, type: nil) : nil
            }
            switch closure.signature?.parameterClause {
            case .simpleInput(let list):
                for (number, parameter) in list.enumerated() where parameter.name.plain == name {
                    return .closureParameter(closure, number, type: nil)
                }
            case .parameterClause(let clause):
                for (number, parameter) in clause.parameters.enumerated()
                where (parameter.secondName ?? parameter.firstName).plain == name {
                    return .closureParameter(closure, number, type: parameter.type)
                }
            case nil: break
            }
            for capture in closure.signature?.capture?.items ?? [] where capture.name.plain == name
            {
                guard let value = capture.initializer?.value else { return .captured(closure) }
                return .value(nil, type: nil, initializer: value)
            }
            return nil
        }

        private static func find(
            _ name: String, in pattern: PatternSyntax, _ node: Syntax, _ found: () -> Binding
        ) -> Binding? {
            if let pattern = pattern.as(IdentifierPatternSyntax.self) {
                return pattern.identifier.plain == name ? found() : nil
            }
            return names(in: pattern).contains(name) ? .opaque : nil
        }

        /// The names that a pattern declares.
        static func names(in pattern: some SyntaxProtocol) -> Set<String> {
            let collector = PatternNames(viewMode: .sourceAccurate)
            collector.walk(pattern)
            return collector.names
        }
    }

    private final class PatternNames: SyntaxVisitor {
        var names: Set<String> = []

        override func visit(_ node: IdentifierPatternSyntax) -> SyntaxVisitorContinueKind {
            names.insert(node.identifier.plain)
            return .skipChildren
        }
    }
#endif
