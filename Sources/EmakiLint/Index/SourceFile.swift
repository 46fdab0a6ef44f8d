#if Lint
    import SwiftParser
    import SwiftSyntax

    /// A file, parsed.
    struct SourceFile: Sendable {
        /// As the caller named it.
        let path: String
        let tree: SourceFileSyntax
        let converter: SourceLocationConverter
        /// The target that the path tells: the folder below `Sources` or `Tests`. Empty elsewhere.
        let module: String
        let imports: Set<String>
        let hasWaivers: Bool

        init(_ source: SourceText) {
            path = source.path
            hasWaivers = source.mentions(Waivers.mark)
            tree = Parser.parse(source: source.text)
            converter = SourceLocationConverter(fileName: path, tree: tree)
            module = Self.module(of: path)
            imports = Set(
                tree.statements.compactMap {
                    $0.item.as(ImportDeclSyntax.self)?.path.first?.name.text
                })
        }

        func place(of node: some SyntaxProtocol) -> Place {
            let start = converter.location(for: node.positionAfterSkippingLeadingTrivia)
            let end = converter.location(for: node.endPositionBeforeTrailingTrivia)
            return Place(
                path: path, line: start.line, column: start.column, endLine: end.line,
                endColumn: end.column)
        }

        /// Whether what another file declares can be named here.
        func sees(_ module: String) -> Bool { module == self.module || imports.contains(module) }

        private static func module(of path: String) -> String {
            let parts = path.split(separator: "/")
            let folder = parts.lastIndex { $0 == "Sources" || $0 == "Tests" }
            guard let folder, folder + 2 < parts.count else { return "" }
            return String(parts[folder + 1])
        }
    }
#endif
