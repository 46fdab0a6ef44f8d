#if Lint
    import SwiftSyntax

    /// Goes through everything that a run may execute, each body once.
    final class ScopeWalk {
        let index: DeclarationIndex
        let roots: WorkflowRoots
        private(set) var findings: [Finding] = []
        /// Workflows that make checkpoints.
        private(set) var checkpointing: Set<String> = []
        private var waiting: [Job] = []
        private var seen: Set<Job.Key> = []

        init(_ index: DeclarationIndex) {
            self.index = index
            roots = WorkflowRoots(index: index)
        }

        func run() {
            for root in roots.jobs() {
                add(root)
                var next = 0
                // What was found on the way comes in the order in which it was found.
                while next < waiting.count {
                    look(at: waiting[next])
                    next += 1
                }
                waiting.removeAll(keepingCapacity: true)
            }
            for type in index.allTypes where roots.isWorkflow(type) {
                StateRules.checkCheckpoint(type, self)
            }
        }

        func add(_ job: Job) {
            if seen.insert(job.key).inserted { waiting.append(job) }
        }

        func noteCheckpoint(_ workflow: String?) {
            if let workflow { checkpointing.insert(workflow) }
        }

        private func look(at job: Job) {
            let walker = BodyWalker(job, self)
            walker.look()
        }

        func report(_ hit: Hit, at node: some SyntaxProtocol, in file: SourceFile, path: [String]) {
            guard let rule = Rule.named(hit.rule) else { return }
            findings.append(
                Finding(
                    ruleID: rule.id, severity: rule.severity, place: file.place(of: node),
                    message: hit.message, fix: rule.fix, path: path, edit: hit.edit))
        }
    }
#endif
