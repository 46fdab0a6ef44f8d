#if Lint
    import SwiftSyntax

    /// A type as far as the text tells it.
    struct TypeText: Equatable {
        /// Without the module and without arguments: `Dictionary`, `Outer.Inner`.
        var name: String
        var arguments: [TypeText] = []
        /// The type itself, rather than a value of it.
        var isMeta = false
        /// `any P` and `some P`.
        var isExistential = false
        var isFunction = false

        static let unknownName = "?"
        static let function = TypeText(name: unknownName, isFunction: true)

        /// What is iterated over, where that is known.
        var element: TypeText? {
            switch name {
            case "Array", "Set", "ArraySlice", "ContiguousArray": arguments.first
            case "Dictionary": TypeText(name: "(key:value:)", arguments: arguments)
            case "Dictionary.Keys": arguments.first
            case "Dictionary.Values": arguments.last
            default: nil
            }
        }

        /// Has another order in every process.
        var isUnordered: Bool { Self.unorderedNames.contains(name) }
        var isFloating: Bool {
            ["Double", "Float", "CGFloat", "Float16", "Float80"].contains(name)
        }

        private static let unorderedNames: Set = [
            "Dictionary", "Set", "Dictionary.Keys", "Dictionary.Values",
        ]

        /// The type of a value; nil where the text does not tell.
        init?(_ type: TypeSyntax) {
            if let type = type.as(IdentifierTypeSyntax.self) {
                self.init(type.name.plain, type.genericArgumentClause)
            } else if let type = type.as(MemberTypeSyntax.self) {
                guard let base = TypeText(type.baseType) else { return nil }
                self.init(type.name.plain, type.genericArgumentClause)
                if !Self.modules.contains(base.name) { name = base.name + "." + name }
            } else if let type = type.as(ArrayTypeSyntax.self) {
                self.init(name: "Array", arguments: [TypeText(orUnknown: type.element)])
            } else if let type = type.as(DictionaryTypeSyntax.self) {
                self.init(
                    name: "Dictionary",
                    arguments: [TypeText(orUnknown: type.key), TypeText(orUnknown: type.value)])
            } else if let type = type.as(OptionalTypeSyntax.self) {
                self.init(type.wrappedType)
            } else if let type = type.as(ImplicitlyUnwrappedOptionalTypeSyntax.self) {
                self.init(type.wrappedType)
            } else if let type = type.as(AttributedTypeSyntax.self) {
                self.init(type.baseType)
            } else if let type = type.as(SomeOrAnyTypeSyntax.self) {
                self.init(type.constraint)
                isExistential = type.someOrAnySpecifier.tokenKind == .keyword(.any)
            } else if let type = type.as(TupleTypeSyntax.self), type.elements.count == 1,
                let only = type.elements.first
            {
                self.init(only.type)
            } else if let type = type.as(MetatypeTypeSyntax.self) {
                self.init(type.baseType)
                isMeta = true
            } else if type.is(FunctionTypeSyntax.self) {
                self = .function
            } else {
                return nil
            }
        }

        private init(orUnknown type: TypeSyntax) {
            self = TypeText(type) ?? TypeText(name: Self.unknownName)
        }

        /// A generic argument may be a number.
        private init(_ name: String, _ clause: GenericArgumentClauseSyntax?) {
            self.init(name: name)
            for argument in clause?.arguments ?? [] {
                if case .type(let type) = argument.argument {
                    arguments.append(TypeText(orUnknown: type))
                } else {
                    arguments.append(TypeText(name: Self.unknownName))
                }
            }
            if name == "Optional", let wrapped = arguments.first { self = wrapped }
        }

        init(
            name: String, arguments: [TypeText] = [], isMeta: Bool = false, isFunction: Bool = false
        ) {
            self.name = name
            self.arguments = arguments
            self.isMeta = isMeta
            self.isFunction = isFunction
        }

        /// Names that may stand before a type's and say nothing about it.
        static let modules: Set = [
            "Swift", "Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "Glibc",
            "Darwin", "Musl", "EmakiWorkflow", "EmakiWorkflowMacros", "Crypto", "CryptoKit", "os",
            "FoundationNetworking", "_Concurrency",
        ]
    }

    extension TokenSyntax {
        /// An identifier without backticks.
        var plain: String {
            let text = text
            return text.hasPrefix("`") && text.count > 2
                ? String(text.dropFirst().dropLast()) : text
        }
    }
#endif
