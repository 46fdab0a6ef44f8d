#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// A method that is an activity.
    struct ActivityFunction {
        let attribute: AttributeSyntax
        let function: FunctionDeclSyntax
        let input: InputParameter
        /// Its parameters, in order: the input, the context, both or none.
        private let parameters: [FunctionParameterSyntax]

        static let contextType = "ActivityContext"

        /// `Debit` for `debit`: the type that stands for it.
        var typeName: String { Self.typeName(function) }

        private static func typeName(_ function: FunctionDeclSyntax) -> String {
            let name = function.name.plain
            return name.prefix(1).uppercased() + name.dropFirst()
        }

        /// - Returns: nil if the function can be no activity; then it is said why.
        init?(
            _ attribute: AttributeSyntax, _ function: FunctionDeclSyntax,
            _ complaints: inout [Diagnostic]
        ) {
            self.attribute = attribute
            self.function = function
            parameters = Array(function.signature.parameterClause.parameters)
            let inputs = parameters.filter { !Self.isContext($0) }
            input = InputParameter(inputs.first)
            let before = complaints.count
            if let word = function.modifiers.first(.static) {
                complaints.append(
                    Complaint("activityStatic", "an activity is a method of its container").at(word)
                )
            }
            if let word = function.modifiers.first(.mutating) {
                complaints.append(
                    Complaint(
                        "activityMutates", "an activity has no state: attempts run side by side"
                    )
                    .at(
                        word,
                        .replace(
                            "remove `mutating`", function, with: function.without(.mutating))))
            }
            if let generic = function.genericParameterClause {
                complaints.append(
                    Complaint(
                        "activityGeneric", "an activity is found by its name: it is not generic"
                    )
                    .at(generic))
            }
            if inputs.count > 1 || parameters.count - inputs.count > 1 {
                complaints.append(
                    Complaint(
                        "activityParameters",
                        "an activity has one input, and may have an `ActivityContext`: put several "
                            + "values into a struct that is Codable"
                    ).at(parameters[1]))
            }
            if let first = inputs.first, let fault = InputParameter.complaint(about: first) {
                complaints.append(fault.at(first))
            }
            checkArguments(&complaints)
            guard complaints.count == before else { return nil }
        }

        private static func isContext(_ parameter: FunctionParameterSyntax) -> Bool {
            let type = parameter.type.trimmedDescription
            return type == contextType || type.hasSuffix(".\(contextType)")
        }

        private func checkArguments(_ complaints: inout [Diagnostic]) {
            if let name = attribute.argument("name"), attribute.text("name") == nil,
                !name.is(NilLiteralExprSyntax.self)
            {
                complaints.append(
                    Complaint("activityName", "`name` has to be a plain text in quotes").at(name))
            }
            guard attribute.argument("startToClose") == nil,
                attribute.argument("scheduleToClose") == nil
            else { return }
            complaints.append(
                Complaint(
                    "activityLimit",
                    "an activity has a limit, so that nothing hangs for ever: `startToClose` for "
                        + "an attempt, or `scheduleToClose` for all of them"
                ).at(
                    attribute,
                    .replace(
                        "add `startToClose: .seconds(10)`", attribute,
                        with: limited("startToClose", ".seconds(10)")),
                    .replace(
                        "add `scheduleToClose: .seconds(60)`", attribute,
                        with: limited("scheduleToClose", ".seconds(60)"))))
        }

        /// The attribute with a limit, which comes after a name and before everything else.
        private func limited(_ label: String, _ value: String) -> AttributeSyntax {
            var arguments = attribute.labeled.map {
                "\($0.label.map { "\($0.text): " } ?? "")\($0.expression.trimmed)"
            }
            arguments.insert(
                "\(label): \(value)", at: attribute.argument("name") == nil ? 0 : 1)
            let changed: AttributeSyntax =
                "@\(attribute.attributeName.trimmed)(\(raw: arguments.joined(separator: ", ")))"
            return changed.with(\.leadingTrivia, attribute.leadingTrivia).with(
                \.trailingTrivia, attribute.trailingTrivia)
        }

        // MARK: What is made of it

        /// The type that stands for the activity where it is called.
        func type(in container: String, access: String, isIsolated: Bool) -> DeclSyntax {
            let options = attribute.labeled.filter { $0.label?.text != "name" }.map {
                "\($0.label.map { "\($0.text): " } ?? "")\($0.expression.trimmed)"
            }
            let output = function.output?.description ?? "Nothing"
            let call =
                function.callEffects(isIsolated: isIsolated)
                + "container.\(function.name.text)(\(arguments))"
            let statement =
                function.output == nil ? "\(call)\n        return Nothing()" : "return \(call)"
            let name = attribute.text("name").map {
                "\n    \(access)static var activityName: String { "
                    + "\(StringLiteralExprSyntax(content: $0)) }"
            }
            return """
                /// The activity `\(raw: function.name.plain)`.
                \(raw: access)struct \(raw: typeName): Activity {\(raw: name ?? "")
                    \(raw: access)static var options: ActivityOptions {
                        ActivityOptions(\(raw: options.joined(separator: ", ")))
                    }
                    \(raw: access)let container: \(raw: container)
                    \(raw: access)init(_ container: \(raw: container)) {
                        self.container = container
                    }
                    \(raw: access)func run(
                        context: ActivityContext, input: \(raw: input.typeText)
                    ) async throws -> \(raw: output) {
                        \(raw: statement)
                    }
                }
                """
        }

        private var arguments: String {
            parameters.map { parameter in
                let value = Self.isContext(parameter) ? "context" : "input"
                guard parameter.firstName.tokenKind != .wildcard else { return value }
                return "\(parameter.firstName.text): \(value)"
            }.joined(separator: ", ")
        }
    }
#endif
