#if Lint
    import SwiftSyntax

    /// WF081: loops that never wait, and retries by hand.
    enum LoopRules {
        static func check(
            loop: Syntax, body: CodeBlockSyntax, _ resolver: Resolver
        ) -> [(Syntax, Hit)] {
            if let hit = spinning(loop, body, resolver) { return [(loop, hit)] }
            for item in body.statements {
                guard let attempt = item.item.as(DoStmtSyntax.self)
                else { continue }
                if let hit = retrying(attempt, loop, resolver) { return [(Syntax(attempt), hit)] }
            }
            return []
        }

        // MARK: Loops that never wait

        private static func spinning(
            _ loop: Syntax, _ body: CodeBlockSyntax, _ resolver: Resolver
        ) -> Hit? {
            let conditions =
                loop.as(WhileStmtSyntax.self).map { Syntax($0.conditions) }
                ?? loop.as(RepeatStmtSyntax.self).map { Syntax($0.condition) }
            guard let conditions, EngineCalls.waiting(in: loop, resolver).isEmpty,
                !Exits.awaits(body)
            else { return nil }
            if conditions.trimmedDescription == "true" {
                return Exits.leaves(body)
                    ? nil : Hit("WF081", "the loop has no end and never waits")
            }
            guard readsState(conditions, resolver),
                !Assignments.find(in: Syntax(body)).contains(where: {
                    readsState(Syntax($0), resolver)
                }),
                EngineCalls.find(["change"], in: Syntax(body), resolver).isEmpty
            else { return nil }
            return Hit("WF081", "the loop waits for the state without waiting: nothing changes it")
        }

        private static func readsState(_ node: Syntax, _ resolver: Resolver) -> Bool {
            let reader = StateReads(resolver)
            reader.walk(node)
            return reader.isFound
        }

        // MARK: Retries by hand

        private static func retrying(
            _ attempt: DoStmtSyntax, _ loop: Syntax, _ resolver: Resolver
        ) -> Hit? {
            let calls = EngineCalls.find(["run", "step"], in: Syntax(attempt.body), resolver)
            guard !calls.isEmpty else { return nil }
            let isLeft = attempt.body.statements.last.map { Exits.ends($0) } ?? false
            guard isLeft || loop.is(WhileStmtSyntax.self) || loop.is(RepeatStmtSyntax.self),
                Exits.leaves(attempt.body),
                attempt.catchClauses.contains(where: { goesRound($0) })
            else { return nil }
            if let loop = loop.as(ForStmtSyntax.self) {
                let names = Bindings.names(in: loop.pattern)
                // What is tried is another thing each time.
                let isOther = calls.contains { call in
                    names.contains { Syntax(call).mentions($0) }
                }
                if isOther { return nil }
            }
            return Hit("WF081", "the loop repeats what the engine repeats by itself")
        }

        /// Whether the loop goes on after the failure.
        private static func goesRound(_ clause: CatchClauseSyntax) -> Bool {
            guard let last = clause.body.statements.last else { return true }
            if last.item.is(ContinueStmtSyntax.self) { return true }
            return !Exits.ends(last)
        }
    }

    /// Ways out of a loop's body.
    private final class Exits: SyntaxVisitor {
        private var leaves = false
        private var awaits = false

        /// Whether there is a `break`, `return` or `throw`.
        static func leaves(_ body: CodeBlockSyntax) -> Bool { look(body).leaves }

        /// Whether it waits for something else than a turn.
        static func awaits(_ body: CodeBlockSyntax) -> Bool { look(body).awaits }

        static func ends(_ item: CodeBlockItemSyntax) -> Bool {
            item.item.is(ReturnStmtSyntax.self) || item.item.is(BreakStmtSyntax.self)
                || item.item.is(ThrowStmtSyntax.self)
        }

        private static func look(_ body: CodeBlockSyntax) -> Exits {
            let visitor = Exits(viewMode: .sourceAccurate)
            visitor.walk(body)
            return visitor
        }

        override func visit(_ node: BreakStmtSyntax) -> SyntaxVisitorContinueKind {
            leaves = true
            return .skipChildren
        }
        override func visit(_ node: ReturnStmtSyntax) -> SyntaxVisitorContinueKind {
            leaves = true
            return .visitChildren
        }
        override func visit(_ node: ThrowStmtSyntax) -> SyntaxVisitorContinueKind {
            leaves = true
            return .visitChildren
        }
        override func visit(_ node: TryExprSyntax) -> SyntaxVisitorContinueKind {
            if node.questionOrExclamationMark == nil { leaves = true }
            return .visitChildren
        }
        override func visit(_ node: AwaitExprSyntax) -> SyntaxVisitorContinueKind {
            if node.expression.trimmedDescription != "Task.yield()" { awaits = true }
            return .visitChildren
        }
        override func visit(_ node: ForStmtSyntax) -> SyntaxVisitorContinueKind {
            if node.awaitKeyword != nil { awaits = true }
            return .visitChildren
        }
        override func visit(_ node: ClosureExprSyntax) -> SyntaxVisitorContinueKind {
            .skipChildren
        }
    }

    /// Whether code looks at the state of the run.
    private final class StateReads: SyntaxVisitor {
        private let resolver: Resolver
        private(set) var isFound = false

        init(_ resolver: Resolver) {
            self.resolver = resolver
            super.init(viewMode: .sourceAccurate)
        }

        override func visit(_ node: MemberAccessExprSyntax) -> SyntaxVisitorContinueKind {
            if case .member(let type?, "state") = resolver.meaning(of: ExprSyntax(node)),
                type.name == Engine.context
            {
                isFound = true
            }
            return .visitChildren
        }

        override func visit(_ node: DeclReferenceExprSyntax) -> SyntaxVisitorContinueKind {
            if case .property(let property) = resolver.meaning(of: ExprSyntax(node)),
                !property.isGlobal, !property.isLet, property.owner?.has("Workflow") ?? false
            {
                isFound = true
            }
            return .skipChildren
        }
    }
#endif
