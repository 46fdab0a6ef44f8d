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

    var kind: Kind
    var runID: String
    /// The request that started it.
    var requestID = ""
    var workflowType = ""
    /// Of `.closed`: something is still to be done.
    var isUnsettled = false

    func stored() -> StoredEvent {
        var fields = FieldWriter()
        fields.put(1, kind.rawValue)
        fields.put(2, runID)
        fields.put(3, notEmpty: requestID)
        fields.put(4, notEmpty: workflowType)
        fields.put(5, ifTrue: isUnsettled)
        let type =
            switch kind {
            case .opened: "RunOpened"
            case .closed: "RunEnded"
            case .settled: "RunSettled"
            }
        return StoredEvent(type: type, metadata: fields.bytes, payload: [])
    }

    init(_ kind: Kind, _ runID: String) {
        self.kind = kind
        self.runID = runID
    }

    init(_ bytes: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(bytes)
        kind = try fields.need(fields.number(1).flatMap(Kind.init(rawValue:)), "the kind")
        runID = try fields.need(fields.text(2), "the run")
        requestID = try fields.text(3) ?? ""
        workflowType = try fields.text(4) ?? ""
        isUnsettled = fields.flag(5)
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
    /// Reads what is recorded, if that was not done. Of the pump.
    func load() async throws {
        if machine != nil || idToken != nil { return }
        let (records, token) = try await engine.idRecords(workflowID)
        idToken = token
        for record in records where record.kind == .opened && !record.requestID.isEmpty {
            startedBy[record.requestID] = record.runID
        }
        guard let opened = records.last(where: { $0.kind == .opened }) else { return }
        let history = try await engine.history(workflowID, opened.runID)
        runToken = history.token
        do throws(HistoryError) {
            machine = try RunMachine(history: history.events)
        } catch {
            throw WorkflowError.damaged(workflowID: workflowID, error)
        }
        if let time = machine?.time { engine.timers.recorded(time) }
        guard let machine, !machine.isOpen, records.last?.isUnsettled == true else { return }
        settle(machine)
    }

    /// Lets go of all that is in memory: the store knows better.
    func discard() {
        decider?.evict()
        decider = nil
        machine = nil
        runToken = nil
        idToken = nil
        startedBy = [:]
        armedAt = .max
        hasReturned = false
    }

    /// Brings code to where the history ends.
    /// - Returns: false if there is none, or it does not follow; then that is recorded.
    func warm(_ draft: inout CommitDraft) async -> Bool {
        guard decider == nil, let machine else { return decider != nil }
        do {
            let new = try engine.makeDecider(machine.start)
            if machine.lastID > 0, try await replay(into: new, machine.start) == false {
                return false
            }
            decider = new
            return true
        } catch {
            failTask(Failure(describing: error), &draft)
            return false
        }
    }

    private func replay(into new: any Decider, _ start: RunStart) async throws -> Bool {
        // Events of this draft are not in the store yet; nothing is replayed beside them.
        var replay = Replay(start, into: new, comparesInput: engine.options.comparesInput)
        do {
            try await engine.forEachEvent(workflowID, start.runID) { event in
                try replay.add(event)
            }
            try replay.finish()
            hasReturned = replay.hasReturned
            return true
        } catch {
            new.evict()
            throw error
        }
    }
}
