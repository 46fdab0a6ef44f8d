import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What a projection must say, as every history of the store says it.
struct ProjectionTruth: Equatable {
    struct Run: Equatable {
        var type = ""
        var startedAt: Int64 = 0
        var updatedAt: Int64 = 0
        var events = 0
        var deadline = Int64.max
        var startsAt: Int64 = 0
        var steps = 0
        var children = 0
        var messages = 0
        var unseen = 0
        var stuck = 0
        var pause = OpenRun.Pause.none
        var isInDoubt = false
        var timers: [Int64] = []
    }

    /// By `ID/RUN`.
    var open: [String: Run] = [:]
    /// Of which no id's record says that they began: the same.
    var unbegun: Set<String> = []
    var debts: Set<String> = []
    /// By type and outcome.
    var endings: [String: Int] = [:]
    /// Workflows whose newest runs have ended: type, outcome, and how many labels.
    var ended: [String: String] = [:]
    var newestTime: Int64 = 0

    init(_ projection: Projection) {
        projection.runs.forEach { number, run, id, runID in
            let name = (String(validating: id) ?? "") + "/" + (String(validating: runID) ?? "")
            guard projection.unbegun[number] == nil else {
                unbegun.insert(name)
                return
            }
            var timers = (projection.moreTimers[number] ?? [:]).map(\.value)
            if run.timerID > 0 { timers.append(run.timerAt) }
            open[name] = Run(
                type: projection.types[Int(run.type)], startedAt: run.startedAt,
                updatedAt: run.updatedAt, events: Int(run.eventCount), deadline: run.deadline,
                startsAt: run.startsAt, steps: Int(run.steps), children: Int(run.children),
                messages: Int(run.messages), unseen: Int(run.unseen), stuck: Int(run.stuck),
                pause: run.pause, isInDoubt: run.isInDoubt, timers: timers.sorted())
        }
        debts = projection.debts
        for (ending, count) in projection.endings {
            let outcome = HistoryEvent.Outcome.Variant(rawValue: UInt64(ending.outcome))
            endings["\(projection.types[Int(ending.type)]) \(outcome.map { "\($0)" } ?? "")"] =
                count
        }
        projection.ended.table.forEach { number, run, id, _ in
            let outcome = HistoryEvent.Outcome.Variant(rawValue: UInt64(run.outcome))
            ended[String(validating: id) ?? ""] = Self.ended(
                projection.types[Int(run.type)], outcome,
                projection.ended.table.labels(number)?.count ?? 0)
        }
        newestTime = projection.newestTime
        #expect(projection.doubtful.isEmpty)
    }

    /// Whether a projection says this.
    func isSaid(by projection: Projection) -> Bool {
        var said = Self(projection)
        // Nothing is known of what was removed, but that it was there.
        if projection.hasOldEndings || projection.hasUnknownEndings {
            said.endings = endings
            said.newestTime = max(said.newestTime, newestTime) == said.newestTime ? newestTime : 0
        }
        return said == self
    }

    private static func ended(
        _ type: String, _ outcome: HistoryEvent.Outcome.Variant?, _ labels: Int
    ) -> String {
        "\(type) \(outcome.map { "\($0)" } ?? "") \(labels)"
    }

    init(reading store: any HistoryStore) async throws {
        let prefix = StreamName.idPrefix
        let runs = try await store.streams(
            prefix: StreamName.runPrefix, after: nil, limit: 100_000)
        unbegun = Set(runs.map { String($0.dropFirst(StreamName.runPrefix.count)) })
        for run in runs {
            for event in try await store.read(run, from: 0, limit: 100_000).events {
                let event = try HistoryEvent(metadata: event.metadata, payload: event.payload)
                newestTime = max(newestTime, event.time)
            }
        }
        for name in try await store.streams(prefix: prefix, after: nil, limit: 100_000) {
            let id = String(name.dropFirst(prefix.count))
            let page = try await store.read(name, from: 0, limit: 100_000)
            let records = try page.events.map { try IDRecord($0.metadata) }
            for record in records where record.kind == .closed && record.isUnsettled {
                debts.insert("\(id)/\(record.runID)")
            }
            for record in records where record.kind == .settled {
                debts.remove("\(id)/\(record.runID)")
            }
            let dropped = records.filter { $0.kind == .dropped }.map(\.runID)
            let opened = IDRecord.live(records).filter {
                $0.kind == .opened && !dropped.contains($0.runID)
            }
            for record in opened {
                unbegun.remove("\(id)/\(record.runID)")
                let run = StreamName.run(id, record.runID)
                let events = try await store.read(run, from: 0, limit: 100_000).events.map {
                    try HistoryEvent(metadata: $0.metadata, payload: $0.payload)
                }
                let machine = try RunMachine(history: events)
                guard let outcome = machine.outcome else {
                    open["\(id)/\(record.runID)"] = Run(machine, events)
                    continue
                }
                guard record == opened.last else { continue }
                endings["\(machine.start.workflowType) \(outcome.variant)", default: 0] += 1
                ended[id] = Self.ended(
                    machine.start.workflowType, outcome.variant,
                    machine.start.searchAttributes.count)
            }
        }
    }
}

extension ProjectionTruth.Run {
    init(_ machine: RunMachine, _ events: [HistoryEvent]) {
        type = machine.start.workflowType
        startedAt = machine.beganAt
        updatedAt = machine.time
        self.events = machine.lastID
        let deadlines = [machine.start.runDeadline, machine.start.executionDeadline]
        deadline = deadlines.compactMap(\.self).min() ?? .max
        startsAt = machine.start.startsAt ?? 0
        steps = machine.steps.count
        children = machine.children.count
        messages = machine.sent.count
        unseen = machine.unseen.count
        stuck = machine.stuckCompensations.count
        switch machine.pause {
        case .requested: pause = .requested
        case .taskFailures: pause = .taskFailures
        case .quarantined: pause = .quarantined
        case nil, .compensation: break
        }
        timers = machine.timers.values.map(\.fireAt).sorted()
    }
}

/// What follows from all that is in a store, made anew.
func rebuilt(_ store: any JournaledStore) throws -> Projection {
    let fold = ProjectionFold(Projection(), try .init(store.journal), 0)
    try fold.read(from: store.journal) { true }
    return fold.projection.value
}

/// The checkpoint that is in a store, if there is one that can be read.
func checkpoint(in store: any JournaledStore) throws -> Projection? {
    guard let input = try store.journal.checkpoints?.read() else { return nil }
    var decoder = ProjectionDecoder(input)
    return try decoder.decode { _ in true }
}

/// A projection made anew, and one that goes on from the checkpoint that is there, both say what
/// the histories say. On a log, it is one that was opened for this.
func checkProjection(of store: any JournaledStore, _ comment: Comment? = nil) async throws {
    // What an engine that was closed still has under way comes too late from here on.
    _ = try await store.claim()
    let truth = try await ProjectionTruth(reading: store)
    let anew = try rebuilt(store)
    #expect(truth.isSaid(by: anew), comment)
    guard let known = try checkpoint(in: store) else { return }
    let fold = ProjectionFold(known, try .init(store.journal), 0)
    try fold.read(from: store.journal) { true }
    #expect(truth.isSaid(by: fold.projection.value), comment)
}

/// What an engine knows says what the histories say.
func checkProjection(of engine: WorkflowEngine, _ comment: Comment? = nil) async throws {
    let known = try #require(await engine.core.projection?.ask { $0 })
    let truth = try await ProjectionTruth(reading: engine.core.store)
    #expect(truth.isSaid(by: known), comment)
}
