#if Lint
    import SwiftSyntax

    /// Goes through one body: reports what breaks a rule, and finds what is called.
    final class BodyWalker: SyntaxVisitor {
        let job: Job
        let walk: ScopeWalk
        let resolver: Resolver

        init(_ job: Job, _ walk: ScopeWalk) {
            self.job = job
            self.walk = walk
            resolver = Resolver(index: walk.index, file: job.file)
            super.init(viewMode: .sourceAccurate)
        }

        var isQuestion: Bool { job.kind == .question }

        func look() {
            walk(job.node)
            if job.node.is(CodeBlockSyntax.self) || job.node.is(ClosureExprSyntax.self) {
                report(FlowRules.checkSiblings(job.node, resolver))
            }
        }

        func report(_ hit: Hit, at node: some SyntaxProtocol) {
            walk.report(hit, at: node, in: job.file, path: job.path)
        }

        private func report(_ hits: [(Syntax, Hit)]) {
            for (node, hit) in hits { report(hit, at: node) }
        }

        // MARK: Names

        /// - Returns: whether the name breaks a rule, so that its parts are not looked at any more.
        private func look(at node: ExprSyntax, _ call: FunctionCallExprSyntax?) -> Bool {
            let use = resolver.use(of: node, call: call)
            if let hit = RuleFamilies.check(use, isQuestion: isQuestion) {
                report(hit, at: call.map(Syntax.init) ?? Syntax(node))
                return true
            }
            if let name = use.engineCall, name == "checkpoint" || name == "serveMessages" {
                walk.noteCheckpoint(job.workflow)
            }
            follow(use)
            return false
        }

        override func visit(_ node: FunctionCallExprSyntax) -> SyntaxVisitorContinueKind {
            let callee = node.calledExpression
            let isHit = look(at: callee, node)
            if !isHit { lookInside(callee) }
            if isStep(node) {
                lookAtStep(node)
                return .skipChildren
            }
            if lookAtHandler(node) { return .skipChildren }
            walk(node.arguments)
            if let closure = node.trailingClosure { walk(closure) }
            walk(node.additionalTrailingClosures)
            return .skipChildren
        }

        /// The parts of a name that was looked at as a whole.
        private func lookInside(_ node: ExprSyntax) {
            let bare = node.bare
            if let access = bare.as(MemberAccessExprSyntax.self) {
                if let base = access.base { walk(base) }
            } else if !bare.is(DeclReferenceExprSyntax.self)
                && !bare.is(GenericSpecializationExprSyntax.self)
            {
                walk(bare)
            }
        }

        override func visit(_ node: MemberAccessExprSyntax) -> SyntaxVisitorContinueKind {
            if !look(at: ExprSyntax(node), nil), let base = node.base { walk(base) }
            return .skipChildren
        }

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            _ = look(at: ExprSyntax(node), nil)
            return .skipChildren
        }

        override func visit(_ node: SubscriptCallExprSyntax) -> SyntaxVisitorContinueKind {
            if case .function(let member) = resolver.declared(at: node.leftSquare) {
                followAll(member)
            } else if let type = resolver.type(of: node.calledExpression),
                let entry = resolver.declared(type, at: Syntax(node))
            {
                entry.subscripts.forEach(follow)
            }
            return .visitChildren
        }

        // Which operator is meant only types tell.
        override func visit(_ node: BinaryOperatorExprSyntax) -> SyntaxVisitorContinueKind {
            followOperator(node.operator)
            return .skipChildren
        }

        override func visit(_ node: PrefixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
            followOperator(node.operator)
            return .visitChildren
        }

        override func visit(_ node: PostfixOperatorExprSyntax) -> SyntaxVisitorContinueKind {
            followOperator(node.operator)
            return .visitChildren
        }

        // MARK: What is called

        private func follow(_ use: Use) {
            switch use.meaning {
            case .functions(let functions): functions.forEach(followAll)
            case .property(let property):
                follow(property)
                walk.index.implementations(of: property).forEach(follow)
            case .type(_, let entry?) where use.call != nil: followMaking(entry, use)
            default: break
            }
        }

        private func followOperator(_ name: TokenSyntax) {
            if case .function(let function) = resolver.declared(at: name) { followAll(function) }
        }

        /// With what may be called instead: what conforms to a requirement, what overrides.
        private func followAll(_ function: FunctionEntry) {
            follow(function)
            walk.index.implementations(of: function).forEach(follow)
        }

        private func follow(_ function: FunctionEntry) {
            guard !walk.roots.isActivity(function), let body = function.body else { return }
            add(body, function.file, function.title)
        }

        private func follow(_ property: PropertyEntry) {
            let owner = property.owner.map { "\($0.name)." } ?? ""
            if let getter = property.getter {
                add(Syntax(getter), property.file, owner + property.name)
            } else if property.isGlobal, let value = property.binding.initializer?.value {
                add(Syntax(value), property.file, owner + property.name)
            }
        }

        /// What is executed when a value of a type is made: its initializer, and first values.
        private func followMaking(_ entry: TypeEntry, _ use: Use) {
            let count = use.call?.trailingClosures.count ?? 0
            var fitting = entry.initializers.filter {
                $0.takes(use.labels, trailingClosureCount: count)
            }
            if let exact = resolver.initializer(of: use) { fitting = [exact] }
            (fitting.isEmpty ? entry.initializers : fitting).forEach(follow)
            for property in entry.properties.values
            where !property.isGlobal && property.getter == nil {
                // What is lazy is made later, if at all; it is looked at all the same.
                guard let value = property.binding.initializer?.value else { continue }
                add(Syntax(value), property.file, "\(entry.name).\(property.name)")
            }
        }

        private func add(_ node: Syntax, _ file: SourceFile, _ title: String) {
            let path = job.path.count < Job.pathMax ? job.path + [title] : job.path
            walk.add(
                Job(node: node, file: file, kind: job.kind, path: path, workflow: job.workflow))
        }

        // MARK: Calls of the engine

        private func isStep(_ call: FunctionCallExprSyntax) -> Bool {
            resolver.use(of: call.calledExpression, call: call).engineCall == "step"
        }

        /// A step's closure may do anything but look at the run.
        private func lookAtStep(_ call: FunctionCallExprSyntax) {
            let closures = call.closures.map(\.closure)
            for closure in closures {
                report(StepRules.check(closure, resolver))
            }
            for argument in call.arguments where !argument.expression.is(ClosureExprSyntax.self) {
                // A function that is named instead of a closure is executed as the step.
                if let reference = argument.expression.as(MemberAccessExprSyntax.self),
                    case .functions = resolver.meaning(of: ExprSyntax(reference))
                {
                    continue
                }
                if case .functions = resolver.meaning(of: argument.expression) { continue }
                walk(argument)
            }
        }

        /// `handlers.on(message) { … }`: what is passed is executed when the message comes.
        private func lookAtHandler(_ call: FunctionCallExprSyntax) -> Bool {
            guard case .member(let type?, "on") = resolver.meaning(of: call.calledExpression),
                type.name == Engine.handlers
            else { return false }
            let message = call.arguments.first?.expression
            let isQuery = message.flatMap { resolver.type(of: $0) }?.name == "Query"
            let title = message.map { "handler of \($0.trimmedDescription)" } ?? "a handler"
            for (label, closure) in call.closures {
                let kind: Job.Kind = isQuery || label == "validate" ? .question : .run
                walk.add(
                    Job(
                        node: Syntax(closure), file: job.file, kind: kind,
                        path: [label == "validate" ? "validator in " + title : title],
                        workflow: job.workflow))
            }
            for argument in call.arguments where !argument.expression.is(ClosureExprSyntax.self) {
                walk(argument)
            }
            return true
        }

        // MARK: Statements

        override func visit(_ node: ForStmtSyntax) -> SyntaxVisitorContinueKind {
            report(OrderRules.check(node, resolver))
            report(TaskRules.check(node, resolver))
            report(LoopRules.check(loop: Syntax(node), body: node.body, resolver))
            return .visitChildren
        }

        override func visit(_ node: WhileStmtSyntax) -> SyntaxVisitorContinueKind {
            report(LoopRules.check(loop: Syntax(node), body: node.body, resolver))
            return .visitChildren
        }

        override func visit(_ node: RepeatStmtSyntax) -> SyntaxVisitorContinueKind {
            report(LoopRules.check(loop: Syntax(node), body: node.body, resolver))
            return .visitChildren
        }

        override func visit(_ node: DoStmtSyntax) -> SyntaxVisitorContinueKind {
            report(FlowRules.check(node, resolver))
            return .visitChildren
        }

        override func visit(_ node: TryExprSyntax) -> SyntaxVisitorContinueKind {
            report(FlowRules.check(node, resolver))
            return .visitChildren
        }

        override func visit(_ node: SequenceExprSyntax) -> SyntaxVisitorContinueKind {
            report(StateRules.check(node, resolver, isQuestion: isQuestion))
            report(BuildRules.check(node, resolver))
            return .visitChildren
        }

        override func visit(_ node: ExpressionSegmentSyntax) -> SyntaxVisitorContinueKind {
            report(OrderRules.check(node, resolver))
            return .visitChildren
        }

        override func visit(_ node: IfConfigDeclSyntax) -> SyntaxVisitorContinueKind {
            report(BuildRules.check(node))
            return .visitChildren
        }

        override func visit(_ node: MacroExpansionExprSyntax) -> SyntaxVisitorContinueKind {
            report(BuildRules.check(node, resolver))
            return .visitChildren
        }

        override func visit(_ node: ClosureCaptureSyntax) -> SyntaxVisitorContinueKind {
            report(StateRules.check(node))
            return .visitChildren
        }

        override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind {
            report(TaskRules.check(node, resolver))
            return .visitChildren
        }

        // Types say nothing about what is executed.
        override func visit(_ node: TypeAnnotationSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }
        override func visit(_ node: GenericArgumentClauseSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }
        override func visit(_ node: TypeExprSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
        override func visit(_ node: AttributeListSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }

        // A type that is declared in a body is looked at where it is used.
        override func visit(_ node: StructDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
        override func visit(_ node: EnumDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
        override func visit(_ node: ClassDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
        override func visit(_ node: ActorDeclSyntax) -> SyntaxVisitorContinueKind { .skipChildren }
    }
#endif
