#if Lint
    import SwiftSyntax

    /// Something that an index store knows the place of.
    enum Declared {
        case type(TypeEntry)
        case function(FunctionEntry)
        case property(PropertyEntry)
    }

    extension DeclarationIndex {
        /// What conforms to a requirement, or overrides a method, as far as the package does.
        func implementations(of function: FunctionEntry) -> [FunctionEntry] {
            implementations(ofNameAt: function.nameToken, in: function.file).compactMap { found in
                if case .function(let function) = found { return function }
                return nil
            }
        }

        func implementations(of property: PropertyEntry) -> [PropertyEntry] {
            let name = property.binding.pattern.as(IdentifierPatternSyntax.self)?.identifier
            return implementations(ofNameAt: name, in: property.file).compactMap { found in
                if case .property(let property) = found { return property }
                return nil
            }
        }

        private func implementations(
            ofNameAt name: TokenSyntax?, in file: SourceFile
        ) -> [Declared] {
            guard let name, let symbols, symbols.knows(file.path) else { return [] }
            return symbols.implementations(of: file.declaration(at: name)).compactMap {
                declared(at: $0)
            }
        }
    }

    extension FunctionEntry {
        fileprivate var nameToken: TokenSyntax? {
            node.as(FunctionDeclSyntax.self)?.name
                ?? node.as(InitializerDeclSyntax.self)?.initKeyword
                ?? node.as(SubscriptDeclSyntax.self)?.subscriptKeyword
        }
    }
#endif
