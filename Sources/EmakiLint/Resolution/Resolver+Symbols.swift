#if Lint
    import SwiftSyntax

    /// What an index store says where the text does not tell what a name means, or tells wrongly.
    extension Resolver {
        /// The meaning of a name of which the text was asked before.
        func settled(_ guess: Meaning, _ node: ExprSyntax) -> Meaning {
            // What a body declares is in no index store.
            if case .local = guess { return guess }
            guard index.symbols != nil, let name = node.nameToken,
                let symbol = symbols(at: name).first
            else { return guess }
            return own(symbol, guess) ?? others(symbol, guess)
        }

        func symbols(at token: TokenSyntax) -> [SymbolIndex.Symbol] {
            guard let symbols = index.symbols, symbols.knows(file.path) else { return [] }
            return symbols.symbols(at: file.declaration(at: token))
        }

        /// What is named or called at a token, if the package declares it and the index store
        /// knows.
        func declared(at token: TokenSyntax) -> Declared? {
            symbols(at: token).lazy.compactMap { symbol in
                index.symbols?.declaration(of: symbol).flatMap { index.declared(at: $0) }
            }.first
        }

        /// The initializer that is called, of several.
        func initializer(of use: Use) -> FunctionEntry? {
            guard let name = use.node.bare.nameToken, case .function(let found) = declared(at: name)
            else { return nil }
            return found.node.is(InitializerDeclSyntax.self) ? found : nil
        }

        /// What a loop asks for its elements: the type that has the iterator.
        func iterated(by loop: ForStmtSyntax) -> TypeText? {
            let iterator = symbols(at: loop.forKeyword).first { $0.name == "makeIterator" }
            guard let iterator, let name = SymbolName(iterator.usr), !name.types.isEmpty else {
                return nil
            }
            return TypeText(name: name.path)
        }

        // MARK: The package's own

        private func own(_ symbol: SymbolIndex.Symbol, _ guess: Meaning) -> Meaning? {
            guard let place = index.symbols?.declaration(of: symbol), index.isLookedAt(place.path)
            else { return nil }
            switch index.declared(at: place) {
            case .function(let function):
                guard function.node.is(InitializerDeclSyntax.self), let owner = function.owner,
                    owner.isDeclared
                else { return .functions([function]) }
                return making(owner, guess)
            case .property(let property): return .property(property)
            case .type(let entry): return making(entry, guess)
            // A case of an enum.
            case nil: return .known
            }
        }

        /// The guess may know the type's arguments.
        private func making(_ entry: TypeEntry, _ guess: Meaning) -> Meaning {
            if case .type(_, let guessed?) = guess, guessed === entry { return guess }
            return .type(TypeText(name: entry.path), entry)
        }

        // MARK: What others declare

        private func others(_ symbol: SymbolIndex.Symbol, _ guess: Meaning) -> Meaning {
            guard let name = SymbolName(symbol.usr) else { return guess }
            if !name.isToolchain && guess.isOfToolchain { return .known }
            switch guess {
            case .unknown, .member(of: nil, _), .implicit(nil, _):
                return meaning(symbol, name) ?? guess
            case .known, .functions, .property:
                return name.isToolchain ? meaning(symbol, name) ?? guess : guess
            case .type(let type, _?):
                // Of a type of the package it may be the initializer of a protocol of others.
                let isOthers = name.isToolchain && type.name == name.path
                return isOthers ? meaning(symbol, name) ?? guess : guess
            case .member(of: let type?, let member):
                // What the text says may be the name of a generic parameter.
                guard let meant = concreteType(symbol, name), meant.name != type.name,
                    type.arguments.isEmpty || type.isUnordered != meant.isUnordered
                else { return guess }
                return .member(of: meant, member)
            default: return guess
            }
        }

        private func meaning(_ symbol: SymbolIndex.Symbol, _ name: SymbolName) -> Meaning? {
            let type = concreteType(symbol, name) ?? TypeText(name: name.path)
            switch symbol.kind {
            case .function, .variable: return .free(symbol.name)
            case .enumCase: return .known
            case .other: return nil
            case _ where type.name.isEmpty: return nil
            case .initializer: return .type(type, nil)
            case .method, .property: return .member(of: type, symbol.name)
            case .staticMethod, .classMethod, .staticProperty, .classProperty:
                return .staticMember(of: type.name, symbol.name)
            }
        }

        /// The type of the value rather than the protocol that has the member; nil: a protocol's.
        private func concreteType(_ symbol: SymbolIndex.Symbol, _ name: SymbolName) -> TypeText? {
            let receiver = symbol.receiver.flatMap { SymbolName($0) }
            if let receiver, receiver.isToolchain || Self.protocols.contains(name.path) {
                return TypeText(name: receiver.path)
            }
            return name.path.isEmpty || Self.protocols.contains(name.path)
                ? nil : TypeText(name: name.path)
        }

        /// Those whose members collections have.
        private static let protocols: Set = [
            "Sequence", "Collection", "BidirectionalCollection", "RandomAccessCollection",
            "SetAlgebra",
        ]
    }

    extension Meaning {
        /// Says that the compiler's own libraries have it.
        fileprivate var isOfToolchain: Bool {
            switch self {
            case .free: return true
            case .type(let type, nil), .member(of: let type?, _), .implicit(let type?, _):
                return type.isOfToolchain
            case .staticMember(of: let name, _): return TypeText(name: name).isOfToolchain
            default: return false
            }
        }
    }

    extension TypeText {
        fileprivate var isOfToolchain: Bool {
            let outermost = name.prefix { $0 != "." }
            return SymbolName.toolchainTypes.contains(String(outermost))
        }
    }

    extension SourceFile {
        func declaration(at token: TokenSyntax) -> SymbolIndex.Declaration {
            let place = converter.location(for: token.positionAfterSkippingLeadingTrivia)
            return SymbolIndex.Declaration(path: path, line: place.line, column: place.column)
        }
    }

    extension ExprSyntax {
        /// Where an index store has what is named or called.
        fileprivate var nameToken: TokenSyntax? {
            if let reference = self.as(DeclReferenceExprSyntax.self) { return reference.baseName }
            if let node = self.as(GenericSpecializationExprSyntax.self) {
                return node.expression.nameToken
            }
            return self.as(MemberAccessExprSyntax.self)?.declName.baseName
        }
    }
#endif
