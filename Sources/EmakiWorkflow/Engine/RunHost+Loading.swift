/// What the engine keeps about a workflow id: which runs it has had.
struct IDRecord: Sendable, Equatable {
    enum Kind: UInt64, Sendable {
        /// A run began.
        case opened = 1
        /// It ended.
        case closed = 2
        /// Everything that its end asks for was done.
        case settled = 3
        /// The workflow was deleted: all before this is gone, or about to be. The run is a name for
        /// the deletion, which is settled, too.
        case deleted = 4
        /// The run's history was removed, though the workflow has newer runs.
        case dropped = 5
    }

    enum Field {
        static let kind: UInt64 = 1
        static let runID: UInt64 = 2
        static let requestID: UInt64 = 3
        static let workflowType: UInt64 = 4
        static let isUnsettled: UInt64 = 5
        static let outcomeBefore: UInt64 = 6
        static let typeBefore: UInt64 = 7
        static let time: UInt64 = 8
        static let outcome: UInt64 = 9
        static let labels: UInt64 = 10
    }

    var kind: Kind
    /// Of `.closed`: when, in nanoseconds since 1970 UTC.
    var time: Int64?
    var runID: String
    /// The request that started it or, of `.closed`, that ended it.
    var requestID = ""
    var workflowType = ""
    /// Of `.closed`: something is still to be done.
    var isUnsettled = false
    /// Of `.opened`, where the id was used before, and of `.deleted`: how the run before ended, so
    /// that who counts runs need not look for it; 0: nothing is left of it.
    var outcomeBefore: UInt64?
    /// The type of the run before, if it is another.
    var typeBefore = ""
    /// Of `.closed`: how, so that who lists what has ended need not look into the run. Nil in what
    /// earlier versions recorded.
    var outcome: HistoryEvent.Outcome.Variant?
    /// Of `.closed`: those of the run's search attributes.
    var labels: [RunLabel] = []

    func stored() -> StoredEvent {
        var fields = FieldWriter()
        fields.put(Field.kind, kind.rawValue)
        fields.put(Field.runID, runID)
        fields.put(Field.requestID, notEmpty: requestID)
        fields.put(Field.workflowType, notEmpty: workflowType)
        fields.put(Field.isUnsettled, ifTrue: isUnsettled)
        if let outcomeBefore { fields.put(Field.outcomeBefore, outcomeBefore) }
        fields.put(Field.typeBefore, notEmpty: typeBefore)
        if let time { fields.put(Field.time, signed: time) }
        if let outcome { fields.put(Field.outcome, outcome.rawValue) }
        if !labels.isEmpty { fields.put(Field.labels, RunLabel.bytes(of: labels)) }
        let type =
            switch kind {
            case .opened: "RunOpened"
            case .closed: "RunEnded"
            case .settled: "RunSettled"
            case .deleted: "WorkflowDeleted"
            case .dropped: "RunDropped"
            }
        return StoredEvent(type: type, metadata: fields.bytes, payload: [])
    }

    /// The newest run is open, or the end of one asks for something that was not done.
    static func needsCare(_ all: [IDRecord]) -> Bool {
        if removal(all) != nil { return true }
        let records = live(all)
        return !unsettled(records).isEmpty || records.last(where: \.isOfRun)?.kind == .opened
    }

    /// Runs whose ends ask for something that was not done.
    static func unsettled(_ records: [IDRecord]) -> Set<String> {
        Set(records.filter { $0.kind == .closed && $0.isUnsettled }.map(\.runID))
            .subtracting(records.filter { $0.kind == .settled }.map(\.runID))
    }

    private var isOfRun: Bool { kind == .opened || kind == .closed }

    /// Those that were not deleted.
    static func live(_ records: [IDRecord]) -> [IDRecord] {
        guard let index = records.lastIndex(where: { $0.kind == .deleted }) else { return records }
        return Array(records[(index + 1)...])
    }

    /// The deletion that is not settled, and the runs whose histories it removes.
    static func removal(_ records: [IDRecord]) -> (name: String, runIDs: [String])? {
        guard let index = records.lastIndex(where: { $0.kind == .deleted }) else { return nil }
        let name = records[index].runID
        if records[index...].contains(where: { $0.kind == .settled && $0.runID == name }) {
            return nil
        }
        return (name, records[..<index].filter { $0.kind == .opened }.map(\.runID))
    }

    init(_ kind: Kind, _ runID: String) {
        self.kind = kind
        self.runID = runID
    }

    /// A run has ended.
    init(closing start: RunStart, _ outcome: HistoryEvent.Outcome) {
        self.init(.closed, start.runID)
        workflowType = start.workflowType
        self.outcome = outcome.variant
        labels = start.searchAttributes.sorted { $0.key < $1.key }
            .map { RunLabel(name: $0.key, value: $0.value) }
    }

    /// It comes after a run that ended so; nil: nothing is left of that.
    mutating func follow(_ outcome: HistoryEvent.Outcome?, of type: String?) {
        outcomeBefore = outcome?.variant.rawValue ?? 0
        if let type, type != workflowType { typeBefore = type }
    }

