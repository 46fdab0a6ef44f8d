#if Macros
    import SwiftDiagnostics
    import SwiftSyntax
    import SwiftSyntaxBuilder
    import SwiftSyntaxMacros

    /// `@Activities`: a type becomes a container of activities, with a type in it for each.
    struct ActivitiesMacro: MemberMacro {
        static func expansion(
            of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax,
            conformingTo protocols: [TypeSyntax], in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            var complaints: [Diagnostic] = []
            check(declaration, &complaints)
            let functions = activities(of: declaration)
            checkNames(functions, &complaints)
            complaints.forEach(context.diagnose)
            guard complaints.isEmpty, let name = declaration.typeName else { return [] }
            let isIsolated = declaration.is(ActorDeclSyntax.self)
            let access = declaration.modifiers.access
            let own = access == "private " ? "fileprivate " : access
            let list = functions.map { "\($0.typeName)(self)" }.joined(separator: ", ")
            let all: DeclSyntax = """
                /// Each of them.
                \(raw: own)\(raw: isIsolated ? "nonisolated " : "")var activities: [any Activity] {
                    [\(raw: list)]
                }
                """
            return functions.map {
                $0.type(in: name, access: own, isIsolated: isIsolated)
            } + [all]
        }

        private static func activities(of declaration: some DeclGroupSyntax) -> [ActivityFunction] {
            var faults: [Diagnostic] = []
            return declaration.memberBlock.members.compactMap { member in
                guard let function = member.decl.as(FunctionDeclSyntax.self),
                    let attribute = function.attributes.first(named: "Activity")
                else { return nil }
                return ActivityFunction(attribute, function, &faults)
            }
        }

        private static func check(
            _ declaration: some DeclGroupSyntax, _ complaints: inout [Diagnostic]
        ) {
            let isType =
                declaration.is(StructDeclSyntax.self) || declaration.is(ClassDeclSyntax.self)
                || declaration.is(ActorDeclSyntax.self)
            if !isType {
                complaints.append(
                    Complaint(
                        "activitiesKind", "a container of activities is a struct, class or actor"
                    )
                    .at(declaration.introducer))
            }
            if let generic = declaration.asProtocol((any WithGenericParametersSyntax).self)?
                .genericParameterClause
            {
                complaints.append(
                    Complaint(
                        "activitiesGeneric",
                        "activities are found by their names: nothing is generic"
                    ).at(generic))
            }
        }

        private static func checkNames(
            _ functions: [ActivityFunction], _ complaints: inout [Diagnostic]
        ) {
            var names: Set<String> = []
            for activity in functions where !names.insert(activity.typeName).inserted {
                complaints.append(
                    Complaint("activityTwice", "two activities are called `\(activity.typeName)`")
                        .at(
                            activity.function.name))
            }
        }
    }

    extension ActivitiesMacro: ExtensionMacro {
        static func expansion(
            of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
            providingExtensionsOf type: some TypeSyntaxProtocol,
            conformingTo protocols: [TypeSyntax],
            in context: some MacroExpansionContext
        ) throws -> [ExtensionDeclSyntax] {
            var complaints: [Diagnostic] = []
            check(declaration, &complaints)
            guard complaints.isEmpty else { return [] }
            return [try ExtensionDeclSyntax("extension \(type.trimmed): ActivityContainer {}")]
        }
    }

    /// `@Activity`: a mark that `@Activities` reads. By itself it makes nothing and says what is
    /// wrong with the method that it is attached to.
    struct ActivityMacro: PeerMacro {
        static func expansion(
            of node: AttributeSyntax, providingPeersOf declaration: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            guard let function = declaration.as(FunctionDeclSyntax.self) else {
                context.diagnose(
                    Complaint("activityKind", "`@Activity` belongs to a method").at(node))
                return []
            }
            let type = context.lexicalContext.first?.asProtocol((any WithAttributesSyntax).self)
            guard type?.attributes.first(named: "Activities") != nil else {
                context.diagnose(
                    Complaint(
                        "activityPlace",
                        "an activity stands in the braces of the type that has `@Activities`"
                    ).at(node))
                return []
            }
            var complaints: [Diagnostic] = []
            _ = ActivityFunction(node, function, &complaints)
            complaints.forEach(context.diagnose)
            return []
        }
    }

    extension DeclGroupSyntax {
        fileprivate var typeName: String? {
            asProtocol((any NamedDeclSyntax).self)?.name.text
        }
    }
#endif
