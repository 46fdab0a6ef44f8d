#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// A method that handles a signal, a query or an update.
    struct MessageHandler {
        enum Kind: String, CaseIterable {
            case signal = "Signal"
            case query = "Query"
            case update = "Update"
        }

        let kind: Kind
        let attribute: AttributeSyntax
        let function: FunctionDeclSyntax
        let input: InputParameter

        /// Under which it is recorded.
        var recordedName: String { attribute.text("name") ?? function.name.plain }
        /// The name of the method that validates an update.
        var validator: String? { attribute.text("validator") }
        /// The run may end while it is at work: an expression.
        var abandonment: ExprSyntax? { attribute.argument("isAbandoned")?.trimmed }

        /// The kind of handler that the attributes of a function make it.
        static func attribute(of function: FunctionDeclSyntax) -> (Kind, AttributeSyntax)? {
            for kind in Kind.allCases {
                if let attribute = function.attributes.first(named: kind.rawValue) {
                    return (kind, attribute)
                }
            }
            return nil
        }

        /// - Returns: nil if the function can be no such handler; then it is said why.
        init?(
            _ kind: Kind, _ attribute: AttributeSyntax, _ function: FunctionDeclSyntax,
            _ complaints: inout [Diagnostic]
        ) {
            self.kind = kind
            self.attribute = attribute
            self.function = function
            let parameters = Array(function.signature.parameterClause.parameters)
            input = InputParameter(parameters.first)
            let before = complaints.count
            checkShape(parameters, &complaints)
            switch kind {
            case .signal: checkSignal(&complaints)
            case .query: checkQuery(&complaints)
            case .update: break
            }
            guard complaints.count == before else { return nil }
        }

        private func checkShape(
            _ parameters: [FunctionParameterSyntax], _ complaints: inout [Diagnostic]
        ) {
            if let word = function.modifiers.first(.static) {
                complaints.append(
                    Complaint("handlerStatic", "a handler is a method of the workflow").at(
                        word,
                        .replace("remove `static`", function, with: function.without(.static))))
            }
            if let generic = function.genericParameterClause {
                complaints.append(
                    Complaint("handlerGeneric", "a handler is found by its name: it is not generic")
                        .at(generic))
            }
            if parameters.count > 1 {
                complaints.append(
                    Complaint(
                        "handlerParameters",
                        "a message has one value: put several into a struct that is Codable"
                    ).at(parameters[1]))
            }
            if let first = parameters.first, let fault = InputParameter.complaint(about: first) {
                complaints.append(fault.at(first))
            }
            for label in ["name", "validator"] {
                guard let argument = attribute.argument(label), attribute.text(label) == nil,
                    !argument.is(NilLiteralExprSyntax.self)
                else { continue }
                complaints.append(
                    Complaint("handlerLiteral", "`\(label)` has to be a plain text in quotes").at(
                        argument))
            }
        }

        private func checkSignal(_ complaints: inout [Diagnostic]) {
            guard function.output != nil, let clause = function.signature.returnClause else {
                return
            }
            var silent = function.signature
            silent.returnClause = nil
            silent.trailingTrivia = clause.trailingTrivia
            complaints.append(
                Complaint(
                    "signalReturns", "a signal is not answered: what it returns reaches nobody"
                )
                .at(
                    clause,
                    renamed(to: .update),
                    .replace("remove the result", function.signature, with: silent)))
        }

        private func checkQuery(_ complaints: inout [Diagnostic]) {
            if let word = function.modifiers.first(.mutating) {
                complaints.append(
                    Complaint("queryMutates", "a query changes nothing").at(
                        word,
                        .replace(
                            "remove `mutating`", function, with: function.without(.mutating)),
                        renamed(to: .update)))
            }
            if let word = function.signature.effectSpecifiers?.asyncSpecifier {
                var effects = function.signature.effectSpecifiers
                effects?.asyncSpecifier = nil
                var signature = function.signature
                signature.effectSpecifiers = effects?.throwsClause == nil ? nil : effects
                complaints.append(
                    Complaint("queryWaits", "a query waits for nothing: it is answered at once").at(
                        word,
                        .replace("remove `async`", function.signature, with: signature),
                        renamed(to: .update)))
            }
            if function.output == nil {
                complaints.append(
                    Complaint("querySilent", "a query has an answer: let it return something").at(
                        function.name))
            }
            if let use = ContextUse.first(in: function.body) {
                complaints.append(
                    Complaint("queryContext", "a query sees the state, and no context").at(use))
            }
        }

        private func renamed(to kind: Kind) -> FixIt {
            var changed = attribute
            changed.attributeName = TypeSyntax("\(raw: kind.rawValue)").with(
                \.trailingTrivia, attribute.attributeName.trailingTrivia)
            return .replace("make it `@\(kind.rawValue)`", attribute, with: changed)
        }
    }

    /// Finds where code names the context.
    final class ContextUse: SyntaxVisitor {
        private var found: DeclReferenceExprSyntax?

        static func first(in body: CodeBlockSyntax?) -> DeclReferenceExprSyntax? {
            guard let body else { return nil }
            let visitor = ContextUse(viewMode: .sourceAccurate)
            visitor.walk(body)
            return visitor.found
        }

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            let isMember = node.parent?.as(MemberAccessExprSyntax.self).map {
                $0.declName.id == node.id && $0.base?.trimmedDescription != "self"
            }
            if found == nil, node.baseName.text == "context", isMember != true { found = node }
            return .visitChildren
        }
    }
#endif
