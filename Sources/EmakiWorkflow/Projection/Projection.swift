import EmakiPlatform

/// What follows from all histories of a store up to a position: which runs are open, what they wait
/// for, and how many have ended how.
///
/// It is made of the events alone, and of those of one stream in their order, whatever the order of
/// the streams; so a table that was read from a file goes on with the events behind it. Nothing
/// that is recorded ever rests on it.
struct Projection: Sendable {
    /// Workflows of one type whose newest runs ended in one way.
    struct Ending: Hashable, Sendable {
        var type: UInt32
        /// `HistoryEvent.Outcome.Variant`.
        var outcome: UInt8
    }

    /// A run for which events were copied ahead, and that has not begun.
    struct Unbegun: Hashable, Sendable {
        var workflowID: String
        var runID: String
    }

    /// Workflows that are remembered because their events make no sense, or their ends ask for
    /// something; more are too many for a table.
    static let remembered = 1 << 20
    /// Names of types; of more, runs have none here.
    static let typesMax = 1 << 16

    var runs = OpenRunTable()
    /// Workflows whose newest runs have ended.
    var ended: EndedRuns
    /// Timers of a run beside the one that it keeps itself, by the run's number: when each fires.
    var moreTimers: [Int: [UInt32: Int64]] = [:]
    /// Runs that have not begun, by their numbers: so many of their events were copied ahead, and
    /// the run is as good as not there until there are more. What says so is in the same stream, so
    /// it does not matter in which order streams come.
    var unbegun: [Int: UInt32] = [:]
    /// `ID/RUN` of runs whose ends ask for something that was not done.
    var debts: Set<String> = []
    /// Workflows of which nothing is known for certain.
    var doubtful: Set<String> = []
    private(set) var types: [String] = []
    private var typeNumbers: [String: UInt32] = [:]
    /// The name that was asked for last, and its number: runs of a type are often together.
    private var lastType: (name: [UInt8], number: UInt32)?
    /// Never counts how a run ended that another of its chain followed.
    var endings: [Ending: Int] = [:]
    /// Ids were used again, and how their runs before had ended was not recorded then.
    var hasUnknownEndings = false
    /// Runs that had ended were removed since, and are counted all the same.
    var hasOldEndings = false
    /// Of all events.
    var newestTime: Int64 = 0
    /// All events before this position are in.
    var end: UInt64 = 0
    /// More is to be remembered than it may: it is of no use.
    private(set) var isOverfull = false

    /// What the next events are about.
    private enum Subject {
        case nothing
        case run(number: Int)
        /// A run that is not in the table.
        case unknownRun
        case workflow
    }

    private var subject = Subject.nothing
    /// A workflow id, unless the subject is a run of the table.
    private var id: [UInt8] = []
    /// Of an unknown run.
    private var runID: [UInt8] = []

    /// - Parameter endedMost: more workflows that have ended are not kept.
    init(endedMost: Int = Self.remembered) { ended = EndedRuns(most: endedMost) }

    // MARK: Taking events in

    /// The next events are of this stream.
    /// - Returns: whether they matter.
    mutating func begin(_ stream: RawSpan) -> Bool {
        guard let name = StreamParts(stream) else {
            subject = .nothing
            return false
        }
        let id = stream.extracting(name.id)
        if let range = name.run {
            let run = stream.extracting(range)
            if let number = runs.find(id, run) {
                subject = .run(number: number)
                return true
            }
            subject = .unknownRun
            runID.removeAll(keepingCapacity: true)
            runID.append(run)
        } else {
            subject = .workflow
        }
        self.id.removeAll(keepingCapacity: true)
        self.id.append(id)
        return true
    }

    /// Takes an event of that stream in.
    /// - Parameter version: how many the stream has had.
    mutating func take(version: UInt64, _ metadata: RawSpan) {
        switch subject {
        case .nothing: break
        case .run(let number): take(metadata, number)
        case .unknownRun: beginRun(metadata)
        case .workflow: record(version, metadata)
        }
    }

    private mutating func beginRun(_ metadata: RawSpan) {
        let (id, run) = (id, runID)
        guard let event = HistoryGlance(metadata) else { return doubt(id) }
        var new = OpenRun()
        // What comes first of a run that is not known says nothing of what was before.
        new.isInDoubt = event.kind != EventKind.runStarted.rawValue
        guard event.kind != EventKind.runClosed.rawValue else { return }
        new.type = type(metadata.extracting(event.type))
        let number = id.withRawSpan { id in
            run.withRawSpan { runs.insert(id, $0, new, labels: new.isInDoubt ? nil : event.labels) }
        }
        guard let number else { return doubt(id) }
        subject = .run(number: number)
        take(event, number)
    }

    private mutating func take(_ metadata: RawSpan, _ number: Int) {
        guard let event = HistoryGlance(metadata) else {
            runs[number].isInDoubt = true
            return
        }
        take(event, number)
    }

    private mutating func take(_ event: HistoryGlance, _ number: Int) {
        newestTime = max(newestTime, event.time)
        guard runs[number].apply(event) else { return close(event, number) }
        if !unbegun.isEmpty, let ahead = unbegun[number], event.id > UInt64(ahead) {
            unbegun[number] = nil
        }
        switch EventKind(rawValue: event.kind) {
        case .runStarted where event.copiedAhead >= event.id:
            unbegun[number] = UInt32(clamping: event.copiedAhead)
        case .timerStarted:
            guard let instant = event.instant else {
                runs[number].isInDoubt = true
                return
            }
            addTimer(UInt32(clamping: event.id), fireAt: instant, number)
        case .timerFired, .timerCancelled:
            removeTimer(UInt32(clamping: event.subject), number)
        default: break
        }
    }

