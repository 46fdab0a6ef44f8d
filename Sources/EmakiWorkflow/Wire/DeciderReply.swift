/// What a decider that is elsewhere answers. See `DeciderRequest`.
public enum DeciderReply: Sendable {
    /// To `begin` and `evict`.
    case done
    /// To `activate`.
    case decision(Decision)
    /// To `validate`: nil if the message is accepted.
    case verdict(Failure?)
    /// To `uncompensated`.
    case keys([String])
    /// To `query`.
    case answer(Payload)
    /// To a query that throws, and to anything that could not be done.
    case failure(Failure)

    /// The wire form.
    public var encoded: [UInt8] {
        var fields = FieldWriter()
        fields.put(1, DeciderRequest.version)
        switch self {
        case .done: fields.put(2, 1)
        case .decision(let decision):
            fields.put(2, 2)
            for command in decision.commands { fields.put(4, command.wire) }
            fields.put(5, ifTrue: decision.hasReturned)
            for line in decision.lines { fields.put(8, line.wire) }
            if !decision.places.isEmpty { fields.put(9, SourcePlace.wire(decision.places)) }
            if let failure = decision.taskFailure {
                fields.put(EventField.failure, failure.encoded)
            }
        case .verdict(let failure):
            fields.put(2, 3)
            if let failure { fields.put(EventField.failure, failure.encoded) }
        case .keys(let keys):
            fields.put(2, 4)
            for key in keys { fields.put(6, key) }
        case .answer(let payload):
            fields.put(2, 5)
            fields.put(
                7,
                HistoryEvent.wire(
                    .signalReceived(Message(name: "", requestID: "", input: payload))))
        case .failure(let failure):
            fields.put(2, 6)
            fields.put(EventField.failure, failure.encoded)
        }
        return fields.bytes
    }

    /// Reads the wire form.
    /// - Throws: `HistoryError` for bytes that make no sense, or of another version.
    public init(_ bytes: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(bytes)
        try fields.checkVersion()
        switch fields.number(2) {
        case 1: self = .done
        case 2:
            var decision = Decision()
            for content in fields.contents(4) { decision.commands.append(try Command(content)) }
            decision.hasReturned = fields.flag(5)
            // Who is at the other end may know of no limits. One more is what says how many were
            // left out there.
            var log = WorkflowLog(countMax: WorkflowLogLine.countMax + 1)
            for content in fields.contents(8) { log.write(try WorkflowLogLine(content).bounded) }
            decision.lines = log.lines
            if let content = fields.content(9) {
                decision.places = try SourcePlace.places(content)
            }
            decision.taskFailure = try Failure(in: fields)
            self = .decision(decision)
        case 3: self = .verdict(try Failure(in: fields))
        case 4: self = .keys(try fields.texts(6))
        case 5:
            guard case .signalReceived(let message) = try fields.event(7).body else {
                throw .malformed("an answer")
            }
            self = .answer(message.input)
        case 6: self = .failure(try fields.need(Failure(in: fields), "the failure"))
        default: throw .malformed("a reply")
        }
    }
}

extension WorkflowLogLine {
    fileprivate var wire: [UInt8] {
        var fields = FieldWriter()
        fields.put(1, UInt64(level.rawValue))
        fields.put(2, message)
        fields.put(3, metadata)
        fields.put(4, signed: time)
        return fields.bytes
    }

    fileprivate init(_ bytes: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(bytes)
        let number = try fields.need(fields.number(1), "a line's level")
        // One of a newer version matters no less than those that are known here.
        let level = WorkflowLogLevel(rawValue: UInt8(clamping: number)) ?? .critical
        self.init(
            level: level,
            message: try fields.need(fields.text(2), "a line"), metadata: try fields.map(3),
            time: try fields.need(fields.instant(4), "a line's time"))
    }
}

extension SourcePlace {
    /// A field for each place, empty for one that is not known.
    fileprivate static func wire(_ places: [SourcePlace?]) -> [UInt8] {
        var fields = FieldWriter()
        for place in places {
            var parts = FieldWriter()
            if let place {
                parts.put(1, place.file)
                parts.put(2, UInt64(place.line))
            }
            fields.put(1, parts.bytes)
        }
        return fields.bytes
    }

