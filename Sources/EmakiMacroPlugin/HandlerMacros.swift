#if Macros
    import SwiftDiagnostics
    import SwiftSyntax
    import SwiftSyntaxMacros

    /// `@Signal`, `@Query`, `@Update`: marks that `@Workflow` reads. By themselves they make
    /// nothing and say what is wrong with the method they are attached to.
    protocol HandlerMacro: PeerMacro {
        static var kind: MessageHandler.Kind { get }
    }

    extension HandlerMacro {
        static func expansion(
            of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            var complaints: [Diagnostic] = []
            check(node, declaration, context, &complaints)
            complaints.forEach(context.diagnose)
            return []
        }

        private static func check(
            _ node: AttributeSyntax, _ declaration: some DeclSyntaxProtocol,
            _ context: some MacroExpansionContext, _ complaints: inout [Diagnostic]
        ) {
            guard let function = declaration.as(FunctionDeclSyntax.self) else {
                complaints.append(
                    Complaint("handlerKind", "`@\(kind.rawValue)` belongs to a method").at(node))
                return
            }
            let type = context.lexicalContext.first?.asProtocol((any WithAttributesSyntax).self)
            guard type?.attributes.first(named: "Workflow") != nil else {
                complaints.append(
                    Complaint(
                        "handlerPlace",
                        "a handler stands in the braces of the struct that has `@Workflow`"
                    ).at(node))
                return
            }
            let kinds = MessageHandler.Kind.allCases.map(\.rawValue)
            let marks = function.attributes.filter {
                $0.as(AttributeSyntax.self).map { kinds.contains($0.baseName) } ?? false
            }
            guard marks.count == 1 else {
                if marks.first?.as(AttributeSyntax.self)?.baseName == kind.rawValue {
                    complaints.append(
                        Complaint("handlerMarks", "a method handles one kind of message").at(node))
                }
                return
            }
            _ = MessageHandler(kind, node, function, &complaints)
        }
    }

    /// `@Signal`.
    struct SignalMacro: HandlerMacro {
        static var kind: MessageHandler.Kind { .signal }
    }

    /// `@Query`.
    struct QueryMacro: HandlerMacro {
        static var kind: MessageHandler.Kind { .query }
    }

    /// `@Update`.
    struct UpdateMacro: HandlerMacro {
        static var kind: MessageHandler.Kind { .update }
    }
#endif
