/// What the engine keeps about a workflow id: which runs it has had.
struct IDRecord: Sendable, Equatable {
    enum Kind: UInt64, Sendable {
        /// A run began.
        case opened = 1
        /// It ended.
        case closed = 2
        /// Everything that its end asks for was done.
        case settled = 3
    }

    enum Field {
        static let kind: UInt64 = 1
        static let runID: UInt64 = 2
        static let requestID: UInt64 = 3
        static let workflowType: UInt64 = 4
        static let isUnsettled: UInt64 = 5
        static let outcomeBefore: UInt64 = 6
        static let typeBefore: UInt64 = 7
    }

    var kind: Kind
    var runID: String
    /// The request that started it.
    var requestID = ""
    var workflowType = ""
    /// Of `.closed`: something is still to be done.
    var isUnsettled = false
    /// Of `.opened`, where the id was used before: how the run before ended, so that who counts
    /// runs need not look for it; 0: nothing is left of it.
    var outcomeBefore: UInt64?
    /// The type of the run before, if it is another.
    var typeBefore = ""

    func stored() -> StoredEvent {
        var fields = FieldWriter()
        fields.put(Field.kind, kind.rawValue)
        fields.put(Field.runID, runID)
        fields.put(Field.requestID, notEmpty: requestID)
        fields.put(Field.workflowType, notEmpty: workflowType)
        fields.put(Field.isUnsettled, ifTrue: isUnsettled)
        if let outcomeBefore { fields.put(Field.outcomeBefore, outcomeBefore) }
        fields.put(Field.typeBefore, notEmpty: typeBefore)
        let type =
            switch kind {
            case .opened: "RunOpened"
            case .closed: "RunEnded"
            case .settled: "RunSettled"
            }
        return StoredEvent(type: type, metadata: fields.bytes, payload: [])
    }

    /// The newest run is open, or the end of one asks for something that was not done.
    static func needsCare(_ records: [IDRecord]) -> Bool {
        let settled = Set(records.filter { $0.kind == .settled }.map(\.runID))
        let hasDebt = records.contains {
            $0.kind == .closed && $0.isUnsettled && !settled.contains($0.runID)
        }
        return hasDebt || records.last { $0.kind != .settled }?.kind == .opened
    }

    init(_ kind: Kind, _ runID: String) {
        self.kind = kind
        self.runID = runID
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
        var (records, token) = try await engine.idRecords(workflowID)
        guard var opened = records.last(where: { $0.kind == .opened }) else {
            idToken = token
            isLoaded = true
            return
        }
        var (loaded, history) = try await newest(opened)
        // A commit came between the two reads: there is a newer run.
        while case .continuedAsNew = loaded.outcome {
            (records, token) = try await engine.idRecords(workflowID)
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
        for record in records where record.kind == .opened && !record.requestID.isEmpty {
            startedBy[record.requestID] = record.runID
        }
        engine.timers.recorded(loaded.time)
        answerWaiters(loaded)
        guard engine.options.executesCode else { return }
        try await settleAll(records, loaded)
    }

    private func newest(_ opened: IDRecord) async throws -> (RunMachine, EngineCore.History) {
        let history = try await engine.history(workflowID, opened.runID)
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
            guard let answer = loaded.updateAnswers[id] else { continue }
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
                let history = try await engine.history(workflowID, record.runID)
                do throws(HistoryError) {
                    settle(try RunMachine(history: history.events))
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
        do throws(Failure) {
            decider = try newDecider(machine.start)
            return .warm
        } catch {
            return .failed(error)
        }
    }

    private func newDecider(_ start: RunStart) throws(Failure) -> any Decider {
        do {
            return try engine.makeDecider(start)
        } catch {
            throw Failure(.misuse, type: "UnknownWorkflow", message: "\(error)")
        }
    }

    /// Brings code to where the history ends. Nothing is recorded.
    ///
    /// Only while nothing is in a draft that the store does not have.
    func warm() async -> Warming {
        guard decider == nil, let machine else { return .warm }
        // An engine's code does not change.
        if let unfit { return .unfit(unfit) }
        let version = engine.fingerprint(machine.start.workflowType)
        let isOther = version != machine.fingerprint
        let new: any Decider
        do throws(Failure) {
            new = try newDecider(machine.start)
        } catch {
            return isOther ? isUnfit(error, machine, version) : .failed(error)
        }
        var replay = Replay(
            machine.start, into: new, comparesInput: engine.options.comparesInput)
        do {
            try await engine.forEachEvent(workflowID, machine.start.runID) { event in
                // What came into the store since this was read, the code must not know either.
                guard event.id <= machine.lastID else { return }
                try replay.add(event)
            }
            try replay.finish()
        } catch {
            letGo(of: new)
            guard let failure = error as? Failure else { return .later(error) }
            return isOther && failure.isOfCode
                ? isUnfit(failure, machine, version) : .failed(failure)
        }
        hasReturned = replay.hasReturned
        versionToAdopt = isOther ? version : nil
        decider = new
        return .warm
    }

    /// The run needs the code that executed it last.
    private func isUnfit(
        _ failure: Failure, _ machine: RunMachine, _ version: String?
    ) -> Warming {
        let here = version.map { "\($0) does not follow its history" } ?? "there is none here"
        let unfit = Failure(
            .misuse, type: "VersionNeeded",
            message: "the run needs the code of \(machine.fingerprint); \(here): "
                + failure.message)
        self.unfit = unfit
        machine.isWithoutCode = true
        guard machine.isOpen else { return .unfit(unfit) }
        engine.observer.waitsForVersion(
            workflowID: workflowID, runID: machine.start.runID, needed: machine.fingerprint,
            failure)
        return .unfit(unfit)
    }
}

extension Failure {
    /// Why code does not follow a history: the same each time.
    fileprivate var isOfCode: Bool {
        ["Divergence", "Incomplete", "Undecodable", "UnknownWorkflow"].contains(type)
    }
}
