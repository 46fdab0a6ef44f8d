#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// The body of a workflow.
    struct RunFunction {
        let function: FunctionDeclSyntax
        let input: InputParameter
        let output: TypeSyntax?

        static let shape =
            "func run(context: WorkflowContext<Self>, input: Input) async throws -> Output"

        /// - Returns: nil if the function is no body; then it is said why.
        init?(
            _ function: FunctionDeclSyntax, of workflow: String, _ complaints: inout [Diagnostic]
        ) {
            self.function = function
            let parameters = Array(function.signature.parameterClause.parameters)
            input = InputParameter(parameters.dropFirst().first)
            output = function.output
            if let fault = Self.fault(of: function, parameters, workflow) {
                complaints.append(fault)
                return nil
            }
            if !function.isAsync || !function.isThrowing {
                var changed = function
                changed.signature = Self.withEffects(function.signature)
                complaints.append(
                    Complaint("runEffects", "`run` is `async throws`: it waits, and waits may fail")
                        .at(
                            function.name,
                            .replace(
                                "make it `async throws`", function.signature,
                                with: changed.signature)))
                return nil
            }
        }

        private static func fault(
            of function: FunctionDeclSyntax, _ parameters: [FunctionParameterSyntax],
            _ workflow: String
        ) -> Diagnostic? {
            let wrong = Complaint("runShape", "`run` has to look like this: \(shape)")
            if let word = function.modifiers.first(.static) {
                return Complaint(
                    "runStatic", "`run` is a method: the properties are the run's state"
                ).at(
                    word,
                    .replace("remove `static`", function, with: function.without(.static)))
            }
            if let generic = function.genericParameterClause { return wrong.at(generic) }
            guard let context = parameters.first, context.firstName.text == "context" else {
                return wrong.at(function.signature.parameterClause)
            }
            let types = ["WorkflowContext<Self>", "WorkflowContext<\(workflow)>"]
            let type = context.type.trimmedDescription
            guard types.contains(where: { type == $0 || type.hasSuffix(".\($0)") }) else {
                return wrong.at(
                    context.type,
                    .replace(
                        "change the type to `WorkflowContext<Self>`", context.type,
                        with: TypeSyntax("WorkflowContext<Self>").with(
                            \.trailingTrivia, context.type.trailingTrivia)))
            }
            guard parameters.count <= 2 else { return wrong.at(parameters[2]) }
            guard parameters.count == 2 else { return nil }
            guard parameters[1].firstName.text == "input" else { return wrong.at(parameters[1]) }
            return InputParameter.complaint(about: parameters[1])?.at(parameters[1])
        }

        private static func withEffects(_ signature: FunctionSignatureSyntax)
            -> FunctionSignatureSyntax
        {
            var changed = signature
            var clause = signature.parameterClause
            clause.trailingTrivia = .space
            changed.parameterClause = clause
            changed.effectSpecifiers = FunctionEffectSpecifiersSyntax(
                asyncSpecifier: .keyword(.async, trailingTrivia: .space),
                throwsClause: ThrowsClauseSyntax(
                    throwsSpecifier: .keyword(
                        .throws, trailingTrivia: signature.parameterClause.trailingTrivia)))
            if signature.effectSpecifiers != nil {
                changed.effectSpecifiers?.throwsClause?.trailingTrivia =
                    signature.effectSpecifiers?.trailingTrivia ?? .space
            }
            return changed
        }
    }
#endif
