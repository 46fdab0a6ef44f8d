#if Lint
    import SwiftSyntax

    /// Walks through a file, or the members of an extension, and tells the index what is declared.
    final class DeclarationCollector: SyntaxVisitor {
        private enum Surrounding {
            case type(TypeEntry)
            case code
        }

        /// Those on the way, each with the path of the types that surround it.
        private(set) var extensions: [(ExtensionDeclSyntax, String)] = []
        private let file: SourceFile
        private let index: DeclarationIndex
        private var surroundings: [Surrounding] = []

        init(_ file: SourceFile, _ index: DeclarationIndex, within entry: TypeEntry? = nil) {
            self.file = file
            self.index = index
            if let entry { surroundings = [.type(entry)] }
            super.init(viewMode: .sourceAccurate)
        }

        private var isInCode: Bool {
            if case .code = surroundings.last { return true }
            return false
        }

        private var type: TypeEntry? {
            if case .type(let entry) = surroundings.last { return entry }
            return nil
        }

        private var path: String {
            for case .type(let entry) in surroundings.reversed() { return entry.path }
            return ""
        }

        // MARK: Types

        private func enter(
            _ name: TokenSyntax, _ kind: TypeEntry.Kind, _ attributes: AttributeListSyntax,
            _ clause: InheritanceClauseSyntax?
        ) -> SyntaxVisitorContinueKind {
            let path = path.isEmpty ? name.plain : "\(path).\(name.plain)"
            let entry = TypeEntry(path: path, module: file.module, kind: kind)
            entry.attributes.append(attributes)
            entry.inherit(clause)
            index.declare(entry)
            index.note(.type(entry), named: name, in: file)
            surroundings.append(.type(entry))
            return .visitChildren
        }

        override func visit(_ node: StructDeclSyntax) -> SyntaxVisitorContinueKind {
            enter(node.name, .struct, node.attributes, node.inheritanceClause)
        }
        override func visit(_ node: EnumDeclSyntax) -> SyntaxVisitorContinueKind {
            enter(node.name, .enum, node.attributes, node.inheritanceClause)
        }
        override func visit(_ node: ClassDeclSyntax) -> SyntaxVisitorContinueKind {
            enter(node.name, .class, node.attributes, node.inheritanceClause)
        }
        override func visit(_ node: ActorDeclSyntax) -> SyntaxVisitorContinueKind {
            enter(node.name, .actor, node.attributes, node.inheritanceClause)
        }
        override func visit(_ node: ProtocolDeclSyntax) -> SyntaxVisitorContinueKind {
            enter(node.name, .protocol, node.attributes, node.inheritanceClause)
        }
        override func visitPost(_ node: StructDeclSyntax) { surroundings.removeLast() }
        override func visitPost(_ node: EnumDeclSyntax) { surroundings.removeLast() }
        override func visitPost(_ node: ClassDeclSyntax) { surroundings.removeLast() }
        override func visitPost(_ node: ActorDeclSyntax) { surroundings.removeLast() }
        override func visitPost(_ node: ProtocolDeclSyntax) { surroundings.removeLast() }

        override func visit(_ node: ExtensionDeclSyntax) -> SyntaxVisitorContinueKind {
            extensions.append((node, path))
            return .skipChildren
        }

        override func visit(_ node: TypeAliasDeclSyntax) -> SyntaxVisitorContinueKind {
            if let type { type.aliases[node.name.plain] = node.initializer.value }
            if surroundings.isEmpty { index.add(node, file.module) }
            return .skipChildren
        }

        override func visit(_ node: EnumCaseDeclSyntax) -> SyntaxVisitorContinueKind {
            type?.cases.formUnion(node.elements.map(\.name.plain))
            return .skipChildren
        }

        // MARK: Code

        override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind {
            if !isInCode {
                let function = FunctionEntry(node, in: file, of: type)
                type?.functions[function.name, default: []].append(function)
                index.add(function)
                index.note(.function(function), named: node.name, in: file)
            }
            surroundings.append(.code)
            return .visitChildren
        }
        override func visitPost(_ node: FunctionDeclSyntax) { surroundings.removeLast() }

        override func visit(_ node: InitializerDeclSyntax) -> SyntaxVisitorContinueKind {
            let initializer = FunctionEntry(node, in: file, of: type)
            type?.initializers.append(initializer)
            index.note(.function(initializer), named: node.initKeyword, in: file)
            surroundings.append(.code)
            return .visitChildren
        }
        override func visitPost(_ node: InitializerDeclSyntax) { surroundings.removeLast() }

        override func visit(_ node: SubscriptDeclSyntax) -> SyntaxVisitorContinueKind {
            let member = FunctionEntry(node, in: file, of: type)
            type?.subscripts.append(member)
            index.note(.function(member), named: node.subscriptKeyword, in: file)
            surroundings.append(.code)
            return .visitChildren
        }
        override func visitPost(_ node: SubscriptDeclSyntax) { surroundings.removeLast() }

        override func visit(_ node: DeinitializerDeclSyntax) -> SyntaxVisitorContinueKind {
            type?.deinitializer = node
            surroundings.append(.code)
            return .visitChildren
        }
        override func visitPost(_ node: DeinitializerDeclSyntax) { surroundings.removeLast() }

        override func visit(_ node: VariableDeclSyntax) -> SyntaxVisitorContinueKind {
            if !isInCode { add(node) }
            surroundings.append(.code)
            return .visitChildren
        }
        override func visitPost(_ node: VariableDeclSyntax) { surroundings.removeLast() }

        private func add(_ node: VariableDeclSyntax) {
            // What stands as code at the end of a script is of no use here, and does no harm.
            var type: TypeSyntax?
            for binding in node.bindings.reversed() {
                type = binding.typeAnnotation?.type ?? (binding.initializer == nil ? type : nil)
                guard let token = binding.pattern.as(IdentifierPatternSyntax.self)?.identifier
                else { continue }
                let name = token.plain
                let property = PropertyEntry(
                    name, node, binding, type: type, in: file, of: self.type)
                index.note(.property(property), named: token, in: file)
                if let owner = self.type {
                    owner.properties[name] = property
                } else {
                    index.add(property)
                }
            }
        }

        override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind {
            if case .parameterClause(let clause) = node.signature?.parameterClause,
                clause.parameters.contains(where: {
                    $0.type.flatMap { TypeText($0) }?.name == Engine.context
                })
            {
                index.add(node, in: file)
            }
            surroundings.append(.code)
            return .visitChildren
        }
        override func visitPost(_ node: ClosureExprSyntax) { surroundings.removeLast() }
    }
#endif
