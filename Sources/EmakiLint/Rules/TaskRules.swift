#if Lint
    import SwiftSyntax

    /// WF030 to WF034: tasks, threads, actors, sequences.
    enum TaskRules {
        private static let starting = NameTable(
            rule: "WF030",
            made: ["Task"],
            statics: [
                "Task.detached", "Task.immediate", "Task.immediateDetached",
                "Task.startOnMainActor",
            ],
            callPrefixes: ["withTaskExecutorPreference"])

        private static let threads = NameTable(
            rule: "WF031",
            types: [
                "DispatchQueue", "DispatchWorkItem", "OperationQueue", "Operation",
                "BlockOperation",
                "NSOperation", "RunLoop", "DispatchSource", "ImmediateScheduler", "Thread",
                "NSThread",
            ],
            calls: ["dispatchMain": 0...0],
            callPrefixes: ["pthread_", "dispatch_async", "dispatch_sync", "thrd_"])

        private static let sequences = NameTable(
            rule: "WF033",
            types: ["NotificationCenter", "DistributedNotificationCenter"],
            callPrefixes: [])

        private static let scheduling = NameTable(
            rule: "WF034",
            statics: [
                "Task.yield", "Task.currentPriority", "Task.basePriority", "Thread.isMainThread",
                "Thread.current", "Thread.main",
            ],
            callPrefixes: ["withUnsafeCurrentTask"])

        private static let continuations: Set = [
            "withCheckedContinuation", "withCheckedThrowingContinuation", "withUnsafeContinuation",
            "withUnsafeThrowingContinuation",
        ]

        static func check(_ use: Use) -> Hit? {
            if let hit = scheduling.hit(use) { return isLogged(use) ? nil : hit }
            if let hit = starting.hit(use) { return hit }
            if let (_, name) = use.member, name == "addTask" || name == "addTaskUnlessCancelled",
                use.labels.contains("executorPreference")
            {
                return Hit("WF030", "`\(name)(executorPreference:)` leaves the run's executor")
            }
            // Its locks are another rule's.
            if LockRules.check(use) == nil, let hit = threads.hit(use) { return hit }
            return sequences.hit(use) ?? continuation(use) ?? actor(use)
        }

        /// What is only written to the log steers nothing.
        private static func isLogged(_ use: Use) -> Bool {
            var place = Syntax(use.node)
            while let outer = place.parent {
                if let call = outer.as(FunctionCallExprSyntax.self),
                    call.calledExpression != use.node,
                    use.resolver.use(of: call.calledExpression, call: call).engineCall == "log"
                {
                    return true
                }
                if outer.is(CodeBlockItemSyntax.self) { return false }
                place = outer
            }
            return false
        }

        // MARK: WF032

        private static let globalActors: Set = ["MainActor"]

        private static func actor(_ use: Use) -> Hit? {
            if let (type, name) = use.staticMember, type == "MainActor", name != "shared" {
                return Hit("WF032", "`MainActor.\(name)` leaves the run's executor")
            }
            switch use.meaning {
            case .functions(let functions):
                guard use.call != nil, let function = functions.first else { return nil }
                return actor(
                    function.attributes, function.owner, function.node, use, function.name)
            case .property(let property):
                guard !property.isLet else { return nil }
                return actor(
                    property.variable.attributes, property.owner, Syntax(property.variable), use,
                    property.name)
            case .type(_, let entry?):
                guard use.call != nil, let attribute = globalActor(entry.attributes, use) else {
                    return nil
                }
                return Hit("WF032", "`\(entry.name)` belongs to `@\(attribute)`")
            default: return nil
            }
        }

        private static func actor(
            _ attributes: AttributeListSyntax, _ owner: TypeEntry?, _ node: Syntax, _ use: Use,
            _ name: String
        ) -> Hit? {
            if attributes.has("concurrent") {
                return Hit("WF032", "`\(name)` is `@concurrent`: it leaves the run's executor")
            }
            let modifiers = node.asProtocol((any WithModifiersSyntax).self)?.modifiers
            if modifiers?.has(.nonisolated) ?? false { return nil }
            if let attribute = globalActor([attributes] + (owner?.attributes ?? []), use) {
                return Hit("WF032", "`\(name)` belongs to `@\(attribute)`")
            }
            guard let owner, owner.kind == .actor, !(modifiers?.isStatic ?? false) else {
                return nil
            }
            let place = use.resolver.surroundingType(at: Syntax(use.node))
            guard place !== owner else { return nil }
            if owner.properties["unownedExecutor"] != nil {
                return Hit(
                    "WF032",
                    "`\(name)` belongs to the actor \(owner.name), which has its own executor")
            }
            guard let base = use.base, isFromOutside(base, use.resolver) else { return nil }
            return Hit("WF032", "`\(name)` belongs to the actor \(owner.name), which others share")
        }

        private static func globalActor(_ lists: [AttributeListSyntax], _ use: Use) -> String? {
            for name in lists.flatMap(\.names) {
                if globalActors.contains(name) { return name }
                if let entry = use.resolver.declared(TypeText(name: name)), entry.has("globalActor")
                {
                    return name
                }
            }
            return nil
        }

        /// A global, or a static property: nothing that the run has made.
        private static func isFromOutside(_ base: ExprSyntax, _ resolver: Resolver) -> Bool {
            switch resolver.meaning(of: base) {
            case .property(let property): property.isGlobal
            case .staticMember: true
            default: false
            }
        }

        /// `{ @MainActor in … }`
        static func check(_ node: ClosureExprSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            guard let attributes = node.signature?.attributes else { return [] }
            let use = Use(meaning: .unknown, node: ExprSyntax(node), call: nil, resolver: resolver)
            if let name = globalActor([attributes], use) {
                return [(Syntax(attributes), Hit("WF032", "the closure belongs to `@\(name)`"))]
            }
            guard attributes.has("concurrent") else { return [] }
            return [(Syntax(attributes), Hit("WF032", "the closure leaves the run's executor"))]
        }

        // MARK: WF033

        /// A continuation that is resumed by somebody else than the closure that is given it.
        private static func continuation(_ use: Use) -> Hit? {
            guard let name = use.freeCall, continuations.contains(name),
                let closure = use.call?.closures.last?.closure
            else { return nil }
            let parameter: String
            switch closure.signature?.parameterClause {
            case .simpleInput(let list): parameter = list.first?.name.plain ?? ""
            case .parameterClause(let clause):
                parameter = clause.parameters.first?.firstName.plain ?? ""
            case nil: parameter = "$0"
            }
            let escape = ContinuationEscape(parameter)
            escape.walk(closure.statements)
            return escape.isFound
                ? Hit("WF033", "`\(name)` is resumed by what the engine does not know") : nil
        }

        /// `for await` over what is not the run's own.
        static func check(_ node: ForStmtSyntax, _ resolver: Resolver) -> [(Syntax, Hit)] {
            guard node.awaitKeyword != nil else { return [] }
            var base = node.sequence.bare
            while true {
                switch resolver.meaning(of: base) {
                case .property(let property) where property.isGlobal && property.getter == nil:
                    return [
                        (
                            Syntax(node.sequence),
                            Hit("WF033", "`\(property.name)` is fed by others than the run")
                        )
                    ]
                default: break
                }
                if let call = base.as(FunctionCallExprSyntax.self) {
                    base = call.calledExpression.bare
                } else if let inner = base.as(MemberAccessExprSyntax.self)?.base {
                    base = inner.bare
                } else {
                    return []
                }
            }
        }
    }

    /// Finds uses of a continuation other than resuming it at once.
    private final class ContinuationEscape: SyntaxVisitor {
        private let name: String
        private(set) var isFound = false

        init(_ name: String) {
            self.name = name
            super.init(viewMode: .sourceAccurate)
        }

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            guard node.baseName.plain == name else { return .skipChildren }
            let access = node.parent?.as(MemberAccessExprSyntax.self)
            let isResumed =
                access?.declName.baseName.plain == "resume"
                && access?.parent?.is(FunctionCallExprSyntax.self) ?? false
            if !isResumed { isFound = true }
            return .skipChildren
        }

        override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind {
            // Whoever executes the closure resumes it.
            if Syntax(node).mentions(name) { isFound = true }
            return .skipChildren
        }
    }
#endif
