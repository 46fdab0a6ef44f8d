#if Lint
    import SwiftSyntax

    extension Resolver {
        func type(ofCall call: FunctionCallExprSyntax) -> TypeText? {
            switch meaning(of: call.calledExpression, call: call) {
            case .type(var type, let entry):
                type.isMeta = false
                if let entry { type.name = entry.path }
                if entry == nil, ["Array", "Set"].contains(type.name), type.arguments.isEmpty,
                    let element = call.arguments.first.flatMap({ self.type(of: $0.expression) })?
                        .element
                {
                    type.arguments = [element]
                }
                return type
            case .functions(let functions): return resultType(of: functions)
            case .local(.function(let function)):
                return function.signature.returnClause.flatMap { TypeText($0.type) }
            case .member(let type?, let name):
                return self.type(ofMember: name, of: type, at: Syntax(call))
            default: return nil
            }
        }

        private func resultType(of functions: [FunctionEntry]) -> TypeText? {
            guard let function = functions.first else { return nil }
            if function.node.is(InitializerDeclSyntax.self) {
                return function.owner.map { TypeText(name: $0.path) }
            }
            guard let result = function.result, var type = TypeText(result) else { return nil }
            if type.name == "Self", let owner = function.owner { type.name = owner.path }
            if let owner = function.owner,
                let entry = index.entry(
                    declared: type.name, within: owner.path, in: function.file)
            {
                type.name = entry.path
            }
            return type
        }

        func type(ofSubscript node: SubscriptCallExprSyntax) -> TypeText? {
            guard let type = type(of: node.calledExpression) else { return nil }
            switch type.name {
            case "Dictionary":
                return type.arguments.last.flatMap { $0.name == TypeText.unknownName ? nil : $0 }
            case "Array", "ContiguousArray", "ArraySlice":
                let isRange = node.arguments.first?.expression.is(SequenceExprSyntax.self) ?? false
                return isRange ? type : type.arguments.first
            default:
                return declared(type)?.subscripts.first?.result.flatMap { TypeText($0) }
            }
        }

        /// What the standard library and the engine give; nil for everything that is not known.
        func type(ofMember name: String, of type: TypeText, at node: Syntax) -> TypeText? {
            switch (type.name, name) {
            case (Engine.context, "state"): return stateType(at: node)
            case ("Dictionary", "keys"):
                return TypeText(name: "Dictionary.Keys", arguments: type.arguments)
            case ("Dictionary", "values"):
                return TypeText(name: "Dictionary.Values", arguments: type.arguments)
            case ("Dictionary", "filter"), ("Dictionary", "merging"), ("Set", "filter"),
                ("Set", "union"), ("Set", "intersection"), ("Set", "subtracting"),
                ("Set", "symmetricDifference"):
                return type
            case ("Dictionary", "mapValues"), ("Dictionary", "compactMapValues"):
                return TypeText(name: "Dictionary")
            case (_, "sorted"), (_, "reversed"), (_, "shuffled"), ("Array", "filter"),
                (_, "prefix"), (_, "suffix"), (_, "dropFirst"), (_, "dropLast"):
                guard type.element != nil || type.isUnordered else { return nil }
                return TypeText(name: "Array", arguments: type.element.map { [$0] } ?? [])
            case (_, "map"), (_, "compactMap"), (_, "flatMap"):
                return type.element != nil || type.isUnordered ? TypeText(name: "Array") : nil
            case ("Array", "first"), ("Array", "last"), ("Array", "min"), ("Array", "max"):
                return type.element
            default: return nil
            }
        }

        /// What is told of the type of `.member` by where it stands.
        func contextualType(
            of access: MemberAccessExprSyntax, _ call: FunctionCallExprSyntax?
        ) -> TypeText? {
            var node = Syntax(access)
            if let call { node = Syntax(call) }
            while let parent = node.parent {
                if let argument = parent.as(LabeledExprSyntax.self) {
                    return Self.labelTypes[argument.label?.plain ?? ""].map { TypeText(name: $0) }
                }
                if let initializer = parent.as(InitializerClauseSyntax.self) {
                    if let binding = initializer.parent?.as(PatternBindingSyntax.self) {
                        return binding.typeAnnotation.flatMap { TypeText($0.type) }
                    }
                    return initializer.parent?.as(FunctionParameterSyntax.self).flatMap {
                        TypeText($0.type)
                    }
                }
                if parent.is(SequenceExprSyntax.self) || parent.is(ExprListSyntax.self)
                    || parent.is(TryExprSyntax.self) || parent.is(AwaitExprSyntax.self)
                {
                    node = parent
                    continue
                }
                return nil
            }
            return nil
        }

        /// Labels that everybody uses for one type.
        private static let labelTypes = [
            "locale": "Locale", "timeZone": "TimeZone", "calendar": "Calendar",
        ]
    }
#endif
