#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// What is wrong with a declaration, and what would put it right.
    struct Complaint: DiagnosticMessage {
        let message: String
        private let id: String

        init(_ id: String, _ message: String) {
            self.id = id
            self.message = message
        }

        var diagnosticID: MessageID { MessageID(domain: "Emaki", id: id) }
        var severity: DiagnosticSeverity { .error }

        func at(_ node: some SyntaxProtocol, _ fixIts: FixIt...) -> Diagnostic {
            Diagnostic(node: node, message: self, fixIts: fixIts)
        }
    }

    /// What a fix-it does, in the imperative.
    private struct Remedy: FixItMessage {
        let message: String
        var fixItID: MessageID { MessageID(domain: "Emaki", id: message) }
    }

    extension FixIt {
        /// Puts another node in the place of one.
        static func replace(
            _ message: String, _ old: some SyntaxProtocol, with new: some SyntaxProtocol
        ) -> FixIt {
            FixIt(
                message: Remedy(message: message),
                changes: [.replace(oldNode: Syntax(old), newNode: Syntax(new))])
        }
    }
#endif