    init(_ bytes: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(bytes)
        kind = try fields.need(
            fields.number(Field.kind).flatMap(Kind.init(rawValue:)), "the kind")
        runID = try fields.need(fields.text(Field.runID), "the run")
        requestID = try fields.text(Field.requestID) ?? ""
        workflowType = try fields.text(Field.workflowType) ?? ""
        isUnsettled = fields.flag(Field.isUnsettled)
        outcomeBefore = fields.number(Field.outcomeBefore)
        typeBefore = try fields.text(Field.typeBefore) ?? ""
        time = fields.instant(Field.time)
        outcome = fields.number(Field.outcome).flatMap(HistoryEvent.Outcome.Variant.init(rawValue:))
        labels = fields.content(Field.labels)?.withRawSpan { RunLabel.labels(in: $0) } ?? []
    }
}

/// Names of the engine's streams.
enum StreamName {
    static let idPrefix = "workflow/"
    static let runPrefix = "run/"
    /// Of a workflow id, so that its streams' names fit into the log.
    static let workflowIDBytesMax = 200

    static func id(_ workflowID: String) -> String { idPrefix + workflowID }
    static func run(_ workflowID: String, _ runID: String) -> String {
        "\(runPrefix)\(workflowID)/\(runID)"
    }
}

extension RunHost {
    /// Knows without reading that nothing is recorded, or that it was read.
    func isLoadedAtOnce() -> Bool {
        if isLoaded { return true }
        isLoaded = !engine.store.mayHave(idStream)
        return isLoaded
    }

    /// Reads what is recorded.
    func load() async throws {
        var (all, token) = try await engine.idRecords(workflowID)
        if IDRecord.removal(all) != nil, engine.options.executesCode { removeDeleted() }
        var records = IDRecord.live(all)
        guard var opened = records.last(where: { $0.kind == .opened }) else {
            idToken = token
            isLoaded = true
            return
        }
        var (loaded, history) = try await newest(opened)
        // A commit came between the two reads: there is a newer run.
        while case .continuedAsNew = loaded.outcome {
            (all, token) = try await engine.idRecords(workflowID)
            records = IDRecord.live(all)
            guard let newer = records.last(where: { $0.kind == .opened }),
                newer.runID != opened.runID
            else { break }
            opened = newer
            (loaded, history) = try await newest(opened)
        }
        // All or nothing: an id of which only a part was read would look like another.
        machine = loaded
        setPace(loaded.start.workflowType)
        runToken = history.token
        idToken = token
        isLoaded = true
        unsettled = IDRecord.unsettled(records)
        for record in records where !record.requestID.isEmpty {
            switch record.kind {
            case .opened: startedBy[record.requestID] = record.runID
            case .closed: endedBy.insert(record.requestID)
            default: break
            }
        }
        engine.timers.recorded(loaded.time)
        countHeld()
        answerWaiters(loaded)
        guard engine.options.executesCode else { return }
        try await settleAll(records, loaded)
    }

