#if Lint
    /// What names were resolved by.
    package struct NameSource: Sendable, Equatable {
        /// The index store; nil: none was used.
        package var store: String?
        /// Why none was used.
        package var reason: String?
        /// Files whose names it told.
        package var indexedCount = 0
        /// Files that were changed since it was built.
        package var changedCount = 0
        /// Files that no build had.
        package var missingCount = 0

        /// One line for people.
        package var text: String {
            guard let store else {
                return "names: by syntax only" + (reason.map { " (\($0))" } ?? "")
            }
            var others: [String] = []
            if changedCount > 0 {
                others.append("\(Self.files(changedCount)) changed since it was built")
            }
            if missingCount > 0 { others.append("\(Self.files(missingCount)) not in it") }
            let rest = others.isEmpty ? "" : "; \(others.joined(separator: ", ")): by syntax"
            return "names: by syntax and by the index store of \(store) "
                + "(\(Self.files(indexedCount))\(rest))"
        }

        var json: JSONText {
            guard let store else {
                return .object([
                    ("by", .list([.string("syntax")])), ("reason", .string(reason ?? "")),
                ])
            }
            return .object([
                ("by", .list([.string("syntax"), .string("index store")])),
                ("indexStore", .string(store)), ("filesByIndexStore", .number(indexedCount)),
                ("filesChangedSince", .number(changedCount)),
                ("filesNotInIt", .number(missingCount)),
            ])
        }

        private static func files(_ count: Int) -> String {
            "\(count) file\(count == 1 ? "" : "s")"
        }
    }
#endif
