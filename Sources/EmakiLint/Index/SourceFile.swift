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
            place(
                from: node.positionAfterSkippingLeadingTrivia,
                to: node.endPositionBeforeTrailingTrivia)
        }

        func place(from start: AbsolutePosition, to end: AbsolutePosition) -> Place {
            let start = converter.location(for: start)
            let end = converter.location(for: end)
            let first = scalarColumn(start)
            let last = scalarColumn(end)
            return Place(
                path: path, line: start.line, column: start.column, endLine: end.line,
                endColumn: end.column, scalarColumns: first..<max(first, last))
        }

        private func scalarColumn(_ location: SourceLocation) -> Int {
            let lines = converter.sourceLines
            guard lines.indices.contains(location.line - 1) else { return location.column }
            let before = lines[location.line - 1].utf8.prefix(location.column - 1)
            return String(decoding: before, as: UTF8.self).unicodeScalars.count + 1
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
