#if Lint
    import SwiftSyntax

    /// WF060, WF061, WF062: state that is shared.
    enum StateRules {
        static func check(_ use: Use, isQuestion: Bool) -> Hit? {
            if isQuestion, let hit = change(use) { return hit }
            switch use.meaning {
            case .property(let property): return check(property, use)
            case .staticMember(_, "shared"):
                return Hit("WF060", "`\(use.text)` is an object that everybody shares")
            case .free("isKnownUniquelyReferenced"):
                return Hit(
                    "WF061", "`isKnownUniquelyReferenced` depends on who else holds the object")
            case .local(.value(let variable?, _, _)) where variable.modifiers.isNonOwning:
                return Hit("WF061", "`\(use.text)` is gone once nobody else holds it")
            case .type(_, let entry?) where use.call != nil:
                guard entry.deinitializer?.body?.statements.isEmpty == false else { return nil }
                return Hit("WF061", "`deinit` of \(entry.name) does something, whenever that is")
            default: return nil
            }
        }

        private static func check(_ property: PropertyEntry, _ use: Use) -> Hit? {
            if property.variable.modifiers.isNonOwning {
                return Hit("WF061", "`\(property.name)` is gone once nobody else holds it")
            }
            guard property.isGlobal, property.getter == nil else { return nil }
            let name = property.owner.map { "\($0.name).\(property.name)" } ?? property.name
            if property.has("TaskLocal") {
                return Hit("WF060", "`\(name)` is a task local that the engine does not keep")
            }
            if !property.isLet {
                return Hit("WF060", "`\(name)` is a global that anybody may change")
            }
            if property.variable.modifiers.isUnchecked {
                return Hit("WF060", "`\(name)` is `nonisolated(unsafe)`")
            }
            if let hit = lazyEffect(of: property, name, use) { return hit }
            guard let type = use.resolver.type(of: property, at: Syntax(use.node)), !type.isMeta,
                let entry = use.resolver.index.entry(
                    declared: type.name, within: property.owner?.path ?? "", in: property.file),
                entry.kind == .class,
                entry.properties.values.contains(where: {
                    !$0.isLet && $0.getter == nil && !$0.isGlobal
                })
            else { return nil }
            return Hit("WF060", "`\(name)` is an object that everybody shares and may change")
        }

        // MARK: WF061

        /// A global that changes something when it is read for the first time.
        private static func lazyEffect(
            of property: PropertyEntry, _ name: String, _ use: Use
        ) -> Hit? {
            guard
                let closure = property.binding.initializer?.value.bare
                    .as(FunctionCallExprSyntax.self)?.calledExpression.as(ClosureExprSyntax.self)
            else { return nil }
            let resolver = Resolver(index: use.resolver.index, file: property.file)
            let isChanging = Assignments.find(in: Syntax(closure)).contains { target in
                guard let root = target.root,
                    case .property(let changed) = resolver.meaning(of: ExprSyntax(root))
                else { return false }
                return changed.isGlobal
            }
            guard isChanging || Syntax(closure).mentions("print") else { return nil }
            return Hit("WF061", "`\(name)` does something when it is read for the first time")
        }

        static func check(_ node: ClosureCaptureSyntax) -> [(Syntax, Hit)] {
            guard let specifier = node.specifier,
                ["weak", "unowned"].contains(specifier.specifier.text)
            else { return [] }
            return [
                (
                    Syntax(node),
                    Hit("WF061", "`\(node.trimmedDescription)` is gone once nobody else holds it")
                )
            ]
        }

        // MARK: WF062

        private static let changing: Set = [
            "append", "insert", "remove", "removeAll", "removeValue", "removeFirst", "removeLast",
            "popFirst", "popLast", "updateValue", "merge", "formUnion", "formIntersection",
            "subtract",
            "sort", "shuffle", "toggle", "swapAt", "reverse",
        ]

        /// A call that changes an object, in a query.
        private static func change(_ use: Use) -> Hit? {
            guard use.call != nil, let base = use.base else { return nil }
            if case .functions(let functions) = use.meaning,
                let function = functions.first, function.owner?.kind == .class,
                !function.isStatic, function.changesSelf,
                isFromOutside(base, use.resolver)
            {
                return Hit("WF062", "`\(use.text)` changes an object of the run")
            }
            guard let (_, name) = use.member, changing.contains(name),
                reachesObject(base, use.resolver)
            else { return nil }
            return Hit("WF062", "`\(use.text)` changes an object of the run")
        }

        /// An assignment through an object, in a query.
        static func check(
            _ node: SequenceExprSyntax, _ resolver: Resolver, isQuestion: Bool
        ) -> [(Syntax, Hit)] {
            guard isQuestion, let target = node.assignedTarget,
                let base = target.bare.as(MemberAccessExprSyntax.self)?.base
                    ?? target.bare.as(SubscriptCallExprSyntax.self)?.calledExpression,
                reachesObject(base, resolver)
            else { return [] }
            return [
                (
                    Syntax(node),
                    Hit(
                        "WF062",
                        "`\(target.trimmedDescription)` is changed, in an object of the run")
                )
            ]
        }

        /// Whether a way through properties comes by an object of the package that the question did
        /// not make.
        private static func reachesObject(_ expression: ExprSyntax, _ resolver: Resolver) -> Bool {
            guard isFromOutside(expression, resolver) else { return false }
            var place: ExprSyntax? = expression.bare
            while let node = place {
                if let type = resolver.type(of: node), !type.isMeta,
                    let entry = resolver.declared(type, at: Syntax(node)), entry.isReference
                {
                    return true
                }
                place =
                    node.as(MemberAccessExprSyntax.self)?.base?.bare
                    ?? node.as(SubscriptCallExprSyntax.self)?.calledExpression.bare
            }
            return false
        }

        private static func isFromOutside(_ expression: ExprSyntax, _ resolver: Resolver) -> Bool {
            guard let root = expression.root else { return false }
            guard case .local(.value(_, _, let value?)) = resolver.meaning(of: ExprSyntax(root))
            else {
                return true
            }
            if let call = value.bare.as(FunctionCallExprSyntax.self),
                case .type = resolver.meaning(of: call.calledExpression, call: call)
            {
                return false
            }
            return true
        }
    }

    extension FunctionEntry {
        /// Whether its body assigns to something of its own object.
        fileprivate var changesSelf: Bool {
            guard let body, let owner else { return false }
            return Assignments.find(in: body).contains { target in
                guard let root = target.root?.baseName.plain else { return false }
                if root == "self" { return true }
                return owner.properties[root] != nil && Bindings.find(root, at: target) == nil
            }
        }
    }

    extension DeclModifierListSyntax {
        var isNonOwning: Bool { has(.weak) || has(.unowned) }
        /// `nonisolated(unsafe)`
        var isUnchecked: Bool {
            contains {
                $0.name.tokenKind == .keyword(.nonisolated) && $0.detail?.detail.text == "unsafe"
            }
        }
    }

    extension SequenceExprSyntax {
        /// What stands before `=`, or before `+=` and the like.
        var assignedTarget: ExprSyntax? {
            let parts = Array(elements)
            guard parts.count >= 3 else { return nil }
            if parts[1].is(AssignmentExprSyntax.self) { return parts[0] }
            guard let sign = parts[1].as(BinaryOperatorExprSyntax.self)?.operator.text,
                sign.hasSuffix("="), !["==", "!=", "<=", ">=", "===", "!==", "~="].contains(sign)
            else { return nil }
            return parts[0]
        }
    }

    extension ExprSyntax {
        /// The name that a way through members begins with.
        var root: DeclReferenceExprSyntax? {
            var place: ExprSyntax? = bare
            while let node = place {
                if let reference = node.as(DeclReferenceExprSyntax.self) { return reference }
                place =
                    node.as(MemberAccessExprSyntax.self)?.base?.bare
                    ?? node.as(SubscriptCallExprSyntax.self)?.calledExpression.bare
                    ?? node.as(FunctionCallExprSyntax.self)?.calledExpression.bare
            }
            return nil
        }
    }

    /// Everything that code assigns to.
    final class Assignments: SyntaxVisitor {
        private var targets: [ExprSyntax] = []

        static func find(in node: Syntax) -> [ExprSyntax] {
            let visitor = Assignments(viewMode: .sourceAccurate)
            visitor.walk(node)
            return visitor.targets
        }

        override func visit(_ node: SequenceExprSyntax) -> SyntaxVisitorContinueKind {
            if let target = node.assignedTarget { targets.append(target) }
            return .visitChildren
        }
    }
#endif
