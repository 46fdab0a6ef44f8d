#if Macros
    import SwiftDiagnostics
    import SwiftSyntax
    import SwiftSyntaxMacros

    /// `@Workflow`: a struct becomes a workflow.
    ///
    /// The stored properties move into a nested struct `State`, which the engine keeps; what is
    /// left of them reads and writes it. The rest is what somebody without macros would write:
    /// `run` as a static function, a name for each message, and `handle`, which brings them
    /// together.
    struct WorkflowMacro: MemberMacro {
        static func expansion(
            of node: AttributeSyntax, providingMembersOf declaration: some DeclGroupSyntax,
            conformingTo protocols: [TypeSyntax], in context: some MacroExpansionContext
        ) throws -> [DeclSyntax] {
            var complaints: [Diagnostic] = []
            let workflow = WorkflowDeclaration.parse(node, declaration, &complaints)
            complaints.forEach(context.diagnose)
            return workflow?.members ?? []
        }
    }

    extension WorkflowMacro: ExtensionMacro {
        static func expansion(
            of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
            providingExtensionsOf type: some TypeSyntaxProtocol,
            conformingTo protocols: [TypeSyntax],
            in context: some MacroExpansionContext
        ) throws -> [ExtensionDeclSyntax] {
            var complaints: [Diagnostic] = []
            guard WorkflowDeclaration.parse(node, declaration, &complaints) != nil else {
                return []
            }
            return [try ExtensionDeclSyntax("extension \(type.trimmed): Workflow {}")]
        }
    }

    extension WorkflowMacro: MemberAttributeMacro {
        static func expansion(
            of node: AttributeSyntax, attachedTo declaration: some DeclGroupSyntax,
            providingAttributesFor member: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [AttributeSyntax] {
            var complaints: [Diagnostic] = []
            guard WorkflowDeclaration.parse(node, declaration, &complaints) != nil else {
                return []
            }
            if let variable = member.as(VariableDeclSyntax.self), StateProperty.isState(variable) {
                return ["@WorkflowStateProperty"]
            }
            return member.is(InitializerDeclSyntax.self) ? ["@WorkflowStateInitializer"] : []
        }
    }

    /// What a stored property of a workflow becomes.
    struct StatePropertyMacro: AccessorMacro {
        static func expansion(
            of node: AttributeSyntax, providingAccessorsOf declaration: some DeclSyntaxProtocol,
            in context: some MacroExpansionContext
        ) throws -> [AccessorDeclSyntax] {
            guard let variable = declaration.as(VariableDeclSyntax.self),
                let pattern = variable.bindings.first?.pattern.as(IdentifierPatternSyntax.self)
            else { return [] }
            let name = pattern.identifier.trimmed
            return [
                "get { _memory.state.\(name) }",
                "nonmutating set { _memory.state.\(name) = newValue }",
            ]
        }
    }

    /// What `init(input:)` of a workflow becomes: its text is in `State`.
    struct StateInitializerMacro: BodyMacro {
        static func expansion(
            of node: AttributeSyntax,
            providingBodyFor declaration: some DeclSyntaxProtocol & WithOptionalCodeBlockSyntax,
            in context: some MacroExpansionContext
        ) throws -> [CodeBlockItemSyntax] {
            guard let initializer = declaration.as(InitializerDeclSyntax.self),
                let parameter = initializer.signature.parameterClause.parameters.first
            else { return [] }
            let name = (parameter.secondName ?? parameter.firstName).trimmed
            return ["_memory = WorkflowMemory(State(input: \(name)))"]
        }
    }
#endif
