import EmakiWorkflow

extension ScheduleWorkflow {
    /// The loop of a schedule's run.
    struct Loop {
        let context: WorkflowContext<ScheduleWorkflow>
        private(set) var rounds = 0
        /// What was computed last, for which revision of the schedule.
        private var plan: SchedulePlan?
        private var revision = -1

        init(context: WorkflowContext<ScheduleWorkflow>) { self.context = context }

        private var record: ScheduleRecord { context.state.record }

        private func change(_ body: (inout ScheduleRecord) -> Void) throws {
            try context.change { body(&$0.record) }
        }

        /// Does the next thing, or waits for one.
        /// - Returns: what was started; nil: nothing.
        mutating func round() async throws -> [UntypedChild]? {
            try context.change { $0.hasNews = false }
            let record = record
            if let buffered = record.buffered, record.running.isEmpty {
                try change { $0.buffered = nil }
                return try await start([buffered], of: record.specRevision)
            }
            if let trigger = record.triggers.first {
                try change { $0.triggers.removeFirst() }
                return try await start([trigger], of: record.specRevision)
            }
            if let backfill = record.backfills.first { return try await start(backfill) }
            if record.isPaused || record.remainingCount ?? 1 <= 0 {
                plan = nil
                try await context.wait { $0.hasNews }
                return nil
            }
            if plan == nil || revision != record.revision
                || plan?.next.map({ $0.startAt <= context.now }) ?? false
            {
                return try await makePlan(record)
            }
            guard let next = plan?.next?.startAt else {
                try await context.wait { $0.hasNews }
                return nil
            }
            try await ScheduleWorkflow.wait(until: next, context)
            // After a long wait rules may have changed.
            if !context.state.hasNews, next > context.now { plan = nil }
            return nil
        }

        // MARK: Nominal times

        private mutating func makePlan(_ record: ScheduleRecord) async throws -> [UntypedChild]? {
            rounds += 1
            let now = context.now
            let plan: SchedulePlan
            do {
                plan = try await context.step("plan", options: Self.options) { _ in
                    try SchedulePlan(
                        record.schedule.spec, name: record.name, catchUp: record.schedule.catchUp,
                        after: record.cursor, now: now, limit: record.remainingCount ?? .max)
                }
            } catch let failure as StepFailure {
                return try await rest(failure)
            }
            // Somebody may have changed everything meanwhile.
            guard self.record.revision == record.revision, !self.record.isPaused else { return nil }
            self.plan = plan
            revision = record.revision
            try change { record in
                record.problem = ""
                record.cursor = max(record.cursor, plan.cursor)
                guard plan.missedCount > 0, let last = plan.missed.last else { return }
                record.skip(last, "missed, with all since \(InstantText.text(plan.missed[0]))")
                record.skippedCount += plan.missedCount - 1
            }
            if plan.due.isEmpty { return nil }
            return try await start(
                plan.due.map {
                    ScheduleRecord.Wanted(
                        nominal: $0.nominal, overlap: record.schedule.overlap, kind: .scheduled)
                }, of: record.specRevision)
        }

        /// Times cannot be computed: the system has lost the time zone. Later it may have it.
        private func rest(_ failure: StepFailure) async throws -> [UntypedChild]? {
            try change { $0.problem = failure.cause.message }
            try await ScheduleWorkflow.wait(
                until: context.now + ScheduleWorkflow.problemNanoseconds, context)
            return nil
        }

        private static let options = StepOptions(retry: RetryPolicy(maximumAttempts: 3))

        private mutating func start(
            _ backfill: ScheduleRecord.Backfill
        ) async throws -> [UntypedChild]? {
            rounds += 1
            let spec = record.schedule.spec
            let (revision, specRevision) = (record.revision, record.specRevision)
            let times: [Int64]
            do {
                times = try await context.step("backfill", options: Self.options) { _ in
                    try spec.times(after: backfill.cursor, count: ScheduleWorkflow.backfillMax)
                        .filter { $0 <= backfill.last }
                }
            } catch let failure as StepFailure {
                return try await rest(failure)
            }
            // Of another spec there are other times.
            guard record.revision == revision else { return nil }
            try change { record in
                if times.count < ScheduleWorkflow.backfillMax {
                    record.backfills.removeFirst()
                } else if let last = times.last {
                    record.backfills[0].cursor = last
                }
            }
            return try await start(
                times.map {
                    ScheduleRecord.Wanted(
                        nominal: $0, overlap: backfill.overlap, kind: .backfilled)
                }, of: specRevision)
        }

