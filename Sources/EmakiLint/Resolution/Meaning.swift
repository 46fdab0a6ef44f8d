#if Lint
    import SwiftSyntax

    /// What a name in an expression stands for, as far as the text tells.
    enum Meaning {
        /// A type; the entry is nil if the package does not declare it.
        case type(TypeText, TypeEntry?)
        /// Something that surrounding code declares.
        case local(Binding)
        /// Functions of the package of which a call may mean one.
        case functions([FunctionEntry])
        case property(PropertyEntry)
        /// A case of an enum of the package, or something else that is known to be harmless.
        case known
        /// A static member of a type that the package does not declare: `Date.now`.
        case staticMember(of: String, String)
        /// A member of a value: nobody in the package declares it.
        case member(of: TypeText?, String)
        /// `.now`, and the type that it is a member of, if that is told.
        case implicit(TypeText?, String)
        /// A name that nothing in the package declares: `getenv`.
        case free(String)
        case unknown
    }

    /// A name in an expression, and the call whose callee it is.
    struct Use {
        let meaning: Meaning
        let node: ExprSyntax
        let call: FunctionCallExprSyntax?
        let resolver: Resolver

        /// The type of others whose initializer is called: `Date` in `Date()` and `Date.init()`.
        var made: String? {
            guard call != nil, case .type(let type, nil) = meaning else { return nil }
            return type.name
        }

        /// The static member of a type of others: `("Date", "now")`.
        var staticMember: (type: String, name: String)? {
            switch meaning {
            case .staticMember(let type, let name): (type, name)
            case .implicit(let type?, let name)
            where resolver.declared(type) == nil && !TypeText.modules.contains(type.name):
                (type.name, name)
            default: nil
            }
        }

        /// The function of others that is called by its bare name.
        var freeCall: String? {
            guard call != nil, case .free(let name) = meaning else { return nil }
            return name
        }

        var free: String? {
            if case .free(let name) = meaning { return name }
            return nil
        }

        /// A member of a value that nobody in the package declares.
        var member: (type: TypeText?, name: String)? {
            if case .member(let type, let name) = meaning { return (type, name) }
            return nil
        }

        /// A call of what a run is given to speak to the engine.
        var engineCall: String? {
            guard call != nil, case .member(let type?, let name) = meaning,
                Engine.doors.contains(type.name)
            else { return nil }
            return name
        }

        /// The labels of the call; nil for an argument without one.
        var labels: [String?] { call?.labels ?? [] }
        var hasNoArguments: Bool { call?.arguments.isEmpty ?? true }
        var base: ExprSyntax? { node.as(MemberAccessExprSyntax.self)?.base }

        func argument(_ label: String?) -> ExprSyntax? {
            call?.arguments.first { $0.label?.plain == label }?.expression
        }
    }

    extension FunctionCallExprSyntax {
        var labels: [String?] { arguments.map { $0.label?.plain } }

        var trailingClosures: [ClosureExprSyntax] {
            (trailingClosure.map { [$0] } ?? []) + additionalTrailingClosures.map(\.closure)
        }

        /// Every closure that is passed, with its label.
        var closures: [(label: String?, closure: ClosureExprSyntax)] {
            arguments.compactMap { argument in
                argument.expression.as(ClosureExprSyntax.self).map { (argument.label?.plain, $0) }
            } + (trailingClosure.map { [(nil, $0)] } ?? [])
                + additionalTrailingClosures.map { ($0.label.plain, $0.closure) }
        }
    }

    extension ExprSyntax {
        /// Without what does not change the value's type: `try`, `await`, parentheses, `?` and `!`.
        var bare: ExprSyntax {
            if let node = self.as(TryExprSyntax.self) { return node.expression.bare }
            if let node = self.as(AwaitExprSyntax.self) { return node.expression.bare }
            if let node = self.as(ForceUnwrapExprSyntax.self) { return node.expression.bare }
            if let node = self.as(OptionalChainingExprSyntax.self) { return node.expression.bare }
            if let node = self.as(TupleExprSyntax.self), node.elements.count == 1,
                let only = node.elements.first, only.label == nil
            {
                return only.expression.bare
            }
            if let node = self.as(InOutExprSyntax.self) { return node.expression.bare }
            return self
        }
    }
#endif
