#if Lint
    /// How much a finding matters. Either ends the command with 1.
    package enum Severity: String, Sendable {
        /// A replay may differ.
        case error
        /// A replay differs only under circumstances that the rule names.
        case warning
    }

    /// Something that code of a workflow must not do.
    package struct Rule: Sendable, Equatable {
        /// `WF001`; never used again for something else.
        package let id: String
        package let severity: Severity
        /// What it flags, as a heading.
        package let title: String
        /// Why a replay would differ.
        package let reason: String
        /// What to write instead.
        package let fix: String
        /// Found by `workflow check` over stored histories, whose report the linter is given:
        /// source alone does not tell.
        package var isFoundByCheck = false

        init(
            _ id: String, _ title: String, severity: Severity = .error, reason: String, fix: String,
            isFoundByCheck: Bool = false
        ) {
            self.id = id
            self.title = title
            self.severity = severity
            self.reason = reason
            self.fix = fix
            self.isFoundByCheck = isFoundByCheck
        }

        /// The rule of this id, in whatever case it is written.
        package static func named(_ id: String) -> Rule? {
            all.first { $0.id == id.uppercased() }
        }
    }
#endif
