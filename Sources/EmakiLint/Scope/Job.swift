#if Lint
    import SwiftSyntax

    /// Code that is executed in a run, still to be looked at.
    struct Job {
        /// What asks the code.
        enum Kind { case run, question }

        let node: Syntax
        let file: SourceFile
        let kind: Kind
        /// How a run comes here.
        let path: [String]
        /// The workflow whose run it is, where that is known.
        var workflow: String?

        /// Calls that are told; those behind them are followed, too.
        static let pathMax = 8

        var key: Key { Key(id: node.id, kind: kind) }

        struct Key: Hashable {
            let id: SyntaxIdentifier
            let kind: Kind
        }
    }

    /// Something that breaks a rule, before it is known where it stands.
    struct Hit {
        let rule: String
        let message: String
        var edit: Edit?

        init(_ rule: String, _ message: String, edit: Edit? = nil) {
            self.rule = rule
            self.message = message
            self.edit = edit
        }
    }
#endif