    fileprivate static func places(_ bytes: [UInt8]) throws(HistoryError) -> [SourcePlace?] {
        var places: [SourcePlace?] = []
        for content in try FieldReader(bytes).contents(1) {
            places.append(content.isEmpty ? nil : try SourcePlace(content))
        }
        return places
    }

    private init(_ bytes: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(bytes)
        self.init(
            file: try fields.need(fields.text(1), "a file's name"),
            line: try fields.need(
                fields.number(2).flatMap { UInt32(exactly: $0) }, "a line's number"))
    }
}

extension Command {
    /// Most commands become events, and have the events' form; those that name what they take back
    /// by its identity have that.
    fileprivate var wire: [UInt8] {
        var fields = FieldWriter()
        switch self {
        case .cancelStep(let key):
            fields.put(1, 1)
            fields.put(2, key)
        case .cancelTimer(let key):
            fields.put(1, 2)
            fields.put(2, key)
        case .close(.continueAsNew(let type, let input)):
            fields.put(1, 3)
            fields.put(2, type)
            fields.put(
                3,
                HistoryEvent.wire(
                    .signalReceived(Message(name: "", requestID: "", input: input))))
        default:
            fields.put(1, 4)
            fields.put(3, HistoryEvent.wire(body))
        }
        return fields.bytes
    }

    /// Of what is neither `cancel…` nor `continueAsNew`.
    private var body: HistoryEvent.Body {
        switch self {
        case .schedule(let step): .stepScheduled(step)
        case .startTimer(let key, let fireAt): .timerStarted(key: key, fireAt: fireAt)
        case .patch(let id): .patched(id: id)
        case .completeUpdate(let id, let payload): .updateCompleted(update: id, payload)
        case .failUpdate(let id, let failure): .updateFailed(update: id, failure)
        case .startChild(let child): .childInitiated(child)
        case .send(let message): .messageSent(message)
        case .pause(let key, let failure): .paused(.compensation(key: key, failure))
        case .checkpoint(let state, let patches):
            .checkpointed(RunCheckpoint(epoch: 0, state: state, patches: patches))
        case .close(.completed(let payload)): .closed(.completed(payload))
        case .close(.failed(let failure)): .closed(.failed(failure))
        case .close, .cancelStep, .cancelTimer: .closed(.cancelled)
        }
    }

    fileprivate init(_ bytes: [UInt8]) throws(HistoryError) {
        let fields = try FieldReader(bytes)
        switch fields.number(1) {
        case 1: self = .cancelStep(key: try fields.need(fields.text(2), "a key"))
        case 2: self = .cancelTimer(key: try fields.need(fields.text(2), "a key"))
        case 3:
            guard case .signalReceived(let message) = try fields.event(3).body else {
                throw .malformed("an input")
            }
            self = .close(
                .continueAsNew(
                    workflowType: try fields.need(fields.text(2), "a workflow's type"),
                    message.input))
        case 4: self = try Command(try fields.event(3).body)
        default: throw .malformed("a command")
        }
    }

    private init(_ body: HistoryEvent.Body) throws(HistoryError) {
        switch body {
        case .stepScheduled(let step): self = .schedule(step)
        case .timerStarted(let key, let fireAt): self = .startTimer(key: key, fireAt: fireAt)
        case .patched(let id): self = .patch(id: id)
        case .updateCompleted(let id, let payload): self = .completeUpdate(id, payload)
        case .updateFailed(let id, let failure): self = .failUpdate(id, failure)
        case .childInitiated(let child): self = .startChild(child)
        case .messageSent(let message): self = .send(message)
        case .paused(.compensation(let key, let failure)):
            self = .pause(compensation: key, failure)
        case .checkpointed(let checkpoint):
            self = .checkpoint(checkpoint.state, patches: checkpoint.patches)
        case .closed(.completed(let payload)): self = .close(.completed(payload))
        case .closed(.failed(let failure)): self = .close(.failed(failure))
        case .closed(.cancelled): self = .close(.cancelled)
        default: throw .malformed("an event that is no command")
        }
    }
}
