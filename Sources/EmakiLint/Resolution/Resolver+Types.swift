#if Lint
    import SwiftSyntax

    extension Resolver {
        /// The type of an expression's value; nil where the text does not tell.
        func type(of expression: ExprSyntax) -> TypeText? {
            guard let deeper else { return nil }
            let node = expression.bare
            switch node.kind {
            case .stringLiteralExpr: return TypeText(name: "String")
            case .integerLiteralExpr: return TypeText(name: "Int")
            case .floatLiteralExpr: return TypeText(name: "Double")
            case .booleanLiteralExpr: return TypeText(name: "Bool")
            case .closureExpr: return .function
            case .arrayExpr:
                let first = node.as(ArrayExprSyntax.self)?.elements.first?.expression
                let element = first.flatMap { deeper.type(of: $0) }
                return TypeText(
                    name: "Array", arguments: [element ?? TypeText(name: TypeText.unknownName)])
            case .dictionaryExpr: return deeper.type(ofDictionary: node)
            case .sequenceExpr: return deeper.type(ofSequence: node)
            case .declReferenceExpr, .memberAccessExpr: return deeper.type(ofName: node)
            case .functionCallExpr:
                return node.as(FunctionCallExprSyntax.self).flatMap { deeper.type(ofCall: $0) }
            case .subscriptCallExpr:
                return node.as(SubscriptCallExprSyntax.self).flatMap {
                    deeper.type(ofSubscript: $0)
                }
            case .asExpr: return node.as(AsExprSyntax.self).flatMap { TypeText($0.type) }
            default: return nil
            }
        }

        private func type(ofDictionary node: ExprSyntax) -> TypeText {
            guard let dictionary = node.as(DictionaryExprSyntax.self),
                case .elements(let elements) = dictionary.content, let first = elements.first
            else { return TypeText(name: "Dictionary") }
            let unknown = TypeText(name: TypeText.unknownName)
            return TypeText(
                name: "Dictionary",
                arguments: [type(of: first.key) ?? unknown, type(of: first.value) ?? unknown])
        }

        /// Operators, unfolded: the last `as` counts, then `??`, then arithmetic.
        private func type(ofSequence node: ExprSyntax) -> TypeText? {
            guard let elements = node.as(SequenceExprSyntax.self)?.elements else { return nil }
            let list = Array(elements)
            if list.contains(where: { $0.is(UnresolvedAsExprSyntax.self) }),
                let type = list.last?.as(TypeExprSyntax.self)?.type
            {
                return TypeText(type)
            }
            if list.contains(where: { $0.is(UnresolvedTernaryExprSyntax.self) }) {
                return list.last.flatMap { type(of: $0) }
            }
            let operators = list.compactMap { $0.as(BinaryOperatorExprSyntax.self)?.operator.text }
            if !Set(operators).isDisjoint(with: ["==", "!=", "<", "<=", ">", ">=", "&&", "||"]) {
                return TypeText(name: "Bool")
            }
            let types = stride(from: 0, to: list.count, by: 2).compactMap { type(of: list[$0]) }
            return types.first(where: \.isFloating) ?? types.first
        }

        private func type(ofName node: ExprSyntax) -> TypeText? {
            if node.as(DeclReferenceExprSyntax.self)?.baseName.plain == "self" {
                return TypeText(name: typePath(at: Syntax(node)))
            }
            switch meaning(of: node) {
            case .local(let binding): return type(of: binding, at: Syntax(node))
            case .property(let property): return type(of: property, at: Syntax(node))
            case .type(var type, _):
                type.isMeta = true
                return type
            case .member(let type, let name):
                return type.flatMap { self.type(ofMember: name, of: $0, at: Syntax(node)) }
            case .free("context") where isInMacroWorkflow(Syntax(node)):
                return TypeText(name: Engine.context)
            case .staticMember(let type, let name): return Self.staticTypes["\(type).\(name)"]
            default: return nil
            }
        }

        private static let staticTypes: [String: TypeText] = [
            "ContinuousClock.now": TypeText(name: "ContinuousClock.Instant"),
            "SuspendingClock.now": TypeText(name: "SuspendingClock.Instant"),
            "Date.now": TypeText(name: "Date"),
            "FileManager.default": TypeText(name: "FileManager"),
            "URLSession.shared": TypeText(name: "URLSession"),
            "UserDefaults.standard": TypeText(name: "UserDefaults"),
            "ProcessInfo.processInfo": TypeText(name: "ProcessInfo"),
            "NotificationCenter.default": TypeText(name: "NotificationCenter"),
        ]

        func isInMacroWorkflow(_ node: Syntax) -> Bool {
            surroundingType(at: node)?.has("Workflow") ?? false
        }

        func type(of property: PropertyEntry, at node: Syntax) -> TypeText? {
            if let type = property.type { return qualified(TypeText(type), by: property) }
            guard let deeper, let value = property.binding.initializer?.value else { return nil }
            // The initializer is read where it stands.
            var resolver = Resolver(index: index, file: property.file)
            resolver.depth = deeper.depth
            return resolver.type(of: value)
        }

        /// A type that is nested where the property is.
        private func qualified(_ type: TypeText?, by property: PropertyEntry) -> TypeText? {
            guard var type, let owner = property.owner,
                let entry = index.entry(
                    declared: type.name, within: owner.path, in: property.file)
            else { return type }
            type.name = entry.path
            return type
        }

        // MARK: Locals

        func type(of binding: Binding, at node: Syntax) -> TypeText? {
            guard let deeper else { return nil }
            switch binding {
            case .value(_, let type, let initializer):
                if let type { return qualified(TypeText(type), at: node) }
                return initializer.flatMap { deeper.type(of: $0) }
            case .unwrapped(let outside):
                guard let name = node.as(DeclReferenceExprSyntax.self)?.baseName.plain else {
                    return nil
                }
                if let binding = Bindings.find(name, at: outside) {
                    return deeper.type(of: binding, at: node)
                }
                let entry = surroundingType(at: node)
                guard let entry, case .property(let property) = member(name, of: entry, nil) else {
                    return nil
                }
                return deeper.type(of: property, at: node)
            case .element(let sequence): return deeper.type(of: sequence)?.element
            case .parameter(let parameter):
                if parameter.ellipsis != nil {
                    return TypeText(
                        name: "Array",
                        arguments: [TypeText(parameter.type) ?? TypeText(name: "?")])
                }
                return qualified(TypeText(parameter.type), at: node)
            case .closureParameter(let closure, let number, let type):
                if let type { return qualified(TypeText(type), at: node) }
                return deeper.type(ofParameter: number, of: closure)
            case .captured(let closure):
                guard let name = node.as(DeclReferenceExprSyntax.self)?.baseName.plain,
                    let outside = Bindings.find(name, at: closure)
                else { return nil }
                return deeper.type(of: outside, at: node)
            case .function: return .function
            case .opaque: return nil
            }
        }

        /// A type of the package by its whole path, so that it is found from elsewhere.
        private func qualified(_ type: TypeText?, at node: Syntax) -> TypeText? {
            guard var type else { return nil }
            if type.name == "Self" {
                type.name = typePath(at: node)
            } else if let entry = declared(type, at: node) {
                type.name = entry.path
            } else if let alias = index.alias(
                named: type.name, within: typePath(at: node), in: file),
                let meant = TypeText(alias), meant.name != type.name
            {
                return meant
            }
            return type
        }

        /// What calls of the engine and of collections hand to their closures.
        private func type(ofParameter number: Int, of closure: ClosureExprSyntax) -> TypeText? {
            guard let (call, label) = closure.receiver,
                let access = call.calledExpression.bare.as(MemberAccessExprSyntax.self),
                let base = access.base
            else { return nil }
            let name = access.declName.baseName.plain
            guard let type = type(of: base) else { return nil }
            switch (type.name, name, label) {
            case (Engine.handlers, "on", "perform"):
                return number == 0 ? TypeText(name: Engine.context) : nil
            case (Engine.handlers, "on", _), (Engine.context, "change", _),
                (Engine.context, "wait", _):
                return number == 0 ? stateType(at: Syntax(closure)) : nil
            case (Engine.context, "saga", _): return TypeText(name: Engine.saga)
            default: break
            }
            guard let element = type.element else { return nil }
            switch name {
            case "reduce": return number == 1 ? element : nil
            default: return element.name.hasPrefix("(") ? nil : element
            }
        }

        /// The state of the workflow that surrounds a place.
        func stateType(at node: Syntax) -> TypeText? {
            guard let entry = surroundingType(at: node) else { return nil }
            if let alias = entry.aliases["State"] { return TypeText(alias) }
            if let state = index.entry(declared: "State", within: entry.path, in: file) {
                return TypeText(name: state.path)
            }
            guard let result = entry.functions["initialState"]?.first?.result,
                let type = TypeText(result)
            else { return nil }
            let declared = index.entry(declared: type.name, within: entry.path, in: file)
            return declared.map { TypeText(name: $0.path) } ?? type
        }
    }

    extension ClosureExprSyntax {
        /// The call that the closure is passed to, and its label there.
        var receiver: (call: FunctionCallExprSyntax, label: String?)? {
            if let call = parent?.as(FunctionCallExprSyntax.self) { return (call, nil) }
            if let element = parent?.as(MultipleTrailingClosureElementSyntax.self),
                let call = element.parent?.parent?.as(FunctionCallExprSyntax.self)
            {
                return (call, element.label.plain)
            }
            if let argument = parent?.as(LabeledExprSyntax.self),
                let call = argument.parent?.parent?.as(FunctionCallExprSyntax.self)
            {
                return (call, argument.label?.plain)
            }
            return nil
        }
    }
#endif
