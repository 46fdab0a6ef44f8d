#if Lint
    /// A place in a file. Lines and columns count from 1, columns in bytes of UTF-8 as the
    /// compiler's.
    package struct Place: Sendable, Hashable, Comparable {
        package var path: String
        package var line: Int
        package var column: Int
        /// Behind the last byte.
        package var endLine: Int
        package var endColumn: Int
        /// The columns in characters of Unicode, as other formats count them.
        package var scalarColumns = 1..<1

        package static func < (left: Place, right: Place) -> Bool {
            (left.path, left.line, left.column) < (right.path, right.line, right.column)
        }
    }

    /// Bytes of a file, and what stands there instead once the finding is mended.
    package struct Edit: Sendable, Hashable {
        /// In UTF-8, from the file's start.
        package var range: Range<Int>
        package var text: String
    }

    /// A place that breaks a rule.
    package struct Finding: Sendable, Hashable {
        package var ruleID: String
        package var severity: Severity
        package var place: Place
        /// What is wrong there, without the fix.
        package var message: String
        /// What to write instead.
        package var fix: String
        /// How a run comes there: the workflow's own function first.
        package var path: [String]
        /// What mends it, where that is mechanical.
        package var edit: Edit?

        /// As a compiler would say it.
        package var line: String {
            let way = path.count > 1 ? " (in \(path.joined(separator: " → ")))" : ""
            return "\(place.path):\(place.line):\(place.column): \(severity.rawValue): [\(ruleID)] "
                + "\(message)\(way); fix: \(fix)"
        }
    }
#endif
