/// Numbers of the fields of the kinds. See `HistoryCoding.swift`.
enum EventField {
    /// The event that this one is about: the scheduled step, the timer, the update, the child.
    static let subject: UInt64 = 16
    static let attempt: UInt64 = 17
    static let failure: UInt64 = 18
    static let instant: UInt64 = 19
    static let key: UInt64 = 20
    static let name: UInt64 = 21
    static let requestID: UInt64 = 22
    static let reason: UInt64 = 23
    static let variant: UInt64 = 24
    static let runID: UInt64 = 25
    static let workflowID: UInt64 = 26
    static let options: UInt64 = 27
    static let hash: UInt64 = 28
    static let compensation: UInt64 = 29
    static let compensates: UInt64 = 30
    static let list: UInt64 = 31
    static let workflowType: UInt64 = 32
    static let cancellation: UInt64 = 33
    static let detailsMetadata: UInt64 = 34
    static let owner: UInt64 = 35
    static let isGated: UInt64 = 60
    static let idUse: UInt64 = 61
}

extension HistoryEvent.Body {
    var kind: EventKind {
        switch self {
        case .started: .runStarted
        case .stepScheduled: .stepScheduled
        case .attemptStarted: .attemptStarted
        case .attemptHandedOver: .attemptHandedOver
        case .attemptBegan: .attemptBegan
        case .attemptFailed: .attemptFailed
        case .heartbeat: .heartbeat
        case .stepCompleted: .stepCompleted
        case .stepFailed: .stepFailed
        case .stepCancelRequested: .stepCancelRequested
        case .timerStarted: .timerStarted
        case .timerFired: .timerFired
        case .timerCancelled: .timerCancelled
        case .signalReceived: .signalReceived
        case .updateAccepted: .updateAccepted
        case .updateCompleted: .updateCompleted
        case .updateFailed: .updateFailed
        case .cancelRequested: .cancelRequested
        case .patched: .patched
        case .childInitiated: .childInitiated
        case .childStarted: .childStarted
        case .childClosed: .childClosed
        case .messageSent: .messageSent
        case .messageAnswered: .messageAnswered
        case .taskFailed: .taskFailed
        case .paused: .paused
        case .resumed: .resumed
        case .versionAdopted: .versionAdopted
        case .activated: .activated
        case .checkpointed: .checkpointed
        case .closed: .runClosed
        }
    }

    /// What goes into the log's payload.
    var payload: Payload? {
        switch self {
        case .started(let start): start.input
        case .stepScheduled(let step): step.input
        case .heartbeat(_, _, let details): details
        case .stepCompleted(_, _, let result): result
        case .signalReceived(let message), .updateAccepted(let message): message.input
        case .updateCompleted(_, let result): result
        case .checkpointed(let checkpoint): checkpoint.state
        case .childInitiated(let child): child.input
        case .messageSent(let message): message.input
        case .childClosed(_, .completed(let result)), .closed(.completed(let result)): result
        default: nil
        }
    }

    func encode(into fields: inout FieldWriter) {
        switch self {
        case .started(let start): start.encode(into: &fields)
        case .stepScheduled(let step): step.encode(into: &fields)
        case .attemptStarted(let step, let attempt), .heartbeat(let step, let attempt, _),
            .stepCompleted(let step, let attempt, _):
            fields.put(EventField.subject, UInt64(step))
            fields.put(EventField.attempt, UInt64(attempt))
        case .attemptBegan(let step, let attempt, let owner),
            .attemptHandedOver(let step, let attempt, let owner):
            fields.put(EventField.subject, UInt64(step))
            fields.put(EventField.attempt, UInt64(attempt))
            fields.put(EventField.owner, owner)
        case .attemptFailed(let step, let attempt, let failure, let retryAt):
            fields.put(EventField.subject, UInt64(step))
            fields.put(EventField.attempt, UInt64(attempt))
            fields.put(EventField.failure, failure.encoded)
            if let retryAt { fields.put(EventField.instant, signed: retryAt) }
        case .stepFailed(let step, let attempt, let failure):
            fields.put(EventField.subject, UInt64(step))
            fields.put(EventField.attempt, UInt64(attempt))
            fields.put(EventField.failure, failure.encoded)
        case .stepCancelRequested(let subject), .timerFired(let subject),
            .timerCancelled(let subject), .updateCompleted(let subject, _),
            .activated(let subject):
            fields.put(EventField.subject, UInt64(subject))
        case .timerStarted(let key, let fireAt):
            fields.put(EventField.instant, signed: fireAt)
            fields.put(EventField.key, key)
        case .signalReceived(let message), .updateAccepted(let message):
            fields.put(EventField.name, message.name)
            fields.put(EventField.requestID, notEmpty: message.requestID)
        case .updateFailed(let update, let failure):
            fields.put(EventField.subject, UInt64(update))
            fields.put(EventField.failure, failure.encoded)
        case .cancelRequested(let requestID, let reason):
            fields.put(EventField.requestID, notEmpty: requestID)
            fields.put(EventField.reason, notEmpty: reason)
        default: encodeRest(into: &fields)
        }
    }

