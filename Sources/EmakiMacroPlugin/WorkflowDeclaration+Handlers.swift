#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// What handlers must be among each other.
    extension WorkflowDeclaration {
        /// No two handlers have one name, neither in the code nor where they are recorded.
        static func checkNames(_ handlers: [MessageHandler], _ complaints: inout [Diagnostic]) {
            var methods: Set<String> = []
            var recorded: Set<String> = []
            for handler in handlers {
                let method = handler.function.name.plain
                if !methods.insert(method).inserted {
                    recorded.insert(handler.recordedName)
                    complaints.append(
                        Complaint(
                            "handlerTwice",
                            "two handlers are called `\(method)`: a sender cannot tell them apart"
                        ).at(handler.function.name, renamed(handler, unlike: methods)))
                } else if !recorded.insert(handler.recordedName).inserted {
                    complaints.append(
                        Complaint(
                            "handlerRecordedTwice",
                            "two handlers are recorded as `\(handler.recordedName)`"
                        ).at(handler.attribute))
                }
            }
        }

        private static func renamed(_ handler: MessageHandler, unlike taken: Set<String>) -> FixIt {
            let old = handler.function.name
            var number = 2
            while taken.contains("\(old.plain)\(number)") { number += 1 }
            let name = "\(old.plain)\(number)"
            return .replace(
                "call it `\(name)`", old, with: old.with(\.tokenKind, .identifier(name)))
        }

        /// Every validator is a method here that takes what its update takes, and changes nothing.
        static func checkValidators(
            of handlers: [MessageHandler], _ methods: [String: FunctionDeclSyntax],
            _ complaints: inout [Diagnostic]
        ) {
            for handler in handlers {
                guard let name = handler.validator,
                    let argument = handler.attribute.argument("validator")
                else { continue }
                guard let method = methods[name] else {
                    complaints.append(
                        Complaint("validatorMissing", "there is no method `\(name)` here").at(
                            argument))
                    continue
                }
                let parameters = method.signature.parameterClause.parameters
                guard !method.isMutating, !method.isAsync, !method.modifiers.isStatic,
                    parameters.count == (handler.input.type == nil ? 0 : 1),
                    parameters.first?.type.trimmedDescription == handler.input.type?.description
                else {
                    complaints.append(
                        Complaint(
                            "validatorShape",
                            "a validator takes what its update takes, waits for nothing, changes "
                                + "nothing, and throws to refuse the update"
                        ).at(method.name))
                    continue
                }
                if let use = ContextUse.first(in: method.body) {
                    complaints.append(
                        Complaint("validatorContext", "a validator sees the state, and no context")
                            .at(
                                use))
                }
            }
        }
    }
#endif
