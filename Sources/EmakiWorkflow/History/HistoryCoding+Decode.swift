extension HistoryEvent.Body {
    init(_ kind: EventKind, _ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        func subject() throws(HistoryError) -> Int {
            try fields.need(fields.int(EventField.subject), "what the event is about")
        }
        func attempt() throws(HistoryError) -> Int {
            try fields.need(fields.int(EventField.attempt), "the attempt")
        }
        func owner() -> UInt64 { fields.number(EventField.owner) ?? 0 }
        func failure() throws(HistoryError) -> Failure {
            try fields.need(Failure(in: fields), "the failure")
        }
        switch kind {
        case .runStarted: self = .started(try RunStart(fields, payload))
        case .stepScheduled: self = .stepScheduled(try StepSchedule(fields, payload))
        case .attemptStarted: self = .attemptStarted(step: try subject(), attempt: try attempt())
        case .attemptBegan:
            self = .attemptBegan(step: try subject(), attempt: try attempt(), by: owner())
        case .attemptFailed:
            self = .attemptFailed(
                step: try subject(), attempt: try attempt(), try failure(),
                retryAt: fields.instant(EventField.instant))
        case .heartbeat:
            self = .heartbeat(step: try subject(), attempt: try attempt(), payload)
        case .stepCompleted:
            self = .stepCompleted(step: try subject(), attempt: try attempt(), payload)
        case .stepFailed:
            self = .stepFailed(step: try subject(), attempt: try attempt(), try failure())
        case .stepCancelRequested: self = .stepCancelRequested(step: try subject())
        case .timerStarted:
            self = .timerStarted(
                key: try fields.need(fields.text(EventField.key), "the timer's key"),
                fireAt: try fields.need(fields.instant(EventField.instant), "the instant"))
        case .attemptHandedOver:
            self = .attemptHandedOver(step: try subject(), attempt: try attempt(), by: owner())
        case .timerFired: self = .timerFired(timer: try subject())
        case .timerCancelled: self = .timerCancelled(timer: try subject())
        case .signalReceived: self = .signalReceived(try Message(fields, payload))
        case .updateAccepted: self = .updateAccepted(try Message(fields, payload))
        case .updateCompleted: self = .updateCompleted(update: try subject(), payload)
        case .updateFailed: self = .updateFailed(update: try subject(), try failure())
        case .cancelRequested:
            self = .cancelRequested(
                requestID: try fields.text(EventField.requestID) ?? "",
                reason: try fields.text(EventField.reason) ?? "")
        case .patched:
            self = .patched(id: try fields.need(fields.text(EventField.name), "the patch"))
        default: self = try Self.rest(kind, fields, payload, subject: subject)
        }
    }

    private static func rest(
        _ kind: EventKind, _ fields: FieldReader, _ payload: Payload,
        subject: () throws(HistoryError) -> Int
    ) throws(HistoryError) -> Self {
        switch kind {
        case .childInitiated: .childInitiated(try ChildStart(fields, payload))
        case .childStarted:
            .childStarted(
                child: try subject(),
                runID: try fields.need(fields.text(EventField.runID), "the run"))
        case .childClosed:
            .childClosed(child: try subject(), try HistoryEvent.Outcome(fields, payload))
        case .messageSent: .messageSent(try SentMessage(fields, payload))
        case .messageAnswered:
            .messageAnswered(message: try subject(), try Failure(in: fields))
        case .taskFailed:
            .taskFailed(try fields.need(Failure(in: fields), "the failure"))
        case .paused: .paused(try PauseReason(fields))
        case .resumed: .resumed(try Resumption(fields))
        case .versionAdopted:
            .versionAdopted(try fields.need(fields.text(EventField.name), "the version"))
        case .activated: .activated(event: try subject())
        case .runClosed: .closed(try HistoryEvent.Outcome(fields, payload))
        case .checkpointed: .checkpointed(try RunCheckpoint(fields, payload))
        default: throw .unknownKind(kind.rawValue)
        }
    }
}

extension HistoryEvent.Outcome {
    fileprivate init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        switch fields.number(EventField.variant).flatMap(Variant.init(rawValue:)) {
        case .completed: self = .completed(payload)
        case .failed: self = .failed(try fields.need(Failure(in: fields), "the failure"))
        case .cancelled: self = .cancelled
        case .terminated:
            self = .terminated(
                reason: try fields.text(EventField.reason) ?? "",
                uncompensated: Self.list(fields))
        case .timedOut: self = .timedOut(uncompensated: Self.list(fields))
        case .continuedAsNew:
            self = .continuedAsNew(
                runID: try fields.need(fields.text(EventField.runID), "the next run"),
                try Failure(in: fields))
        case nil: throw .malformed("an outcome")
        }
    }
}

extension HistoryEvent.Outcome {
    private static func list(_ fields: FieldReader) -> [String] {
        fields.contents(EventField.list).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Message {
    fileprivate init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        name = try fields.need(fields.text(EventField.name), "the message's name")
        requestID = try fields.text(EventField.requestID) ?? ""
        input = payload
    }
}

extension SentMessage {
    fileprivate init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        key = try fields.need(fields.text(EventField.key), "the message's key")
        let variant = fields.number(EventField.variant).flatMap { UInt8(exactly: $0) }
        kind = try fields.need(variant.flatMap(Kind.init(rawValue:)), "the kind of message")
        workflowID = try fields.need(fields.text(EventField.workflowID), "the workflow")
        name = try fields.text(EventField.name) ?? ""
        input = payload
    }
}

extension PauseReason {
    fileprivate init(_ fields: FieldReader) throws(HistoryError) {
        switch fields.number(EventField.variant) {
        case 1: self = .requested(try fields.text(EventField.reason) ?? "")
        case 2: self = .taskFailures(try fields.need(Failure(in: fields), "the failure"))
        case 3:
            self = .compensation(
                key: try fields.need(fields.text(EventField.key), "the step's key"),
                try fields.need(Failure(in: fields), "the failure"))
        case 4: self = .quarantined(try fields.need(Failure(in: fields), "the failure"))
        default: throw .malformed("a reason to pause")
        }
    }
}

extension Resumption {
    fileprivate init(_ fields: FieldReader) throws(HistoryError) {
        switch fields.number(EventField.variant) {
        case 1: self = .plain
        case 2:
            self = .retryCompensation(
                key: try fields.need(fields.text(EventField.key), "the step's key"))
        case 3:
            self = .skipCompensation(
                key: try fields.need(fields.text(EventField.key), "the step's key"),
                reason: try fields.text(EventField.reason) ?? "")
        default: throw .malformed("a resumption")
        }
    }
}
