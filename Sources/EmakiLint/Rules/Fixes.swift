#if Lint
    import SwiftSyntax

    /// Edits that mend a finding without a change of meaning, where the context has a name.
    enum Fixes {
        /// `Date()` and `Date.now`: the same type, by engine time.
        static func date(_ use: Use, _ hit: Hit) -> Hit {
            let isNow = use.staticMember.map { $0 == ("Date", "now") } ?? false
            let isMade = use.made == "Date" && use.hasNoArguments
            guard isNow && use.call == nil || isMade,
                use.base?.is(MemberAccessExprSyntax.self) != true,
                !use.node.trimmedDescription.hasPrefix("."),
                let context = use.resolver.contextName(at: Syntax(use.node))
            else { return hit }
            return hit.mending(
                use.call.map(Syntax.init) ?? Syntax(use.node),
                "Date(timeIntervalSince1970: Double(\(context).now) / 1_000_000_000)")
        }

        /// `UUID()` and `UUID().uuidString`: a text, from the run's own chance.
        static func uuid(_ use: Use, _ hit: Hit) -> Hit {
            guard use.made == "UUID", let call = use.call,
                let context = use.resolver.contextName(at: Syntax(call)),
                Syntax(call).mayThrow(use.resolver)
            else { return hit }
            var mended = Syntax(call)
            if let access = call.parent?.as(MemberAccessExprSyntax.self) {
                guard access.declName.baseName.plain == "uuidString" else { return hit }
                mended = Syntax(access)
                if access.parent?.is(MemberAccessExprSyntax.self) ?? false { return hit }
            }
            if mended.isTried { return hit.mending(mended, "\(context).uuid()") }
            // `try` may not stand to the right of an operator.
            if let list = mended.parent?.as(ExprListSyntax.self) {
                let before = list.last { $0.position < mended.position }
                if let before, !before.is(AssignmentExprSyntax.self) { return hit }
            }
            return hit.mending(mended, "try \(context).uuid()")
        }

        /// `Task.sleep(for:)` and `Task.sleep(nanoseconds:)`: the run's own timer.
        static func sleep(_ use: Use, _ hit: Hit) -> Hit {
            guard use.staticMember.map({ $0 == ("Task", "sleep") }) ?? false, let call = use.call,
                call.arguments.count == 1, let argument = call.arguments.first,
                let context = use.resolver.contextName(at: Syntax(call))
            else { return hit }
            switch argument.label?.plain {
            case "for":
                return hit.mending(Syntax(call.calledExpression), "\(context).sleep")
            case "nanoseconds":
                let value = argument.expression.trimmedDescription
                let isLiteral = value.allSatisfy { $0.isNumber || "_ *+".contains($0) }
                let count = isLiteral ? value : "Int64(\(value))"
                return hit.mending(Syntax(call), "\(context).sleep(for: .nanoseconds(\(count)))")
            default: return hit
            }
        }
    }

    extension Hit {
        fileprivate func mending(_ node: Syntax, _ text: String) -> Hit {
            var hit = self
            let start = node.positionAfterSkippingLeadingTrivia.utf8Offset
            let end = node.endPositionBeforeTrailingTrivia.utf8Offset
            hit.edit = Edit(range: start..<end, text: text)
            return hit
        }
    }

    extension Resolver {
        /// By which name the code around a place has the context; nil where it has none.
        func contextName(at node: Syntax) -> String? {
            var place = node
            while let outer = place.parent, !outer.is(MemberBlockSyntax.self) {
                if let name = contextName(inParametersOf: outer) {
                    // Not if something else has the name further inside.
                    let isMeant =
                        Bindings.find(name, at: node)
                        .flatMap { type(of: $0, at: node) }?.name == Engine.context
                    return isMeant ? name : nil
                }
                place = outer
            }
            guard isInMacroWorkflow(node), let function = function(around: node),
                !function.modifiers.isStatic,
                function.attributes.has("Signal")
                    || function.attributes.has("Update"), Bindings.find("context", at: node) == nil
            else { return nil }
            return "context"
        }

        private func contextName(inParametersOf node: Syntax) -> String? {
            if let function = node.as(FunctionDeclSyntax.self) {
                let parameter = function.signature.parameterClause.parameters.first {
                    TypeText($0.type)?.name == Engine.context
                }
                return parameter.map { ($0.secondName ?? $0.firstName).plain }
            }
            guard let closure = node.as(ClosureExprSyntax.self) else { return nil }
            switch closure.signature?.parameterClause {
            case .simpleInput(let list):
                guard let first = list.first,
                    type(of: .closureParameter(closure, 0, type: nil), at: node)?.name
                        == Engine.context
                else { return nil }
                return first.name.tokenKind == .wildcard ? nil : first.name.plain
            case .parameterClause(let clause):
                return clause.parameters.first {
                    $0.type.flatMap { TypeText($0) }?.name == Engine.context
                }.map { ($0.secondName ?? $0.firstName).plain }
            case nil: return nil
            }
        }

        private func function(around node: Syntax) -> FunctionDeclSyntax? {
            var place = node.parent
            while let outer = place, !outer.is(MemberBlockSyntax.self) {
                if let function = outer.as(FunctionDeclSyntax.self),
                    outer.parent?.is(MemberBlockItemSyntax.self) ?? false
                {
                    return function
                }
                place = outer.parent
            }
            return nil
        }
    }

    extension Syntax {
        /// Whether `try` may stand here: in a function that throws, or a closure of the engine's.
        fileprivate func mayThrow(_ resolver: Resolver) -> Bool {
            var place = self
            while let outer = place.parent {
                if let function = outer.as(FunctionDeclSyntax.self) {
                    return function.signature.effectSpecifiers?.throwsClause != nil
                }
                if let closure = outer.as(ClosureExprSyntax.self) {
                    guard let call = closure.receiver?.call,
                        case .member(let type?, _) = resolver.meaning(of: call.calledExpression)
                    else { return false }
                    return Engine.doors.contains(type.name) || type.name == Engine.handlers
                }
                if outer.is(MemberBlockSyntax.self) { return false }
                place = outer
            }
            return false
        }

        /// Whether a `try` before it reaches it.
        fileprivate var isTried: Bool {
            var place = self
            while let outer = place.parent {
                if let node = outer.as(TryExprSyntax.self) {
                    return node.questionOrExclamationMark == nil
                }
                if outer.is(CodeBlockItemSyntax.self) || outer.is(ClosureExprSyntax.self) {
                    return false
                }
                place = outer
            }
            return false
        }
    }
#endif
