#if Macros
    import SwiftSyntax
    import SwiftSyntaxBuilder

    /// What `@Workflow` adds to the struct.
    extension WorkflowDeclaration {
        private var access: String {
            // What a protocol asks for is at most as private as the type.
            let access = declaration.modifiers.access
            return access == "private " ? "fileprivate " : access
        }
        private var inputType: String { run.input.typeText }
        private var outputType: String { run.output?.description ?? "Nothing" }
        private var stateType: String { hasState ? "State" : "Nothing" }
        private var hasState: Bool { !properties.isEmpty || initializer != nil }

        var members: [DeclSyntax] {
            var members = aliases + settings
            if hasState { members.append(state) }
            members += [memory, context, memoryInitializer]
            if let initializer = ownInitializer { members.append(initializer) }
            if hasState { members.append(initialState) }
            members += [body] + handlers.map(name(of:))
            if !handlers.isEmpty { members.append(registration) }
            return members
        }

        // MARK: The protocol's types and settings

        /// Left out where the struct itself has a type of that name.
        private var aliases: [DeclSyntax] {
            var aliases: [DeclSyntax] = []
            if inputType != "Input" {
                aliases.append("\(raw: access)typealias Input = \(raw: inputType)")
            }
            if outputType != "Output" {
                aliases.append("\(raw: access)typealias Output = \(raw: outputType)")
            }
            if !hasState { aliases.append("\(raw: access)typealias State = Nothing") }
            return aliases
        }

        private var settings: [DeclSyntax] {
            var settings: [DeclSyntax] = []
            if let name = attribute.argument("name"), attribute.text("name") != nil {
                settings.append("\(raw: access)static var workflowName: String { \(name.trimmed) }")
            }
            if let version = attribute.argument("version") {
                settings.append(
                    "\(raw: access)static var workflowVersion: Int { \(version.trimmed) }")
            }
            if let failures = attribute.argument("failures") {
                settings.append(
                    "\(raw: access)static var failures: [any Error.Type] { \(failures.trimmed) }")
            }
            let hash = CodeHash.hash(declaration)
            settings.append(
                "\(raw: access)static var workflowCodeHash: String { \"\(raw: hash)\" }")
            return settings
        }

        // MARK: The state

        private var state: DeclSyntax {
            let initializerText = initializer.map { initializer in
                var own = initializer.trimmed
                own.attributes = []
                own.modifiers = []
                return "\n\n" + own.trimmed.description
            }
            return """
                /// What the body and the handlers share.
                \(raw: access)struct State: Sendable {
                \(raw: properties.map(\.text).joined(separator: "\n"))\(raw: initializerText ?? "")
                }
                """
        }

        private var memory: DeclSyntax { "private let _memory: WorkflowMemory<Self>" }

        private var context: DeclSyntax {
            """
            /// What a handler may do. `run` is given the same.
            private var context: WorkflowContext<Self> { _memory.context }
            """
        }

        private var memoryInitializer: DeclSyntax {
            "private init(_memory memory: WorkflowMemory<Self>) { _memory = memory }"
        }

        /// For those who test handlers without an engine; the struct may have its own.
        private var ownInitializer: DeclSyntax? {
            guard initializer == nil else { return nil }
            return """
                /// A workflow without a run, as a test of its handlers needs it.
                \(raw: access)init() { _memory = WorkflowMemory(\(raw: stateType)()) }
                """
        }

        private var initialState: DeclSyntax {
            """
            \(raw: access)static func initialState(for input: \(raw: inputType)) -> State {
                State(\(raw: initializer == nil ? "" : "input: input"))
            }
            """
        }

        // MARK: The body

        private var body: DeclSyntax {
            let argument = run.input.type == nil ? "" : ", input: input"
            let call = "try await workflow.run(context: context\(argument))"
            return """
                \(raw: access)static func run(
                    context: WorkflowContext<Self>, input: \(raw: inputType)
                ) async throws -> \(raw: outputType) {
                    \(raw: instance(run.function)) workflow = Self(_memory: WorkflowMemory(context))
                    \(raw: run.output == nil ? "\(call)\n    return Nothing()" : "return \(call)")
                }
                """
        }

        private func instance(_ function: FunctionDeclSyntax) -> String {
            function.isMutating ? "var" : "let"
        }

        // MARK: The handlers

        /// `static var approve: Signal<Self, User> { Signal("approve") }`
        private func name(of handler: MessageHandler) -> DeclSyntax {
            let access = handler.function.modifiers.access
            let kind = handler.kind.rawValue
            let type = messageType(handler)
            let method = handler.function.name.trimmed
            let name = StringLiteralExprSyntax(content: handler.recordedName)
            return """
                /// Names the \(raw: kind.lowercased()).
                \(raw: access)static var \(method): \(raw: type) {
                    \(raw: kind)(\(name))
                }
                """
        }

        private var registration: DeclSyntax {
            """
            \(raw: access)static func handle(_ handlers: inout MessageHandlers<Self>) {
            \(raw: handlers.map(registration(of:)).joined(separator: "\n"))
            }
            """
        }

        private func registration(of handler: MessageHandler) -> String {
            let function = handler.function
            let method = function.name.text
            let argument = handler.input.argument("input")
            let input = handler.input.type == nil ? "_" : "input"
            let call = "\(function.callEffects())workflow.\(method)(\(argument))"
            if handler.kind == .query {
                return """
                    handlers.on(\(method) as \(messageType(handler))) { state, \(input) in
                        try WorkflowMemory.view(state) { memory in
                            let workflow = Self(_memory: memory)
                            return \(call)
                        }
                    }
                    """
            }
            var options = ""
            if let name = handler.validator, let validator = methods[name] {
                options += ",\nvalidate: " + validation(by: validator, input)
            }
            if let abandonment = handler.abandonment { options += ",\nisAbandoned: \(abandonment)" }
            let answer =
                handler.kind == .signal || function.output != nil
                ? (handler.kind == .update ? "return \(call)" : call)
                : "\(call)\n    return Nothing()"
            return """
                handlers.on(
                    \(method) as \(messageType(handler))\(options),
                    perform: { context, \(input) in
                        \(instance(function)) workflow = Self(_memory: WorkflowMemory(context))
                        \(answer)
                    })
                """
        }

        private func validation(by validator: FunctionDeclSyntax, _ input: String) -> String {
            let parameter = InputParameter(validator.signature.parameterClause.parameters.first)
            let call =
                validator.callEffects() + "workflow.\(validator.name.text)"
                + "(\(parameter.argument("input")))"
            return """
                { state, \(input) in
                    try WorkflowMemory.view(state) { memory in
                        let workflow = Self(_memory: memory)
                        \(validator.output == nil ? "" : "_ = ")\(call)
                    }
                }
                """
        }

        private func messageType(_ handler: MessageHandler) -> String {
            var types = "Self, \(handler.input.typeText)"
            if handler.kind != .signal {
                types += ", \(handler.function.output?.description ?? "Nothing")"
            }
            return "\(handler.kind.rawValue)<\(types)>"
        }
    }
#endif
