#if Lint
    import SwiftSyntax

    /// WF020, WF021, WF022: order.
    enum OrderRules {
        /// What depends on the order of a dictionary or a set.
        private static let ordering: Set = [
            "first", "map", "compactMap", "flatMap", "reduce", "popFirst", "forEach", "enumerated",
            "prefix", "suffix", "dropFirst", "dropLast", "joined", "makeIterator", "lazy",
            "startIndex",
            "description", "debugDescription", "removeFirst", "reversed", "split", "elementsEqual",
            "starts", "firstIndex", "drop",
        ]
        /// What comes of it whatever the order was.
        private static let forgetting: Set = [
            "sorted", "count", "isEmpty", "contains", "allSatisfy", "min", "max", "union",
            "intersection", "subtracting", "isSubset", "isSuperset", "isDisjoint",
        ]
        private static let forgettingCalls: Set = ["Set", "Dictionary"]

        private static let hashes = NameTable(
            rule: "WF021",
            made: ["Hasher", "ObjectIdentifier"],
            statics: ["Unmanaged.passRetained", "Unmanaged.passUnretained"],
            callPrefixes: [
                "unsafeBitCast", "withUnsafePointer", "withUnsafeMutablePointer",
                "withUnsafeTemporaryAllocation",
            ],
            members: ["hashValue"])

        static func check(_ use: Use) -> Hit? {
            if let hit = hashes.hit(use) ?? address(use) { return hit }
            if let hit = encoder(use) ?? converted(use) { return hit }
            guard let (type, name) = use.member, let type else { return nil }
            if let hit = sorting(use, type, name) { return hit }
            guard type.isUnordered, ordering.contains(name), !isForgotten(use) else { return nil }
            return Hit("WF020", NameTable.message(use, "WF020"))
        }

        /// `Int(bitPattern: pointer)`; of a number it is a number.
        private static func address(_ use: Use) -> Hit? {
            guard let made = use.made, ["Int", "UInt"].contains(made),
                let value = use.argument("bitPattern"), let type = use.resolver.type(of: value),
                type.name.hasSuffix("Pointer") || type.name == "ObjectIdentifier"
            else { return nil }
            return Hit("WF021", NameTable.message(use, "WF021"))
        }

        // MARK: WF020

        static func check(_ node: ForStmtSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            let type = resolver.iterated(by: node) ?? resolver.type(of: node.sequence)
            guard let type, type.isUnordered else { return [] }
            let text = node.sequence.trimmedDescription
            return [
                (
                    Syntax(node.sequence),
                    Hit("WF020", "iterating over `\(text)` depends on the order of a hash table")
                )
            ]
        }

        /// A dictionary or a set in a text.
        static func check(_ node: ExpressionSegmentSyntax, _ resolver: Resolver) -> [(Syntax, Hit)]
        {
            guard node.expressions.count == 1, let value = node.expressions.first?.expression,
                resolver.type(of: value)?.isUnordered ?? false
            else { return [] }
            let text = value.trimmedDescription
            return [
                (
                    Syntax(node),
                    Hit("WF020", "the text of `\(text)` depends on the order of a hash table")
                )
            ]
        }

        /// `Array(set)`, `String(describing: dictionary)`.
        private static func converted(_ use: Use) -> Hit? {
            guard let made = use.made, let call = use.call, call.arguments.count == 1,
                let argument = call.arguments.first,
                use.resolver.type(of: argument.expression)?.isUnordered ?? false,
                !isForgotten(use)
            else { return nil }
            let isText =
                made == "String"
                && ["describing", "reflecting"].contains(argument.label?.plain ?? "")
            let isList =
                argument.label == nil
                && ["Array", "ContiguousArray", "ArraySlice", "Deque", "OrderedSet"].contains(made)
            return isText || isList ? Hit("WF020", NameTable.message(use, "WF020")) : nil
        }

        /// An encoder whose keys nobody sorts in the code that surrounds it.
        private static func encoder(_ use: Use) -> Hit? {
            guard use.made == "JSONEncoder" else { return nil }
            let surrounding = Syntax(use.node).surroundingBody
            guard !surrounding.mentions("sortedKeys") else { return nil }
            return Hit("WF020", "`JSONEncoder()` without `.sortedKeys` writes keys in any order")
        }

        /// Whether what comes next does not care.
        private static func isForgotten(_ use: Use) -> Bool {
            let call = use.call.map { Syntax($0) } ?? Syntax(use.node)
            if use.node.as(MemberAccessExprSyntax.self)?.declName.baseName.plain == "reduce",
                let call = use.call, isCommutative(call, use.resolver)
            {
                return true
            }
            if let access = call.parent?.as(MemberAccessExprSyntax.self),
                access.base.map(Syntax.init) == call
            {
                if forgetting.contains(access.declName.baseName.plain) { return true }
                // `dictionary.lazy.map { … }.sorted()`
                let name = access.declName.baseName.plain
                guard ["map", "compactMap", "flatMap", "lazy", "filter"].contains(name) else {
                    return false
                }
                let outer =
                    access.parent?.as(FunctionCallExprSyntax.self).map(ExprSyntax.init)
                    ?? ExprSyntax(access)
                let next = outer.parent?.as(MemberAccessExprSyntax.self)
                return next.map { forgetting.contains($0.declName.baseName.plain) } ?? false
            }
            guard let argument = call.parent?.as(LabeledExprSyntax.self),
                let receiver = argument.parent?.parent?.as(FunctionCallExprSyntax.self)
            else { return false }
            let callee = receiver.calledExpression.bare
            let name =
                callee.as(DeclReferenceExprSyntax.self)?.baseName.plain
                ?? callee.as(GenericSpecializationExprSyntax.self)?.expression
                .as(DeclReferenceExprSyntax.self)?.baseName.plain
                ?? callee.as(MemberAccessExprSyntax.self)?.declName.baseName.plain
            return name.map { forgettingCalls.contains($0) || forgetting.contains($0) } ?? false
        }

        /// `reduce(0, +)`, and a reduction into a dictionary or a set.
        private static func isCommutative(
            _ call: FunctionCallExprSyntax, _ resolver: Resolver
        ) -> Bool {
            guard let first = call.arguments.first else { return false }
            if first.label?.plain == "into" {
                return resolver.type(of: first.expression)?.isUnordered ?? false
            }
            let operation = call.arguments.last?.expression.trimmedDescription ?? ""
            return first.expression.is(IntegerLiteralExprSyntax.self)
                && ["+", "*", "&+", "&*", "max", "min"].contains(operation)
        }

        // MARK: WF022

        private static let sortingNames: Set = ["sort", "sorted", "min", "max"]

        private static func sorting(_ use: Use, _ type: TypeText, _ name: String) -> Hit? {
            guard sortingNames.contains(name), let call = use.call,
                type.element != nil || type.isUnordered || type.name == "Array"
            else { return nil }
            let predicate = use.argument("by") ?? call.trailingClosure.map(ExprSyntax.init)
            guard let predicate else {
                guard type.element?.isFloating ?? false else { return nil }
                return Hit("WF022", "`\(name)` of floating point: NaN is in no order")
            }
            let text = predicate.trimmedDescription
            if text == "<=" || text == ">=" {
                return Hit("WF022", "`\(name)` by `\(text)` is no order")
            }
            guard let closure = predicate.as(ClosureExprSyntax.self) else { return nil }
            return comparing(closure, name, type)
        }

        private static func comparing(
            _ closure: ClosureExprSyntax, _ name: String, _ type: TypeText
        ) -> Hit? {
            guard closure.statements.count == 1,
                let sequence = closure.statements.first?.item.as(SequenceExprSyntax.self),
                sequence.elements.count == 3
            else { return nil }
            let parts = Array(sequence.elements)
            let sign = parts[1].trimmedDescription
            if sign == "<=" || sign == ">=" {
                return Hit("WF022", "`\(name)` by `\(sign)` is no order")
            }
            guard sign == "<" || sign == ">", type.isUnordered,
                let key = parts[0].as(MemberAccessExprSyntax.self)?.declName.baseName.plain,
                parts[2].as(MemberAccessExprSyntax.self)?.declName.baseName.plain == key,
                !["key", "id", "0"].contains(key)
            else { return nil }
            return Hit(
                "WF022", "`\(name)` by `\(key)` alone leaves equals in the order of a hash table")
        }
    }

    extension Syntax {
        /// The function, closure's function or property that surrounds a place.
        var surroundingBody: Syntax {
            var place = self
            while let outer = place.parent {
                if outer.is(FunctionDeclSyntax.self) || outer.is(InitializerDeclSyntax.self)
                    || outer.is(VariableDeclSyntax.self)
                        && outer.parent?.is(MemberBlockItemSyntax.self)
                            ?? false
                    || outer.is(SourceFileSyntax.self)
                {
                    return outer
                }
                place = outer
            }
            return place
        }

        /// Whether a word stands in it.
        func mentions(_ word: String) -> Bool {
            tokens(viewMode: .sourceAccurate).contains { $0.text == word }
        }
    }
#endif
