#if Lint
    import SwiftSyntax

    /// WF090: what a checkpoint cannot carry. Without a checkpoint the state stays in memory, and
    /// may be anything.
    extension StateRules {
        static func checkCheckpoint(_ type: TypeEntry, _ walk: ScopeWalk) {
            guard walk.checkpointing.contains(type.key), let file = file(of: type, walk) else {
                return
            }
            let resolver = Resolver(index: walk.index, file: file)
            if type.has("Workflow") {
                checkProperties(of: type, resolver, walk, type)
                return
            }
            guard let state = stateEntry(of: type, resolver) else { return }
            if state.isReference {
                report("the state \(state.name) is an object", state, walk, type)
            } else if !walk.index.inherits(state, anyOf: ["Codable", "Encodable", "Decodable"]) {
                report("the state \(state.name) is not `Codable`", state, walk, type)
            }
            checkProperties(of: state, resolver, walk, type)
        }

        private static func file(of type: TypeEntry, _ walk: ScopeWalk) -> SourceFile? {
            type.functions["run"]?.first?.file
                ?? walk.index.files.first { $0.module == type.module }
        }

        private static func stateEntry(of type: TypeEntry, _ resolver: Resolver) -> TypeEntry? {
            let name: String
            if let alias = type.aliases["State"] {
                name = TypeText(alias)?.name ?? ""
            } else if type.functions["initialState"] != nil,
                let result = type.functions["initialState"]?.first?.result,
                let text = TypeText(result)
            {
                name = text.name
            } else {
                name = "State"
            }
            return resolver.index.entry(declared: name, within: type.path, in: resolver.file)
        }

        private static func checkProperties(
            of state: TypeEntry, _ resolver: Resolver, _ walk: ScopeWalk, _ workflow: TypeEntry
        ) {
            let properties = state.properties.values.filter { !$0.isGlobal && $0.getter == nil }
                .sorted { $0.variable.position < $1.variable.position }
            for property in properties {
                guard let fault = fault(of: property, state, resolver) else { continue }
                walk.report(
                    Hit("WF090", "`\(property.name)` \(fault), which a checkpoint cannot carry"),
                    at: property.binding, in: property.file, path: [workflow.name])
            }
        }

        private static func fault(
            of property: PropertyEntry, _ state: TypeEntry, _ resolver: Resolver
        ) -> String? {
            if let type = property.type, property.isExistential(type) { return "is any type" }
            guard let type = resolver.type(of: property, at: Syntax(property.variable)) else {
                return nil
            }
            if type.isFunction { return "is a closure" }
            for text in [type] + type.arguments {
                guard
                    let entry = resolver.index.entry(
                        declared: text.name, within: state.path, in: property.file)
                else { continue }
                if entry.kind == .class { return "holds objects of \(entry.name)" }
                if entry.kind == .actor { return "holds the actor \(entry.name)" }
            }
            return nil
        }

        private static func report(
            _ message: String, _ state: TypeEntry, _ walk: ScopeWalk, _ workflow: TypeEntry
        ) {
            guard let run = workflow.functions["run"]?.first else { return }
            let place = state.attributes.first.map(Syntax.init)?.parent ?? run.node
            let file = walk.index.files.first { Syntax($0.tree) == place.root } ?? run.file
            let named = place.asProtocol((any NamedDeclSyntax).self)?.name
            walk.report(
                Hit("WF090", message), at: named.map { Syntax($0) } ?? place, in: file,
                path: [workflow.name])
        }
    }

    extension PropertyEntry {
        fileprivate func isExistential(_ type: TypeSyntax) -> Bool {
            TypeText(type)?.isExistential ?? false
                || ["Any", "AnyObject"].contains(TypeText(type)?.name ?? "")
        }
    }
#endif