    private mutating func close(_ event: HistoryGlance, _ number: Int) {
        let type = runs[number].type
        if event.variant != HistoryEvent.Outcome.Variant.continuedAsNew.rawValue,
            let outcome = UInt8(exactly: event.variant)
        {
            endings[Ending(type: type, outcome: outcome), default: 0] += 1
        }
        subject = .unknownRun
        id = runs.id(number)
        runID = runs.runID(number)
        remove(number)
    }

    /// A run is open no more.
    mutating func remove(_ number: Int) {
        if !moreTimers.isEmpty { moreTimers[number] = nil }
        if !unbegun.isEmpty { unbegun[number] = nil }
        runs.remove(number)
    }

    /// A stream has lost its first events, this many, since what is known of it was known.
    mutating func lost(_ stream: RawSpan, _ count: UInt64) {
        guard let name = StreamParts(stream) else { return }
        hasOldEndings = true
        let id = stream.extracting(name.id)
        guard let range = name.run else { return ended.lost(id, count) }
        guard let number = runs.find(id, stream.extracting(range)) else { return }
        if count < UInt64(runs[number].eventCount) {
            runs[number].isInDoubt = true
        } else {
            remove(number)
        }
    }

    private mutating func doubt(_ id: [UInt8]) {
        guard let text = String(validating: id, as: UTF8.self) else { return }
        doubtful.insert(text)
        if doubtful.count > Self.remembered { isOverfull = true }
    }

    // MARK: Timers

    private mutating func addTimer(_ id: UInt32, fireAt: Int64, _ number: Int) {
        if runs[number].timerID == 0 {
            runs[number].timerID = id
            runs[number].timerAt = fireAt
        } else {
            moreTimers[number, default: [:]][id] = fireAt
        }
    }

    private mutating func removeTimer(_ id: UInt32, _ number: Int) {
        if runs[number].timerID == id {
            runs[number].timerID = 0
            runs[number].timerAt = 0
            return
        }
        moreTimers[number]?[id] = nil
        if moreTimers[number]?.isEmpty == true { moreTimers[number] = nil }
    }

    /// When something of a run is due next; `Int64.max`: never.
    func due(_ number: Int, _ run: OpenRun) -> Int64 {
        // Most have none, and are asked for by the million.
        if moreTimers.isEmpty { return run.due }
        return moreTimers[number]?.reduce(run.due) { min($0, $1.value) } ?? run.due
    }

    // MARK: Workflow ids

    private mutating func record(_ version: UInt64, _ metadata: RawSpan) {
        guard let record = IDRecordGlance(metadata) else { return doubt(id) }
        switch record.kind {
        case .deleted:
            // It is looked at until it is gone; the removal of its streams asks for a new table.
            if let debt = debt(metadata, record) { debts.insert(debt) }
            if debts.count > Self.remembered { isOverfull = true }
            // Whether its runs' ends are still in the log is a matter of the moment.
            hasOldEndings = true
            id.withRawSpan { ended.remove($0) }
        case .opened:
            if ended.table.count > 0 { id.withRawSpan { ended.remove($0) } }
            guard version > 1 else { return }
            guard let outcome = record.outcomeBefore.flatMap({ UInt8(exactly: $0) }) else {
                hasUnknownEndings = true
                return
            }
            let variant = HistoryEvent.Outcome.Variant(rawValue: UInt64(outcome))
            guard let variant, variant != .continuedAsNew else { return }
            let type = type(metadata.extracting(record.typeBefore ?? record.type))
            let ending = Ending(type: type, outcome: outcome)
            endings[ending, default: 0] -= 1
            if endings[ending] == 0 { endings[ending] = nil }
        case .closed:
            close(version, record, metadata)
            guard record.isUnsettled, let debt = debt(metadata, record) else { return }
            debts.insert(debt)
            if debts.count > Self.remembered { isOverfull = true }
        case .settled:
            if debts.isEmpty { return }
            if let debt = debt(metadata, record) { debts.remove(debt) }
        // The run's end is not in the log any more, and its successor takes it off.
        case .dropped:
            hasUnknownEndings = true
            id.withRawSpan { isGone($0, metadata.extracting(record.runID)) }
        }
    }

    private mutating func close(
        _ version: UInt64, _ record: IDRecordGlance, _ metadata: RawSpan
    ) {
        guard !ended.isOff else { return }
        // An early version has not recorded how.
        guard let outcome = record.outcome.flatMap({ UInt8(exactly: $0) }) else {
            return ended.turnOff()
        }
        // Another run follows in the same commit.
        if UInt64(outcome) == HistoryEvent.Outcome.Variant.continuedAsNew.rawValue { return }
        let run = EndedRun(
            version: version, runHash: StableHash.hash(metadata.extracting(record.runID)),
            type: type(metadata.extracting(record.type)), outcome: outcome)
        id.withRawSpan { ended.ended($0, run, labels: record.labels) }
    }

    private func debt(_ metadata: RawSpan, _ record: IDRecordGlance) -> String? {
        let run = metadata.extracting(record.runID).copyToArray()
        return String(validating: id + [StreamParts.slash] + run, as: UTF8.self)
    }

    // MARK: Types

    /// The number of a type's name.
    mutating func type(_ name: RawSpan) -> UInt32 {
        if let lastType, lastType.name.withRawSpan({ $0.isEqual(to: name) }) {
            return lastType.number
        }
        let number = type(String(validating: name) ?? "")
        lastType = (name.copyToArray(), number)
        return number
    }

    mutating func type(_ name: String) -> UInt32 {
        if let number = typeNumbers[name] { return number }
        guard types.count < Self.typesMax else {
            isOverfull = true
            return 0
        }
        let number = UInt32(types.count)
        types.append(name)
        typeNumbers[name] = number
        return number
    }
}
