#if Lint
    import SwiftSyntax

    /// A type of the package, with what its extensions add. Of a type of others: its extensions
    /// alone.
    final class TypeEntry {
        enum Kind { case `struct`, `enum`, `class`, actor, `protocol`, external }

        /// `Outer.Inner`.
        let path: String
        let module: String
        var kind: Kind
        var attributes: [AttributeListSyntax] = []
        /// As they are written, without arguments.
        var inherited: Set<String> = []
        var functions: [String: [FunctionEntry]] = [:]
        var initializers: [FunctionEntry] = []
        var subscripts: [FunctionEntry] = []
        var properties: [String: PropertyEntry] = [:]
        var aliases: [String: TypeSyntax] = [:]
        var cases: Set<String> = []
        var deinitializer: DeinitializerDeclSyntax?

        init(path: String, module: String, kind: Kind) {
            self.path = path
            self.module = module
            self.kind = kind
        }

        var name: String { path.split(separator: ".").last.map(String.init) ?? path }
        /// Two targets may have types of one name.
        var key: String { "\(module)/\(path)" }
        /// Is in the package, so that everything about it is known.
        var isDeclared: Bool { kind != .external }
        var isReference: Bool { kind == .class || kind == .actor }

        func has(_ attribute: String) -> Bool { attributes.contains { $0.has(attribute) } }
    }

    /// A function, an initializer or a subscript.
    final class FunctionEntry {
        let name: String
        let file: SourceFile
        weak var owner: TypeEntry?
        let node: Syntax
        let parameters: FunctionParameterListSyntax
        let result: TypeSyntax?
        let body: Syntax?
        let attributes: AttributeListSyntax
        let isStatic: Bool

        init(_ function: FunctionDeclSyntax, in file: SourceFile, of owner: TypeEntry?) {
            name = function.name.plain
            self.file = file
            self.owner = owner
            node = Syntax(function)
            parameters = function.signature.parameterClause.parameters
            result = function.signature.returnClause?.type
            body = function.body.map(Syntax.init)
            attributes = function.attributes
            isStatic = function.modifiers.isStatic
        }

        init(_ initializer: InitializerDeclSyntax, in file: SourceFile, of owner: TypeEntry?) {
            name = "init"
            self.file = file
            self.owner = owner
            node = Syntax(initializer)
            parameters = initializer.signature.parameterClause.parameters
            result = nil
            body = initializer.body.map(Syntax.init)
            attributes = initializer.attributes
            isStatic = false
        }

        init(_ member: SubscriptDeclSyntax, in file: SourceFile, of owner: TypeEntry?) {
            name = "subscript"
            self.file = file
            self.owner = owner
            node = Syntax(member)
            parameters = member.parameterClause.parameters
            result = member.returnClause.type
            body = member.accessorBlock.map(Syntax.init)
            attributes = member.attributes
            isStatic = member.modifiers.isStatic
        }

        /// Whether a call with these labels may mean it; nil stands for no label.
        func takes(_ labels: [String?], trailingClosureCount: Int) -> Bool {
            var rest = parameters[...]
            for label in labels {
                var isFound = false
                while let parameter = rest.first {
                    let name =
                        parameter.firstName.tokenKind == .wildcard
                        ? nil : parameter.firstName.plain
                    let isPassed = name == label
                    // A variadic one takes what comes without a label, too.
                    if parameter.ellipsis == nil || !isPassed { rest = rest.dropFirst() }
                    if isPassed {
                        isFound = true
                        break
                    }
                    if parameter.defaultValue == nil && parameter.ellipsis == nil { return false }
                }
                if !isFound && !(label == nil && parameters.last?.ellipsis != nil) { return false }
            }
            let needed = rest.count { $0.defaultValue == nil && $0.ellipsis == nil }
            return needed <= trailingClosureCount
        }
    }

    /// A property or a global.
    final class PropertyEntry {
        let name: String
        let file: SourceFile
        weak var owner: TypeEntry?
        let variable: VariableDeclSyntax
        let binding: PatternBindingSyntax
        /// In `let a, b: Int` the type stands behind the last.
        let type: TypeSyntax?

        init(
            _ name: String, _ variable: VariableDeclSyntax, _ binding: PatternBindingSyntax,
            type: TypeSyntax?, in file: SourceFile, of owner: TypeEntry?
        ) {
            self.name = name
            self.file = file
            self.owner = owner
            self.variable = variable
            self.binding = binding
            self.type = type
        }

        var isLet: Bool { variable.bindingSpecifier.tokenKind == .keyword(.let) }
        /// A global, or of the type itself.
        var isGlobal: Bool { owner == nil || variable.modifiers.isStatic }

        /// What a computed one executes; nil for a stored one.
        var getter: AccessorBlockSyntax? {
            guard let block = binding.accessorBlock else { return nil }
            guard case .accessors(let accessors) = block.accessors else { return block }
            let isStored = accessors.allSatisfy {
                [.keyword(.willSet), .keyword(.didSet)].contains($0.accessorSpecifier.tokenKind)
            }
            return isStored ? nil : block
        }

        func has(_ attribute: String) -> Bool { variable.attributes.has(attribute) }
        func has(_ modifier: Keyword) -> Bool { variable.modifiers.has(modifier) }
    }

    extension AttributeListSyntax {
        /// Has the attribute of this name, whatever module it is qualified with.
        func has(_ name: String) -> Bool { names.contains(name) }

        var names: [String] { attributes.map(\.baseName) }

        var attributes: [AttributeSyntax] {
            compactMap { element in
                if case .attribute(let attribute) = element { return attribute }
                return nil
            }
        }
    }

    extension AttributeSyntax {
        /// The name without the module.
        var baseName: String {
            attributeName.trimmedDescription.split(separator: ".").last.map(String.init) ?? ""
        }

        /// The text of an argument that is a literal.
        func text(_ label: String) -> String? {
            guard case .argumentList(let list) = arguments else { return nil }
            return list.first { $0.label?.text == label }?.expression
                .as(StringLiteralExprSyntax.self)?.representedLiteralValue
        }
    }

    extension DeclModifierListSyntax {
        func has(_ keyword: Keyword) -> Bool { contains { $0.name.tokenKind == .keyword(keyword) } }
        var isStatic: Bool { has(.static) || has(.class) }
    }
#endif