    private func encodeRest(into fields: inout FieldWriter) {
        switch self {
        case .patched(let name), .versionAdopted(let name): fields.put(EventField.name, name)
        case .childInitiated(let child):
            fields.put(EventField.key, child.key)
            fields.put(EventField.variant, UInt64(child.closePolicy.rawValue))
            fields.put(EventField.workflowID, child.workflowID)
            fields.put(EventField.options, child.options.encoded)
            fields.put(EventField.workflowType, child.workflowType)
            fields.put(EventField.cancellation, UInt64(child.cancellation.rawValue))
            if child.idUse != .again {
                fields.put(EventField.idUse, UInt64(child.idUse.rawValue))
            }
        case .childStarted(let child, let runID):
            fields.put(EventField.subject, UInt64(child))
            fields.put(EventField.runID, runID)
        case .childClosed(let child, let outcome):
            fields.put(EventField.subject, UInt64(child))
            outcome.encode(into: &fields)
        case .messageSent(let message):
            fields.put(EventField.key, message.key)
            fields.put(EventField.name, notEmpty: message.name)
            fields.put(EventField.variant, UInt64(message.kind.rawValue))
            fields.put(EventField.workflowID, message.workflowID)
        case .messageAnswered(let message, let failure):
            fields.put(EventField.subject, UInt64(message))
            if let failure { fields.put(EventField.failure, failure.encoded) }
        case .taskFailed(let failure): fields.put(EventField.failure, failure.encoded)
        case .paused(let reason): reason.encode(into: &fields)
        case .resumed(let resumption): resumption.encode(into: &fields)
        case .closed(let outcome): outcome.encode(into: &fields)
        case .checkpointed(let checkpoint): checkpoint.encode(into: &fields)
        default: break
        }
    }
}

extension HistoryEvent.Outcome {
    enum Variant: UInt64, CaseIterable {
        case completed = 1
        case failed = 2
        case cancelled = 3
        case terminated = 4
        case timedOut = 5
        case continuedAsNew = 6
    }

    var variant: Variant {
        switch self {
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        case .terminated: .terminated
        case .timedOut: .timedOut
        case .continuedAsNew: .continuedAsNew
        }
    }

    /// Why, where an error is the reason.
    var failure: Failure? {
        switch self {
        case .failed(let failure): failure
        case .continuedAsNew(_, let failure): failure
        default: nil
        }
    }

    /// Keys of steps that might have been undone, and were not.
    var uncompensated: [String] {
        switch self {
        case .terminated(_, let left), .timedOut(let left): left
        default: []
        }
    }

    fileprivate func encode(into fields: inout FieldWriter) {
        if let failure { fields.put(EventField.failure, failure.encoded) }
        if case .terminated(let reason, _) = self { fields.put(EventField.reason, reason) }
        fields.put(EventField.variant, variant.rawValue)
        if case .continuedAsNew(let runID, _) = self { fields.put(EventField.runID, runID) }
        for key in uncompensated { fields.put(EventField.list, key) }
    }
}

extension PauseReason {
    fileprivate func encode(into fields: inout FieldWriter) {
        switch self {
        case .requested(let reason):
            fields.put(EventField.reason, reason)
            fields.put(EventField.variant, 1)
        case .taskFailures(let failure):
            fields.put(EventField.failure, failure.encoded)
            fields.put(EventField.variant, 2)
        case .compensation(let key, let failure):
            fields.put(EventField.failure, failure.encoded)
            fields.put(EventField.key, key)
            fields.put(EventField.variant, 3)
        case .quarantined(let failure):
            fields.put(EventField.failure, failure.encoded)
            fields.put(EventField.variant, 4)
        }
    }
}

extension Resumption {
    fileprivate func encode(into fields: inout FieldWriter) {
        switch self {
        case .plain: fields.put(EventField.variant, 1)
        case .retryCompensation(let key):
            fields.put(EventField.key, key)
            fields.put(EventField.variant, 2)
        case .skipCompensation(let key, let reason):
            fields.put(EventField.key, key)
            fields.put(EventField.reason, reason)
            fields.put(EventField.variant, 3)
        }
    }
}