    private func newest(_ opened: IDRecord) async throws -> (RunMachine, EngineCore.History) {
        let history = try await engine.recentHistory(workflowID, opened.runID)
        do throws(HistoryError) {
            let machine = try RunMachine(history: history.events)
            guard machine.start.workflowID == workflowID, machine.start.runID == opened.runID else {
                throw .malformed("it is that of run \(machine.start.runID)")
            }
            return (machine, history)
        } catch {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
    }

    /// What was recorded although nobody was told is told now.
    private func answerWaiters(_ loaded: RunMachine) {
        for (id, waiters) in updateWaiters {
            guard let answer = loaded.updateAnswers[id] else {
                // It was answered, and the answer is not kept.
                guard !loaded.openUpdates.contains(id) else { continue }
                updateWaiters[id] = nil
                for waiter in waiters { waiter.reply(.failure(WorkflowError.outcomeUnknown)) }
                continue
            }
            updateWaiters[id] = nil
            for waiter in waiters {
                waiter.reply(answer.mapError { WorkflowError.updateFailed($0) })
            }
        }
        let runID = loaded.start.runID
        // Who waits for another run of the id asks again, and is led along the chain.
        for entry in resultWaiters where entry.runID != runID {
            enqueue(.result(runID: entry.runID, entry.waiter.reply))
        }
        resultWaiters.removeAll { $0.runID != runID }
        guard let outcome = loaded.outcome else { return }
        let told = resultWaiters.filter { $0.runID == runID }
        resultWaiters.removeAll { $0.runID == runID }
        for entry in told { entry.waiter.reply(.success(outcome)) }
    }

    /// Ends of runs of which something is still to be done.
    private func settleAll(_ records: [IDRecord], _ loaded: RunMachine) async throws {
        let settled = Set(records.filter { $0.kind == .settled }.map(\.runID))
        for record in records
        where record.kind == .closed && record.isUnsettled && !settled.contains(record.runID) {
            if record.runID == loaded.start.runID {
                settle(loaded)
            } else {
                let history = try await engine.recentHistory(workflowID, record.runID)
                do throws(HistoryError) {
                    let machine = try RunMachine(history: history.events)
                    machine.keptEvents = loaded.start.keptEvents(of: record.runID)
                    settle(machine)
                } catch {
                    // It keeps nobody else from going on, but somebody has to know.
                    engine.observer.storeFailed(
                        WorkflowError.damaged(workflowID: workflowID, error))
                }
            }
        }
    }

    /// Lets go of all that is in memory: the store knows better.
    func discard() {
        letGo()
        machine = nil
        isLoaded = false
        runToken = nil
        idToken = nil
        startedBy = [:]
        endedBy = []
        unsettled = []
        disarm()
        hasReturned = false
        closuresWanted = []
        unfit = nil
        versionToAdopt = nil
    }

    /// How it went to bring code to where its history ends.
    enum Warming {
        case warm
        /// Nobody has tried.
        case absent
        /// The code does not follow, or is not here.
        case failed(Failure)
        /// Other code than executed the run last does not follow, or there is none: it waits for
        /// an engine that has what it needs.
        case unfit(Failure)
        /// The store could not be read.
        case later(any Error)
    }

    /// Brings code to where a history begins.
    func makeCode() -> Warming {
        guard decider == nil, let machine else { return .warm }
        let codes = engine.codes.candidates(for: machine.start, machine.fingerprint)
        // It has begun with one of them.
        let code = codes.first { $0.fingerprint == machine.fingerprint } ?? codes.first
        guard let code else { return .failed(.noCode(of: machine.start)) }
        decider = code.makeDecider(machine.start, engine.options.codec)
        return .warm
    }

    /// Brings code to where the history ends: the first that follows, of those with which the run
    /// may go on. Nothing is recorded.
    ///
    /// Only while nothing is in a draft that the store does not have.
    func warm() async -> Warming {
        guard decider == nil, let machine else { return .warm }
        // An engine's code does not change.
        if let unfit { return .unfit(unfit) }
        var refusal: (code: String, failure: Failure)?
        for code in engine.codes.candidates(for: machine.start, machine.fingerprint)
        where code.fingerprint != passedOver {
            let isOther = code.fingerprint != machine.fingerprint
            do {
                decider = try await follow(machine, with: code)
                versionToAdopt = isOther ? code.fingerprint : nil
                if let refusal { passedOver = refusal.code }
                return .warm
            } catch {
                guard let failure = error as? Failure else { return .later(error) }
                guard isOther, failure.isOfCode else { return .failed(failure) }
                refusal = (code.fingerprint, failure)
            }
        }
        return isUnfit(refusal, machine)
    }

    /// - Throws: the failure of the task if the code does not follow the history; what reading it
    ///   throws.
    private func follow(
        _ machine: RunMachine, with code: WorkflowDefinition
    ) async throws -> any Decider {
        let new = code.makeDecider(machine.start, engine.options.codec)
        var replay = Replay(
            machine.start, into: new, comparesInput: engine.options.comparesInput)
        do {
            // What was before a checkpoint the code never sees again.
            try await engine.forEachEvent(
                workflowID, machine.start.runID, from: max(0, machine.frame - 1)
            ) { event in
                // What came into the store since this was read, the code must not know either.
                guard event.id <= machine.lastID else { return }
                try replay.add(event)
            }
            try replay.finish()
        } catch {
            letGo(of: new)
            throw error
        }
        hasReturned = replay.hasReturned
        return new
    }

    /// The run needs the code that executed it last.
    /// - Parameter refusal: which code does not follow, and why; nil: there is none to try.
    private func isUnfit(
        _ refusal: (code: String, failure: Failure)?, _ machine: RunMachine
    ) -> Warming {
        let isPinned = engine.codes.isPinned(machine.start)
        let here = refusal.map { "\($0.code) does not follow its history" } ?? "there is none here"
        let failure = refusal?.failure ?? .noCode(of: machine.start)
        let unfit = Failure(
            .misuse, type: "VersionNeeded",
            message: "the run needs the code of \(machine.fingerprint)"
                + (isPinned ? ", to which it is pinned" : "") + "; \(here): " + failure.message)
        self.unfit = unfit
        machine.isWithoutCode = true
        guard machine.isOpen else { return .unfit(unfit) }
        engine.observer.waitsForVersion(
            in: machine.observed, needed: machine.fingerprint, failure)
        return .unfit(unfit)
    }
}

extension Failure {
    /// There is nothing to execute a run with.
    fileprivate static func noCode(of start: RunStart) -> Failure {
        Failure(
            .misuse, type: "UnknownWorkflow",
            message: "\(WorkflowError.unknownWorkflow(start.workflowType))")
    }
}

extension Failure {
    /// Why code does not follow a history: the same each time.
    var isOfCode: Bool {
        ["Divergence", "Incomplete", "Undecodable", "UnknownWorkflow"].contains(type)
    }
}
