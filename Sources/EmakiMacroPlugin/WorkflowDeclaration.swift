#if Macros
    import SwiftDiagnostics
    import SwiftSyntax

    /// A struct that `@Workflow` is attached to, taken apart.
    struct WorkflowDeclaration {
        let attribute: AttributeSyntax
        let declaration: StructDeclSyntax
        let run: RunFunction
        let properties: [StateProperty]
        /// `init(input:)`, where the struct has one.
        let initializer: InitializerDeclSyntax?
        let handlers: [MessageHandler]
        /// Methods by name, for validators.
        let methods: [String: FunctionDeclSyntax]

        /// The struct, taken apart; nil if it is none, or has a fault of its own.
        ///
        /// What is wrong with a handler is said where its own macro is expanded, and not here.
        static func parse(
            _ attribute: AttributeSyntax, _ declaration: some DeclGroupSyntax,
            _ complaints: inout [Diagnostic]
        ) -> WorkflowDeclaration? {
            guard let type = declaration.as(StructDeclSyntax.self) else {
                complaints.append(notAStruct(attribute, declaration))
                return nil
            }
            return WorkflowDeclaration(attribute, type, &complaints)
        }

        private init?(
            _ attribute: AttributeSyntax, _ declaration: StructDeclSyntax,
            _ complaints: inout [Diagnostic]
        ) {
            let before = complaints.count
            self.attribute = attribute
            self.declaration = declaration
            let members = declaration.memberBlock.members.map(\.decl)
            let functions = members.compactMap { $0.as(FunctionDeclSyntax.self) }
            if let generic = declaration.genericParameterClause {
                complaints.append(
                    Complaint(
                        "workflowGeneric", "a workflow is found by its name: it is not generic"
                    )
                    .at(generic))
            }
            Self.checkArguments(attribute, &complaints)
            Self.checkMembers(members, &complaints)
            let initializer = Self.initializer(members, &complaints)
            self.initializer = initializer
            properties =
                members.compactMap { $0.as(VariableDeclSyntax.self) }.filter(StateProperty.isState)
                .compactMap {
                    StateProperty($0, hasInitializer: initializer != nil, &complaints)
                }
            methods = Dictionary(functions.map { ($0.name.plain, $0) }) { first, _ in first }
            var faultsOfHandlers: [Diagnostic] = []
            handlers = functions.compactMap { function in
                MessageHandler.attribute(of: function).flatMap {
                    MessageHandler($0.0, $0.1, function, &faultsOfHandlers)
                }
            }
            let run = Self.run(functions, declaration, &complaints)
            Self.checkNames(handlers, &complaints)
            Self.checkValidators(of: handlers, methods, &complaints)
            guard let run, complaints.count == before else { return nil }
            self.run = run
        }

        private static func notAStruct(
            _ attribute: AttributeSyntax, _ declaration: some DeclGroupSyntax
        ) -> Diagnostic {
            let complaint = Complaint(
                "workflowKind", "a workflow is a struct: its state is a value that the engine keeps"
            )
            let keyword = declaration.introducer
            guard !declaration.is(ProtocolDeclSyntax.self),
                !declaration.is(ExtensionDeclSyntax.self)
            else { return complaint.at(keyword) }
            return complaint.at(
                keyword,
                .replace(
                    "make it a struct", keyword,
                    with: keyword.with(\.tokenKind, .keyword(.struct))))
        }

        private static func checkArguments(
            _ attribute: AttributeSyntax, _ complaints: inout [Diagnostic]
        ) {
            guard let name = attribute.argument("name"), attribute.text("name") == nil,
                !name.is(NilLiteralExprSyntax.self)
            else { return }
            complaints.append(
                Complaint("workflowName", "`name` has to be a plain text in quotes").at(name))
        }

        /// What would be overlooked, or is in the way of what is made.
        private static func checkMembers(_ members: [DeclSyntax], _ complaints: inout [Diagnostic])
        {
            for member in members {
                if let group = member.as(IfConfigDeclSyntax.self), HandlerUse.isIn(group) {
                    complaints.append(
                        Complaint(
                            "workflowCondition",
                            "state, `run` and handlers are the same in every build: not in `#if`"
                        ).at(group))
                }
                if let type = member.asProtocol((any NamedDeclSyntax).self),
                    !member.is(FunctionDeclSyntax.self), type.name.text == "State"
                {
                    complaints.append(
                        Complaint("workflowState", "`State` is made from the properties").at(
                            type.name))
                }
            }
        }

        private static func initializer(
            _ members: [DeclSyntax], _ complaints: inout [Diagnostic]
        ) -> InitializerDeclSyntax? {
            var found: InitializerDeclSyntax?
            for initializer in members.compactMap({ $0.as(InitializerDeclSyntax.self) }) {
                let parameters = initializer.signature.parameterClause.parameters
                let effects = initializer.signature.effectSpecifiers
                guard found == nil, parameters.count == 1,
                    parameters.first?.firstName.text == "input",
                    initializer.optionalMark == nil, effects?.asyncSpecifier == nil,
                    effects?.throwsClause == nil, initializer.genericParameterClause == nil
                else {
                    complaints.append(
                        Complaint(
                            "workflowInit",
                            "a workflow's state is made from its input alone: `init(input: Input)`"
                        ).at(initializer.initKeyword))
                    continue
                }
                found = initializer
            }
            return found
        }

        private static func run(
            _ functions: [FunctionDeclSyntax], _ declaration: StructDeclSyntax,
            _ complaints: inout [Diagnostic]
        ) -> RunFunction? {
            let candidates = functions.filter { $0.name.plain == "run" }
            if candidates.isEmpty {
                var block = declaration.memberBlock
                let body: DeclSyntax = """
                        mutating func run(
                            context: WorkflowContext<Self>, input: <#Input#>
                        ) async throws -> <#Output#> {
                            <#code#>
                        }
                    """
                block.members.append(
                    MemberBlockItemSyntax(leadingTrivia: .newline, decl: body))
                complaints.append(
                    Complaint("runMissing", "a workflow has a body: \(RunFunction.shape)").at(
                        declaration.name,
                        .replace("add `run`", declaration.memberBlock, with: block)))
                return nil
            }
            guard candidates.count == 1, let function = candidates.first else {
                complaints.append(
                    Complaint("runTwice", "a workflow has one body").at(candidates[1].name))
                return nil
            }
            return RunFunction(function, of: declaration.name.text, &complaints)
        }
    }

    /// Finds parts of a workflow in a group of declarations.
    private final class HandlerUse: SyntaxVisitor {
        private var isFound = false

        static func isIn(_ node: some SyntaxProtocol) -> Bool {
            let visitor = HandlerUse(viewMode: .sourceAccurate)
            visitor.walk(node)
            return visitor.isFound
        }

        override func visit(_ node: FunctionDeclSyntax) -> SyntaxVisitorContinueKind {
            if node.name.plain == "run" || MessageHandler.attribute(of: node) != nil {
                isFound = true
            }
            return .skipChildren
        }

        override func visit(_ node: VariableDeclSyntax) -> SyntaxVisitorContinueKind {
            if StateProperty.isState(node) { isFound = true }
            return .skipChildren
        }

        override func visit(_ node: StructDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
        override func visit(_ node: EnumDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
        override func visit(_ node: ClassDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
    }
#endif