        // MARK: Starting

        /// - Parameter revision: of the schedule's spec when it was decided to start these.
        private mutating func start(
            _ all: [ScheduleRecord.Wanted], of revision: Int
        ) async throws -> [UntypedChild] {
            var started: [UntypedChild] = []
            for (index, wanted) in all.enumerated() {
                if let reason = record.obstacle(to: wanted.kind, of: revision) {
                    try change { $0.skip(all[index...], reason) }
                    break
                }
                rounds += wanted.kind == .triggered ? 1 : 0
                guard try await makeRoom(for: wanted) else { continue }
                if let child = try await startOne(wanted) { started.append(child) }
            }
            return started
        }

        /// Sees to runs that have not ended.
        /// - Returns: whether it may start now.
        private func makeRoom(for wanted: ScheduleRecord.Wanted) async throws -> Bool {
            let record = record
            if record.running.isEmpty || wanted.overlap == .allow { return true }
            switch wanted.overlap {
            case .allow: return true
            case .skip:
                try change { $0.skip(wanted.nominal, "the run before has not ended") }
                return false
            case .bufferOne:
                try change { record in
                    if record.buffered == nil {
                        record.buffered = wanted
                    } else {
                        record.skip(wanted.nominal, "another one waits for the run before to end")
                    }
                }
                return false
            case .cancel, .terminate:
                try change { record in
                    if let other = record.buffered {
                        record.skip(other.nominal, "a later one takes its place")
                    }
                    record.buffered = wanted
                }
                for run in record.running { try await stop(run, wanted.overlap) }
                return false
            }
        }

        private func stop(
            _ run: ScheduleDescription.Run, _ overlap: ScheduleOverlap
        ) async throws {
            do {
                if overlap == .cancel {
                    try await context.cancelWorkflow(run.workflowID)
                } else {
                    try await context.terminateWorkflow(
                        run.workflowID, reason: "the schedule \(record.name) starts the next one")
                }
            } catch is StepFailure {
                // It has ended.
            }
        }

        /// - Returns: nil if it could not be started, or was before.
        private func startOne(_ wanted: ScheduleRecord.Wanted) async throws -> UntypedChild? {
            let record = record
            let id = record.workflowID(of: wanted)
            var options = record.schedule.action.options
            options.headers["schedule"] = record.name
            options.headers["nominalTime"] = InstantText.text(wanted.nominal)
            do {
                let child = try await context.startChild(
                    named: record.schedule.action.workflowType, id: id,
                    record.schedule.action.input,
                    options: ChildOptions(
                        closePolicy: .abandon, cancellation: .abandon, run: options, idUse: .once))
                let run = ScheduleDescription.Run(
                    nominal: wanted.nominal, workflowID: id, startedAt: context.now)
                try change { $0.started(run, wanted.kind) }
                return child
            } catch let failure as StepFailure {
                try change { $0.skip(wanted.nominal, "not started: \(failure.cause.message)") }
                return nil
            }
        }
    }
}

extension ScheduleRecord {
    /// Why what was to be started is not any more: somebody has asked for something meanwhile.
    fileprivate func obstacle(to kind: Wanted.Kind, of revision: Int) -> String? {
        if isDeleted { return "the schedule was deleted" }
        if kind == .triggered { return nil }
        if specRevision != revision { return "the schedule was changed" }
        return isPaused && kind == .scheduled ? "the schedule was paused" : nil
    }

    fileprivate mutating func skip(_ all: ArraySlice<Wanted>, _ reason: String) {
        for wanted in all { skip(wanted.nominal, reason) }
    }

    /// One for each nominal time; of triggered runs it has milliseconds, and is another one.
    func workflowID(of wanted: Wanted) -> String {
        let time =
            wanted.kind == .triggered
            ? InstantText.longText(wanted.nominal) : InstantText.text(wanted.nominal)
        return "\(name)/\(time)"
    }
}
