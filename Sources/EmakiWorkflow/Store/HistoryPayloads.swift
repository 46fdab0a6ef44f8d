/// Every payload of the histories in a store, for those who keep what payloads refer to.
package enum HistoryPayloads {
    private static let pageEvents = 256

    /// Calls the body with each payload of each event of each run that is stored, also of what was
    /// copied for a run that has not begun: it may do so at any moment.
    /// - Throws: what reading and the body throw; an error that names an event that makes no sense.
    package static func forEach(
        in store: any HistoryStore, _ body: (Payload) throws -> Void
    ) async throws {
        var pages = StreamPages(prefix: StreamName.runPrefix)
        while true {
            let streams = try await pages.next(in: store)
            if streams.isEmpty { return }
            for stream in streams { try await forEach(of: stream, in: store, body) }
        }
    }

    private static func forEach(
        of stream: String, in store: any HistoryStore, _ body: (Payload) throws -> Void
    ) async throws {
        var next = 0
        while true {
            let page = try await store.read(stream, from: next, limit: pageEvents)
            for stored in page.events {
                let event = try HistoryEvent(metadata: stored.metadata, payload: stored.payload)
                for payload in event.body.payloads { try body(payload) }
            }
            if page.isLast || page.events.isEmpty { return }
            next = page.next ?? next + page.events.count
        }
    }
}

extension HistoryEvent.Body {
    /// All payloads in it, wherever: one that is overlooked here would be lost where it is kept
    /// apart from its event.
    package var payloads: [Payload] {
        var all = payload.map { [$0] } ?? []
        switch self {
        case .attemptFailed(_, _, let failure, _), .stepFailed(_, _, let failure),
            .updateFailed(_, let failure), .taskFailed(let failure),
            .messageAnswered(_, let failure?):
            all += failure.payloads
        case .childClosed(_, let outcome), .closed(let outcome): all += outcome.failurePayloads
        case .paused(let reason): all += reason.payloads
        case .checkpointed(let checkpoint):
            all += checkpoint.answers.flatMap(\.body.payloads)
            all += checkpoint.children.map(\.start.input)
        case .started, .stepScheduled, .attemptStarted, .attemptBegan, .attemptHandedOver,
            .heartbeat, .stepCompleted, .stepCancelRequested, .timerStarted, .timerFired,
            .timerCancelled, .signalReceived, .updateAccepted, .updateCompleted,
            .cancelRequested, .patched, .childInitiated, .childStarted, .messageSent,
            .messageAnswered, .resumed, .versionAdopted, .activated:
            break
        }
        return all
    }
}

extension Failure {
    fileprivate var payloads: [Payload] { details.map { [$0] } ?? [] }
}

extension HistoryEvent.Outcome {
    /// Beside its result.
    fileprivate var failurePayloads: [Payload] {
        switch self {
        case .failed(let failure), .continuedAsNew(_, let failure?): failure.payloads
        case .completed, .cancelled, .terminated, .timedOut, .continuedAsNew: []
        }
    }
}

extension PauseReason {
    fileprivate var payloads: [Payload] {
        switch self {
        case .taskFailures(let failure), .compensation(_, let failure),
            .quarantined(let failure):
            failure.payloads
        case .requested: []
        }
    }
}
