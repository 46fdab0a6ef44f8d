#if Lint
    import Foundation

    /// What an index store knows about the files of a run: the second source of what names mean,
    /// which is asked after the text. It tells nothing of files that were changed since they were
    /// built.
    package final class SymbolIndex {
        /// A call, or another reference, of something that has a name.
        struct Symbol: Equatable {
            enum Kind: Int {
                case function = 12, variable = 13, enumCase = 15, method = 16, classMethod = 17
                case staticMethod = 18, property = 19, classProperty = 20, staticProperty = 21
                case initializer = 22
                case other = 0
            }

            let kind: Kind
            /// Without arguments.
            let name: String
            let usr: String
            /// The type of the value that it is a member of, where that is another than the one
            /// that declares it.
            let receiver: String?
        }

        /// Where something's name is declared; columns in bytes.
        struct Declaration: Hashable {
            let path: String
            let line: Int
            let column: Int
        }

        package private(set) var source: NameSource
        private var definitions: [String: Declaration] = [:]
        private var names: [Declaration: String] = [:]
        private var overriding: [String: [String]] = [:]
        /// By file, unread; what was read once stays.
        private var unread: [String: ArraySlice<UInt8>] = [:]
        private var uses: [String: [Declaration: [Symbol]]] = [:]

        /// - Parameters: - files: as the caller names them. - program: `emaki-lint` itself, which
        ///   reads the store.
        package init(
            _ paths: IndexStorePaths, files: [String], program: String
        ) throws(IndexStoreError) {
            source = NameSource(store: paths.store)
            var named: [String: String] = [:]
            for file in files {
                let url = URL(fileURLWithPath: file)
                // The compiler was given either.
                named[url.resolvingSymlinksInPath().path] = file
                named[url.standardizedFileURL.path] = file
            }
            let asked = named.keys.filter { !$0.contains("\n") }.sorted()
            let answer = try IndexStoreReader(paths: paths, program: program).read(asked)
            var found: Set<String> = []
            var rest = answer[...]
            while let section = Section(&rest) {
                guard let file = named[section.path], found.insert(file).inserted else { continue }
                add(section, as: file)
            }
            guard rest.isEmpty else {
                throw .damaged(paths.store, reason: "its reader says what nobody understands")
            }
            source.missingCount = files.count - found.count
        }

        private func add(_ section: Section, as file: String) {
            guard let modified = SourceFiles.modified(file), modified <= section.written else {
                source.changedCount += 1
                return
            }
            source.indexedCount += 1
            unread[file] = section.uses
            for line in IndexLines(section.definitions) where line.count >= 3 {
                let usr = String(line[2])
                guard let place = Declaration(path: file, line) else { continue }
                definitions[usr] = place
                // Of an initializer that nobody wrote, the type's name is the place.
                if names[place] == nil { names[place] = usr }
                for overridden in line.dropFirst(3) {
                    overriding[String(overridden), default: []].append(usr)
                }
            }
        }

        /// Files whose text is another by now.
        package func forget(_ files: some Sequence<String>) {
            for file in Set(files) where knows(file) {
                unread[file] = nil
                uses[file] = nil
                definitions = definitions.filter { $0.value.path != file }
                source.indexedCount -= 1
                source.changedCount += 1
            }
        }

        // MARK: Asking

        func knows(_ file: String) -> Bool { unread[file] != nil || uses[file] != nil }

        /// What a name at a place means.
        func symbols(at place: Declaration) -> [Symbol] {
            if let lines = unread.removeValue(forKey: place.path) {
                uses[place.path] = Self.symbols(in: lines, path: place.path)
            }
            return uses[place.path]?[place] ?? []
        }

        private static func symbols(
            in lines: ArraySlice<UInt8>, path: String
        ) -> [Declaration: [Symbol]] {
            var found: [Declaration: [Symbol]] = [:]
            for line in IndexLines(lines) where line.count == 6 {
                guard let place = Declaration(path: path, line) else { continue }
                let kind = Int(line[2]).flatMap { Symbol.Kind(rawValue: $0) } ?? .other
                let receiver = line[5].isEmpty ? nil : String(line[5])
                found[place, default: []].append(
                    Symbol(
                        kind: kind, name: String(line[3].prefix { $0 != "(" }),
                        usr: String(line[4]), receiver: receiver))
            }
            return found
        }

        /// Where it is declared, if that is in a file of the run.
        func declaration(of symbol: Symbol) -> Declaration? { definitions[symbol.usr] }

        /// What conforms to a requirement, or overrides a method, by whatever way.
        func implementations(of place: Declaration) -> [Declaration] {
            guard let usr = names[place] else { return [] }
            var seen: Set = [usr]
            var found = [usr]
            var next = 0
            while next < found.count {
                let inner = overriding[found[next], default: []]
                found += inner.filter { seen.insert($0).inserted }
                next += 1
            }
            return found.dropFirst().compactMap { definitions[$0] }
        }
    }

    extension SymbolIndex.Declaration {
        fileprivate init?(path: String, _ line: [Substring]) {
            guard let number = Int(line[0]), let column = Int(line[1]) else { return nil }
            self.init(path: path, line: number, column: column)
        }
    }

    /// What a store's reader says of a file.
    private struct Section {
        let path: String
        /// When the compiler was done with the file.
        let written: Date
        let definitions: ArraySlice<UInt8>
        let uses: ArraySlice<UInt8>

        /// Takes it from the front; nil: nothing is left, or it cannot be read.
        init?(_ rest: inout ArraySlice<UInt8>) {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let line = String(decoding: rest[..<end], as: UTF8.self)
            let parts = line.split(separator: "\t", maxSplits: 5, omittingEmptySubsequences: false)
            guard parts.count == 6, parts[0] == "file", let seconds = Double(parts[1]),
                let nanoseconds = Double(parts[2]), let definitionBytes = Int(parts[3]),
                let useBytes = Int(parts[4]), definitionBytes >= 0, useBytes >= 0
            else { return nil }
            let body = rest[(end + 1)...]
            guard definitionBytes <= body.count, useBytes <= body.count - definitionBytes else {
                return nil
            }
            path = String(parts[5])
            written = Date(timeIntervalSince1970: seconds + nanoseconds / 1_000_000_000)
            definitions = body.prefix(definitionBytes)
            uses = body.dropFirst(definitionBytes).prefix(useBytes)
            rest = body.dropFirst(definitionBytes + useBytes)
        }
    }

    /// Lines, each split at its tabs.
    private struct IndexLines: Sequence, IteratorProtocol {
        private var lines: ArraySlice<Substring>

        init(_ bytes: ArraySlice<UInt8>) {
            lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")[...]
        }

        mutating func next() -> [Substring]? {
            lines.popFirst()?.split(separator: "\t", omittingEmptySubsequences: false)
        }
    }
#endif
