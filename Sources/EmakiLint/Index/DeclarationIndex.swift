#if Lint
    import SwiftSyntax

    /// What a set of files declares, by name. Bodies are not looked into but for types in them.
    final class DeclarationIndex {
        let files: [SourceFile]
        /// What is asked where the text does not tell; nil: nothing is.
        let symbols: SymbolIndex?
        /// By path: `Outer.Inner`.
        private(set) var types: [String: [TypeEntry]] = [:]
        private(set) var functions: [String: [FunctionEntry]] = [:]
        private(set) var globals: [String: [PropertyEntry]] = [:]
        private(set) var aliases: [String: [(module: String, type: TypeSyntax)]] = [:]
        /// In the order in which they were found, so that findings have an order.
        private(set) var allTypes: [TypeEntry] = []
        private(set) var allFunctions: [FunctionEntry] = []
        /// Closures that say of a parameter that it is a workflow's context.
        private(set) var contextClosures: [(closure: ClosureExprSyntax, file: SourceFile)] = []

        /// By path, and by the place of the name, in bytes.
        private var declared: [String: [Int: Declared]] = [:]
        private let filesByPath: [String: SourceFile]

        init(_ files: [SourceFile], symbols: SymbolIndex? = nil) {
            self.files = files
            self.symbols = symbols
            filesByPath = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
            var extensions: [(ExtensionDeclSyntax, SourceFile, String)] = []
            for file in files {
                let collector = DeclarationCollector(file, self)
                collector.walk(file.tree)
                extensions += collector.extensions.map { ($0.0, file, $0.1) }
            }
            // Only now is it known which types are the package's own.
            for (node, file, outer) in extensions { add(node, in: file, within: outer) }
        }

        private func add(_ node: ExtensionDeclSyntax, in file: SourceFile, within outer: String) {
            guard let name = TypeText(node.extendedType)?.name else { return }
            let entry =
                entry(
                    declared: name, within: outer, in: file) ?? external(name, file.module)
            entry.attributes.append(node.attributes)
            entry.inherit(node.inheritanceClause)
            let collector = DeclarationCollector(file, self, within: entry)
            collector.walk(node.memberBlock)
            for (inner, outer) in collector.extensions { add(inner, in: file, within: outer) }
        }

        private func external(_ path: String, _ module: String) -> TypeEntry {
            if let found = types[path]?.first(where: { $0.module == module && !$0.isDeclared }) {
                return found
            }
            let entry = TypeEntry(path: path, module: module, kind: .external)
            types[path, default: []].append(entry)
            return entry
        }

        func declare(_ entry: TypeEntry) {
            types[entry.path, default: []].append(entry)
            allTypes.append(entry)
        }

        func add(_ function: FunctionEntry) {
            allFunctions.append(function)
            if function.owner == nil { functions[function.name, default: []].append(function) }
        }

        func add(_ global: PropertyEntry) { globals[global.name, default: []].append(global) }

        func add(_ alias: TypeAliasDeclSyntax, _ module: String) {
            aliases[alias.name.plain, default: []].append((module, alias.initializer.value))
        }

        func add(_ closure: ClosureExprSyntax, in file: SourceFile) {
            contextClosures.append((closure, file))
        }

        func note(_ declaration: Declared, named name: TokenSyntax, in file: SourceFile) {
            guard symbols != nil else { return }
            let offset = name.positionAfterSkippingLeadingTrivia.utf8Offset
            declared[file.path, default: [:]][offset] = declaration
        }

        // MARK: Finding

        /// What is declared at a place; nil: nothing that has a body, or the file is not looked at.
        func declared(at place: SymbolIndex.Declaration) -> Declared? {
            guard let file = filesByPath[place.path] else { return nil }
            let position = file.converter.position(ofLine: place.line, column: place.column)
            return declared[place.path]?[position.utf8Offset]
        }

        func isLookedAt(_ path: String) -> Bool { filesByPath[path] != nil }

        /// A type of the package, named somewhere within a type.
        func entry(declared name: String, within path: String, in file: SourceFile) -> TypeEntry? {
            entries(named: name, within: path, in: file).first { $0.isDeclared }
        }

        /// What is known about a type that is named somewhere: the package's own, or what the
        /// package adds to another's.
        func entries(named name: String, within path: String, in file: SourceFile) -> [TypeEntry] {
            var scope = path.split(separator: ".")
            while true {
                let full = (scope.map(String.init) + [name]).joined(separator: ".")
                let found = types[full, default: []].filter { file.sees($0.module) }
                if found.contains(where: \.isDeclared) {
                    // Two targets may have types of one name; one's own comes first.
                    let own = found.filter { $0.module == file.module && $0.isDeclared }
                    return own.isEmpty ? found : own
                }
                guard !scope.isEmpty else { return found }
                scope.removeLast()
            }
        }

        /// What a type alias that is visible somewhere stands for.
        func alias(named name: String, within path: String, in file: SourceFile) -> TypeSyntax? {
            var scope = path.split(separator: ".").map(String.init)
            while !scope.isEmpty {
                let found = types[scope.joined(separator: "."), default: []].lazy
                    .filter { file.sees($0.module) }.compactMap { $0.aliases[name] }.first
                if let found { return found }
                scope.removeLast()
            }
            return aliases[name]?.first { file.sees($0.module) }?.type
        }

        /// The type, and the protocols of the package that it conforms to, by whatever way.
        func withProtocols(_ entry: TypeEntry) -> [TypeEntry] {
            var found = [entry]
            var place = 0
            while place < found.count {
                for name in found[place].inherited.sorted() {
                    for inherited in types[name, default: []]
                    where !found.contains(where: { $0 === inherited }) {
                        found.append(inherited)
                    }
                }
                place += 1
            }
            return found
        }

        func inherits(_ entry: TypeEntry, anyOf names: Set<String>) -> Bool {
            withProtocols(entry).contains { !$0.inherited.isDisjoint(with: names) }
        }
    }

    extension TypeEntry {
        func inherit(_ clause: InheritanceClauseSyntax?) {
            for inherited in clause?.inheritedTypes ?? [] {
                let composition = inherited.type.as(CompositionTypeSyntax.self)
                let types = composition?.elements.map(\.type) ?? [inherited.type]
                self.inherited.formUnion(types.compactMap { TypeText($0)?.name })
            }
        }
    }
#endif
