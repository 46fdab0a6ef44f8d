/// How a history event is stored in the log.
///
/// The log's event type is the kind's name, for people. The event's metadata starts with the fields
/// kind (1), event id (2), time (3) and, for what code has seen, the number of commands plus one
/// (4), and for what follows a checkpoint that one's event id (6); the kind's own fields follow
/// from 16 on. The log's payload is the event's payload, if it has one, as it is; the payload's
/// metadata are in field 5.
///
/// Numbers of kinds and fields are never used again for anything else. `Docs/workflows.md` has the
/// table.
struct StoredEvent: Sendable, Equatable {
    var type: String
    var metadata: [UInt8]
    var payload: [UInt8]
}

enum EventKind: UInt64, CaseIterable {
    case runStarted = 1
    case stepScheduled = 2
    case attemptStarted = 3
    case attemptFailed = 4
    case heartbeat = 5
    case stepCompleted = 6
    case stepFailed = 7
    case stepCancelRequested = 8
    case timerStarted = 9
    case timerFired = 10
    case timerCancelled = 11
    case signalReceived = 12
    case updateAccepted = 13
    case updateCompleted = 14
    case updateFailed = 15
    case cancelRequested = 16
    case patched = 17
    case childInitiated = 18
    case childStarted = 19
    case childClosed = 20
    case messageSent = 21
    case messageAnswered = 22
    case taskFailed = 23
    case paused = 24
    case resumed = 25
    case runClosed = 26
    case activated = 27
    case attemptHandedOver = 28
    case versionAdopted = 29
    case checkpointed = 30
    case attemptBegan = 31

    /// The log's event type.
    var typeName: String {
        switch self {
        case .runStarted: "RunStarted"
        case .stepScheduled: "StepScheduled"
        case .attemptStarted: "AttemptStarted"
        case .attemptFailed: "AttemptFailed"
        case .heartbeat: "HeartbeatRecorded"
        case .stepCompleted: "StepCompleted"
        case .stepFailed: "StepFailed"
        case .stepCancelRequested: "StepCancelRequested"
        case .timerStarted: "TimerStarted"
        case .timerFired: "TimerFired"
        case .timerCancelled: "TimerCancelled"
        case .signalReceived: "SignalReceived"
        case .updateAccepted: "UpdateAccepted"
        case .updateCompleted: "UpdateCompleted"
        case .updateFailed: "UpdateFailed"
        case .cancelRequested: "CancelRequested"
        case .patched: "Patched"
        case .childInitiated: "ChildInitiated"
        case .childStarted: "ChildStarted"
        case .childClosed: "ChildClosed"
        case .messageSent: "MessageSent"
        case .messageAnswered: "MessageAnswered"
        case .taskFailed: "TaskFailed"
        case .paused: "RunPaused"
        case .resumed: "RunResumed"
        case .runClosed: "RunClosed"
        case .activated: "Activated"
        case .attemptHandedOver: "AttemptHandedOver"
        case .versionAdopted: "VersionAdopted"
        case .checkpointed: "Checkpointed"
        case .attemptBegan: "AttemptBegan"
        }
    }
}

/// Numbers of the fields that every event has.
enum CommonField {
    static let kind: UInt64 = 1
    static let id: UInt64 = 2
    static let time: UInt64 = 3
    static let commandCount: UInt64 = 4
    static let payloadMetadata: UInt64 = 5
    static let frame: UInt64 = 6
}

extension HistoryEvent {
    func stored() -> StoredEvent {
        let kind = body.kind
        var fields = FieldWriter()
        fields.put(CommonField.kind, kind.rawValue)
        fields.put(CommonField.id, UInt64(id))
        fields.put(CommonField.time, signed: time)
        if let commandCount { fields.put(CommonField.commandCount, UInt64(commandCount + 1)) }
        let payload = body.payload
        if let payload, !payload.metadata.isEmpty {
            fields.put(CommonField.payloadMetadata, payload.metadata)
        }
        if frame > 0 { fields.put(CommonField.frame, UInt64(frame)) }
        body.encode(into: &fields)
        return StoredEvent(
            type: kind.typeName, metadata: fields.bytes, payload: payload?.bytes ?? [])
    }

    init(stored event: StoredEvent) throws(HistoryError) {
        let fields = try FieldReader(event.metadata)
        let number = try fields.need(fields.number(CommonField.kind), "the kind")
        guard let kind = EventKind(rawValue: number) else { throw .unknownKind(number) }
        id = try fields.need(fields.int(CommonField.id), "the event's id")
        time = try fields.need(fields.instant(CommonField.time), "the time")
        commandCount = fields.int(CommonField.commandCount).flatMap { $0 > 0 ? $0 - 1 : nil }
        let payload = Payload(
            event.payload, metadata: try fields.map(CommonField.payloadMetadata))
        body = try Body(kind, fields, payload)
        frame = fields.int(CommonField.frame) ?? 0
    }

    /// Reads an event as a store keeps it.
    /// - Throws: `HistoryError` for bytes that make no sense, or an event of a newer version.
    public init(metadata: [UInt8], payload: [UInt8]) throws(HistoryError) {
        try self.init(stored: StoredEvent(type: "", metadata: metadata, payload: payload))
    }
}
