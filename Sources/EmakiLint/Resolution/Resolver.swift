#if Lint
    import SwiftSyntax

    /// Finds what names in a file stand for: by syntax and, where that does not tell, by the index
    /// store of a build, if there is one. No types are checked.
    struct Resolver {
        let index: DeclarationIndex
        let file: SourceFile
        /// Types of types of types end somewhere.
        var depth = 0

        static let depthMax = 16

        var deeper: Resolver? {
            guard depth < Self.depthMax else { return nil }
            var resolver = self
            resolver.depth += 1
            return resolver
        }

        func use(of node: ExprSyntax, call: FunctionCallExprSyntax?) -> Use {
            Use(meaning: meaning(of: node, call: call), node: node, call: call, resolver: self)
        }

        // MARK: Names

        func meaning(of node: ExprSyntax, call: FunctionCallExprSyntax? = nil) -> Meaning {
            guard let deeper else { return .unknown }
            let node = node.bare
            if let reference = node.as(DeclReferenceExprSyntax.self) {
                let guess = deeper.meaning(
                    ofName: reference.baseName.plain, at: Syntax(reference), call,
                    argumentNames: reference.argumentNames)
                return deeper.settled(guess, node)
            }
            if let access = node.as(MemberAccessExprSyntax.self) {
                return deeper.settled(deeper.meaning(of: access, call), node)
            }
            if let node = node.as(GenericSpecializationExprSyntax.self) {
                guard case .type(var type, let entry) = deeper.meaning(of: node.expression) else {
                    return deeper.meaning(of: node.expression, call: call)
                }
                type.arguments = node.genericArgumentClause.arguments.map { argument in
                    guard case .type(let type) = argument.argument else {
                        return TypeText(name: TypeText.unknownName)
                    }
                    return TypeText(type) ?? TypeText(name: TypeText.unknownName)
                }
                return .type(type, entry)
            }
            if let array = node.as(ArrayExprSyntax.self), call != nil, array.elements.count == 1 {
                return .type(TypeText(name: "Array", arguments: [typeNamed(by: array)]), nil)
            }
            if node.is(DictionaryExprSyntax.self), call != nil {
                return .type(TypeText(name: "Dictionary"), nil)
            }
            if let type = node.as(TypeExprSyntax.self)?.type, let text = TypeText(type) {
                return .type(text, declared(text, at: Syntax(node)))
            }
            return .unknown
        }

        private func typeNamed(by array: ArrayExprSyntax) -> TypeText {
            guard let element = array.elements.first?.expression,
                case .type(let type, _) = meaning(of: element)
            else { return TypeText(name: TypeText.unknownName) }
            return type
        }

        private func meaning(
            ofName name: String, at node: Syntax, _ call: FunctionCallExprSyntax?,
            argumentNames: DeclNameArgumentsSyntax? = nil
        ) -> Meaning {
            if name == "self" { return .known }
            let path = typePath(at: node)
            if name == "Self" {
                return .type(
                    TypeText(name: path), index.entry(declared: path, within: "", in: file))
            }
            if let binding = Bindings.find(name, at: node) { return .local(binding) }
            if isGenericParameter(name, at: node) {
                return .type(TypeText(name: TypeText.unknownName), nil)
            }
            if let found = member(name, ofTypeAt: path, call) { return found }
            if let alias = index.alias(named: name, within: path, in: file),
                let type = TypeText(alias), type.name != name
            {
                return .type(type, declared(type, at: node))
            }
            if let entry = index.entry(declared: name, within: path, in: file) {
                return .type(TypeText(name: entry.path), entry)
            }
            return global(name, call)
        }

        /// A member of one of the types that surround a place.
        private func member(
            _ name: String, ofTypeAt path: String, _ call: FunctionCallExprSyntax?
        ) -> Meaning? {
            var scope = path
            while !scope.isEmpty {
                for entry in index.types[scope, default: []] where file.sees(entry.module) {
                    if let found = member(name, of: entry, call) { return found }
                }
                scope = scope.split(separator: ".").dropLast().joined(separator: ".")
            }
            return nil
        }

        private func global(_ name: String, _ call: FunctionCallExprSyntax?) -> Meaning {
            let functions = index.functions[name, default: []].filter { file.sees($0.file.module) }
            if !functions.isEmpty { return .functions(fitting(functions, call)) }
            if let property = index.globals[name]?.first(where: { file.sees($0.file.module) }) {
                return .property(property)
            }
            if name.first?.isUppercase ?? false { return .type(TypeText(name: name), nil) }
            return .free(name)
        }

        // MARK: Members

        private func meaning(
            of access: MemberAccessExprSyntax, _ call: FunctionCallExprSyntax?
        ) -> Meaning {
            let name = access.declName.baseName.plain
            guard let base = access.base?.bare else {
                let type = contextualType(of: access, call)
                if let type, let entry = declared(type, at: Syntax(access)) {
                    if name == "init" { return .type(type, entry) }
                    return member(name, of: entry, call) ?? .known
                }
                if let type, name == "init" { return .type(type, nil) }
                return .implicit(type, name)
            }
            if let reference = base.as(DeclReferenceExprSyntax.self),
                reference.baseName.plain == "self"
            {
                return member(name, ofTypeAt: typePath(at: Syntax(access)), call) ?? .known
            }
            if case .type(let type, let entry) = meaning(of: base) {
                return member(name, ofType: type, entry, at: Syntax(access), call)
            }
            guard let type = type(of: base) else { return .member(of: nil, name) }
            if type.isMeta {
                return member(
                    name, ofType: type, declared(type, at: Syntax(access)), at: Syntax(access), call
                )
            }
            let entries = index.entries(
                named: type.name, within: typePath(at: Syntax(access)), in: file)
            for entry in entries {
                if let found = member(name, of: entry, call) { return found }
            }
            // What a type of the package has that is not found here, a macro made or others gave.
            return entries.contains(where: \.isDeclared) && !Engine.doors.contains(type.name)
                ? .known : .member(of: type, name)
        }

        private func member(
            _ name: String, ofType type: TypeText, _ entry: TypeEntry?, at node: Syntax,
            _ call: FunctionCallExprSyntax?
        ) -> Meaning {
            if name == "self" || name == "init" || name == "Type" { return .type(type, entry) }
            if let entry {
                if let found = member(name, of: entry, call) { return found }
                let path = "\(entry.path).\(name)"
                if let inner = index.entry(declared: path, within: "", in: file) {
                    return .type(TypeText(name: inner.path), inner)
                }
                return .known
            }
            if type.name == TypeText.unknownName { return .known }
            if TypeText.modules.contains(type.name) { return global(name, call) }
            for added in index.types[type.name, default: []] where file.sees(added.module) {
                if let found = member(name, of: added, call) { return found }
            }
            if name.first?.isUppercase ?? false {
                return .type(TypeText(name: "\(type.name).\(name)"), nil)
            }
            return .staticMember(of: type.name, name)
        }

        /// What the package declares in a type, or in protocols that it conforms to.
        func member(
            _ name: String, of entry: TypeEntry, _ call: FunctionCallExprSyntax?
        ) -> Meaning? {
            for entry in index.withProtocols(entry) {
                if let functions = entry.functions[name] {
                    let fitting = fitting(functions, call)
                    // Another's method of this name may be meant: one's own takes other arguments.
                    if !fitting.isEmpty || entry.isDeclared { return .functions(fitting) }
                }
                if let property = entry.properties[name] { return .property(property) }
                if entry.cases.contains(name) { return .known }
            }
            return nil
        }

        private func fitting(
            _ functions: [FunctionEntry], _ call: FunctionCallExprSyntax?
        ) -> [FunctionEntry] {
            guard let call else { return functions }
            let labels = call.labels
            let count = call.trailingClosures.count
            let fitting = functions.filter { $0.takes(labels, trailingClosureCount: count) }
            return fitting.isEmpty && functions.count == 1
                && functions.first?.owner?.isDeclared ?? true
                ? functions : fitting
        }

        // MARK: Surroundings

        /// The path of the type that surrounds a place.
        func typePath(at node: Syntax) -> String {
            var names: [String] = []
            var place = node.parent
            while let node = place {
                if let type = node.asProtocol((any NamedDeclSyntax).self),
                    node.asProtocol((any DeclGroupSyntax).self) != nil
                {
                    names.append(type.name.plain)
                } else if let type = node.as(ExtensionDeclSyntax.self) {
                    names.append(TypeText(type.extendedType)?.name ?? "")
                }
                place = node.parent
            }
            return names.reversed().joined(separator: ".")
        }

        /// The package's own type that surrounds a place.
        func surroundingType(at node: Syntax) -> TypeEntry? {
            let path = typePath(at: node)
            return path.isEmpty ? nil : index.entries(named: path, within: "", in: file).first
        }

        func declared(_ type: TypeText, at node: Syntax? = nil) -> TypeEntry? {
            index.entry(
                declared: type.name, within: node.map { typePath(at: $0) } ?? "", in: file)
        }

        private func isGenericParameter(_ name: String, at node: Syntax) -> Bool {
            var place = node.parent
            while let node = place {
                let clause: GenericParameterClauseSyntax? =
                    node.as(FunctionDeclSyntax.self)?.genericParameterClause
                    ?? node.as(StructDeclSyntax.self)?.genericParameterClause
                    ?? node.as(ClassDeclSyntax.self)?.genericParameterClause
                    ?? node.as(EnumDeclSyntax.self)?.genericParameterClause
                    ?? node.as(ActorDeclSyntax.self)?.genericParameterClause
                if clause?.parameters.contains(where: { $0.name.plain == name }) ?? false {
                    return true
                }
                place = node.parent
            }
            return false
        }
    }
#endif
