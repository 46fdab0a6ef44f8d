#if Lint
    import SwiftSyntax

    /// Where code of workflows begins.
    ///
    /// - a function, or a closure, that says of a parameter that it is a `WorkflowContext`, a
    ///   `Saga` or `MessageHandlers`: `run` in either form, `handle`, and helpers that are given
    ///   the context;
    /// - of a type with `@Workflow`: methods with `@Signal`, `@Query` and `@Update`, their
    ///   validators, `init(input:)`, and the first values of its properties;
    /// - of a type that conforms to `Workflow`: `initialState(for:)` and `migrate(from:)`.
    struct WorkflowRoots {
        let index: DeclarationIndex

        func jobs() -> [Job] {
            var bodies: [Job] = []
            var helpers: [Job] = []
            for type in index.allTypes where isWorkflow(type) { bodies += jobs(of: type) }
            for function in index.allFunctions where takesADoor(function) && !isActivity(function) {
                let job = job(function, .run)
                if function.name == "run" { bodies += job } else { helpers += job }
            }
            for (closure, file) in index.contextClosures {
                helpers.append(
                    Job(node: Syntax(closure), file: file, kind: .run, path: ["a closure"]))
            }
            // What a body calls is found on its way, and said to be.
            return bodies + helpers
        }

        func isWorkflow(_ type: TypeEntry) -> Bool {
            guard type.kind != .protocol else { return false }
            return type.has("Workflow") || index.inherits(type, anyOf: Engine.workflowProtocols)
        }

        private func takesADoor(_ function: FunctionEntry) -> Bool {
            function.parameters.contains { parameter in
                guard let type = TypeText(parameter.type), !type.arguments.isEmpty else {
                    return false
                }
                return [Engine.context, Engine.saga, Engine.handlers].contains(type.name)
            }
        }

        private func jobs(of type: TypeEntry) -> [Job] {
            var jobs: [Job] = []
            for name in ["initialState", "migrate"] {
                jobs += type.functions[name, default: []].flatMap { job($0, .run) }
            }
            guard type.has("Workflow") else { return jobs }
            let functions = type.functions.values.joined().sorted {
                $0.node.position < $1.node.position
            }
            var validators: Set<String> = []
            for function in functions {
                let attributes = function.attributes
                if attributes.has("Signal") || attributes.has("Update") {
                    jobs += job(function, .run)
                }
                if attributes.has("Query") { jobs += job(function, .question) }
                for attribute in attributes.attributes where attribute.baseName == "Update" {
                    if let name = attribute.text("validator") { validators.insert(name) }
                }
            }
            for function in functions where validators.contains(function.name) {
                jobs += job(function, .question)
            }
            jobs += type.initializers.flatMap { job($0, .run) }
            let properties = type.properties.values.sorted {
                $0.variable.position < $1.variable.position
            }
            for property in properties where !property.isGlobal {
                guard let value = property.binding.initializer?.value else { continue }
                jobs.append(
                    Job(
                        node: Syntax(value), file: property.file, kind: .run,
                        path: ["\(type.name).\(property.name)"]))
            }
            return jobs
        }

        private func job(_ function: FunctionEntry, _ kind: Job.Kind) -> [Job] {
            guard let body = function.body else { return [] }
            return [
                Job(
                    node: body, file: function.file, kind: kind, path: [function.title],
                    workflow: function.owner?.key)
            ]
        }

        /// Code that may do anything.
        func isActivity(_ function: FunctionEntry) -> Bool {
            if function.attributes.has("Activity") { return true }
            let takesActivityContext = function.parameters.contains {
                TypeText($0.type)?.name == "ActivityContext"
            }
            guard let owner = function.owner else { return takesActivityContext }
            return takesActivityContext
                || function.name == "run" && index.inherits(owner, anyOf: Engine.activityProtocols)
        }
    }

    extension FunctionEntry {
        /// `Order.run`.
        var title: String { owner.map { "\($0.name).\(name)" } ?? name }
    }
#endif
