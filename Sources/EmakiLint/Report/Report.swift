#if Lint
    /// Findings, as text for people and for programs.
    package struct Report: Sendable {
        package var findings: [Finding]
        /// That were looked at.
        package var fileCount: Int
        package var names: NameSource

        package init(findings: [Finding], fileCount: Int, names: NameSource = NameSource()) {
            self.findings = findings
            self.fileCount = fileCount
            self.names = names
        }

        /// A line for each, as compilers write them.
        package var text: String { findings.map { $0.line + "\n" }.joined() }

        /// What it comes to.
        package var summary: String {
            let errors = findings.count { $0.severity == .error }
            let files = Self.count(fileCount, "file")
            guard !findings.isEmpty else { return "\(files): nothing found" }
            return "\(files): \(Self.count(errors, "error")), "
                + Self.count(findings.count - errors, "warning")
        }

        private static func count(_ number: Int, _ thing: String) -> String {
            "\(number) \(thing)\(number == 1 ? "" : "s")"
        }

        /// An object with all findings, in one line.
        package var json: String {
            JSONText.object([
                ("files", .number(fileCount)), ("names", names.json),
                ("findings", .list(findings.map(\.json))),
            ]).text
        }

        /// A log of the Static Analysis Results Interchange Format, version 2.1.0.
        package var sarif: String {
            let rules = Rule.all
            let driver: [(String, JSONText)] = [
                ("name", .string("emaki-lint")),
                ("rules", .list(rules.map(\.sarif))),
            ]
            let run: [(String, JSONText)] = [
                ("tool", .object([("driver", .object(driver))])),
                ("columnKind", .string("unicodeCodePoints")),
                ("results", .list(findings.map { $0.sarif(rules) })),
                ("properties", .object([("names", names.json)])),
            ]
            return JSONText.object([
                ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")),
                ("version", .string("2.1.0")),
                ("runs", .list([.object(run)])),
            ]).text
        }
    }

    extension Finding {
        fileprivate var json: JSONText {
            var members: [(String, JSONText)] = [
                ("rule", .string(ruleID)), ("severity", .string(severity.rawValue)),
                ("path", .string(place.path)), ("line", .number(place.line)),
                ("column", .number(place.column)), ("endLine", .number(place.endLine)),
                ("endColumn", .number(place.endColumn)), ("message", .string(message)),
                ("fix", .string(fix)), ("way", .list(path.map(JSONText.string))),
            ]
            if let edit {
                members.append(
                    (
                        "edit",
                        .object([
                            ("offset", .number(edit.range.lowerBound)),
                            ("bytes", .number(edit.range.count)), ("text", .string(edit.text)),
                        ])
                    ))
            }
            return .object(members)
        }

        fileprivate func sarif(_ rules: [Rule]) -> JSONText {
            // In another line the end may stand before the start.
            let endColumn =
                place.endLine == place.line ? place.scalarColumns.upperBound : place.endColumn
            let region: [(String, JSONText)] = [
                ("startLine", .number(place.line)),
                ("startColumn", .number(place.scalarColumns.lowerBound)),
                ("endLine", .number(place.endLine)), ("endColumn", .number(endColumn)),
            ]
            let location: [(String, JSONText)] = [
                ("artifactLocation", .object([("uri", .string(place.uri))])),
                ("region", .object(region)),
            ]
            let index = rules.firstIndex { $0.id == ruleID } ?? 0
            return .object([
                ("ruleId", .string(ruleID)), ("ruleIndex", .number(index)),
                ("level", .string(severity.rawValue)),
                ("message", .object([("text", .string("\(message); fix: \(fix)"))])),
                ("locations", .list([.object([("physicalLocation", .object(location))])])),
            ])
        }
    }

    extension Place {
        /// Relative, as services that show findings want it; absolute paths as file URIs.
        fileprivate var uri: String {
            let allowed = Set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/".utf8)
            var relative = path[...]
            while relative.hasPrefix("./") { relative = relative.dropFirst(2) }
            let escaped = relative.utf8.map { byte in
                if allowed.contains(byte) { return String(UnicodeScalar(byte)) }
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.count == 1 ? "0" : "") + digits
            }.joined()
            return escaped.hasPrefix("/") ? "file://\(escaped)" : escaped
        }
    }

    extension Rule {
        fileprivate var sarif: JSONText {
            .object([
                ("id", .string(id)), ("name", .string(id)),
                ("shortDescription", .object([("text", .string(title))])),
                ("fullDescription", .object([("text", .string("\(title): \(reason)"))])),
                ("help", .object([("text", .string("instead: \(fix)"))])),
                (
                    "defaultConfiguration",
                    .object([("level", .string(severity.rawValue))])
                ),
            ])
        }

        /// One line of `--rules`.
        package var line: String {
            let note = isFoundByCheck ? " (over histories, with --gate)" : ""
            return "\(id)  \(severity.rawValue)  \(title)\(note)"
        }

        /// What `--explain` says.
        package var explanation: String {
            """
            \(line)

            why:     \(reason)
            instead: \(fix)
            waive:   // wf:allow(\(id)) the reason
            """
        }
    }
#endif
