#if Lint
    import SwiftSyntax

    /// WF070, WF071: what depends on the build and the machine.
    enum BuildRules {
        private static let reflection = NameTable(
            rule: "WF070", made: ["Mirror"], calls: ["_isDebugAssertConfiguration": 0...0])
        private static let floating = NameTable(rule: "WF071", types: ["Float80"])

        /// Functions of the C library, which rounds as it likes.
        private static let rounding: Set = [
            "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "exp",
            "exp2",
            "expm1", "log", "log2", "log10", "log1p", "pow", "cbrt", "hypot", "tgamma", "lgamma",
            "erf",
        ]
        private static let places: Set = [
            "line", "file", "fileID", "filePath", "function", "column",
        ]

        static func check(_ use: Use) -> Hit? {
            if let hit = reflection.hit(use) ?? floating.hit(use) { return hit }
            if use.freeCall == "type", use.labels == ["of"], isText(use) {
                return Hit("WF070", "the name of `\(use.text)` is used as a value")
            }
            if let name = use.freeCall, rounding.contains(name), Syntax(use.node).isInCondition {
                return Hit("WF071", "`\(use.text)` decides where the run goes")
            }
            if let (type, name) = use.member, let type, type.name.hasPrefix("SIMD"),
                name == "sum" || name == "wrappedSum"
            {
                return Hit("WF071", "`\(use.text)` adds in an order that the machine chooses")
            }
            return nil
        }

        /// `"\(type(of: x))"`, `String(describing: type(of: x))`
        private static func isText(_ use: Use) -> Bool {
            guard let argument = use.call?.parent?.as(LabeledExprSyntax.self) else { return false }
            if argument.parent?.parent?.is(ExpressionSegmentSyntax.self) ?? false { return true }
            return ["describing", "reflecting"].contains(argument.label?.plain ?? "")
        }

        static func check(_ node: IfConfigDeclSyntax) -> [(Syntax, Hit)] {
            let hasCode = node.clauses.contains { clause in
                clause.elements.map { !$0.trimmedDescription.isEmpty } ?? false
            }
            guard hasCode, let first = node.clauses.first else { return [] }
            let condition = first.condition?.trimmedDescription ?? ""
            return [
                (Syntax(first.poundKeyword), Hit("WF070", "`#if \(condition)` in code of a run"))
            ]
        }

        /// `#line` where it steers, or names a step.
        static func check(
            _ node: MacroExpansionExprSyntax, _ resolver: Resolver
        ) -> [(Syntax, Hit)] {
            let name = node.macroName.text
            guard places.contains(name), node.arguments.isEmpty,
                Syntax(node).isInCondition || isNaming(Syntax(node), resolver)
            else { return [] }
            return [(Syntax(node), Hit("WF070", "`#\(name)` changes when code is moved"))]
        }

        private static func isNaming(_ node: Syntax, _ resolver: Resolver) -> Bool {
            var place = node
            while let outer = place.parent, !outer.is(CodeBlockItemSyntax.self) {
                if let call = outer.as(FunctionCallExprSyntax.self),
                    let name = resolver.use(of: call.calledExpression, call: call).engineCall
                {
                    return name != "log"
                }
                place = outer
            }
            return false
        }

        /// `==` of floating point in a condition.
        static func check(_ node: SequenceExprSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            let parts = Array(node.elements)
            guard parts.count >= 3, Syntax(node).isInCondition else { return [] }
            for place in stride(from: 1, to: parts.count - 1, by: 2) {
                guard let sign = parts[place].as(BinaryOperatorExprSyntax.self)?.operator.text,
                    sign == "==" || sign == "!=",
                    isComputed(parts[place - 1], resolver) || isComputed(parts[place + 1], resolver)
                else { continue }
                return [(Syntax(node), Hit("WF071", "`\(sign)` of floating point"))]
            }
            return []
        }

        /// A literal alone says nothing: it may be of another type.
        private static func isComputed(_ expression: ExprSyntax, _ resolver: Resolver) -> Bool {
            !expression.is(FloatLiteralExprSyntax.self)
                && resolver.type(of: expression)?.isFloating ?? false
        }
    }

    extension Syntax {
        /// Decides which way code goes.
        var isInCondition: Bool {
            var place = self
            while let outer = place.parent {
                if outer.is(ConditionElementSyntax.self) { return true }
                if outer.as(SwitchExprSyntax.self).map({ Syntax($0.subject) == place }) ?? false {
                    return true
                }
                if let sequence = outer.as(SequenceExprSyntax.self),
                    let ternary = sequence.elements.first(where: {
                        $0.is(UnresolvedTernaryExprSyntax.self)
                    }), position < ternary.position
                {
                    return true
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
