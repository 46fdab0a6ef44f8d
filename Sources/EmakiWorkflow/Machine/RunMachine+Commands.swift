// What code asks for, and what the history says of it.
extension RunMachine {
    /// The events that a command becomes.
    /// - Parameter successor: makes the id of the run that follows, should there be one.
    /// - Throws: a failure of the task if the command makes no sense.
    func body(
        of command: Command, successor: (String) -> String
    ) throws(Failure) -> HistoryEvent.Body {
        switch command {
        case .schedule(let schedule): return .stepScheduled(schedule)
        case .cancelStep(let key):
            return .stepCancelRequested(step: try known(openID(ofStep: key), key))
        case .startTimer(let key, let fireAt): return .timerStarted(key: key, fireAt: fireAt)
        case .cancelTimer(let key):
            return .timerCancelled(timer: try known(openID(ofTimer: key), key))
        case .patch(let id): return .patched(id: id)
        case .completeUpdate(let id, let result): return .updateCompleted(update: id, result)
        case .failUpdate(let id, let failure): return .updateFailed(update: id, failure)
        case .startChild(let child): return .childInitiated(child)
        case .send(let message): return .messageSent(message)
        case .pause(let key, let failure): return .paused(.compensation(key: key, failure))
        case .checkpoint(let state, let patches):
            return .checkpointed(checkpoint(state, patches: patches))
        case .close(let closing): return .closed(outcome(of: closing, successor: successor))
        }
    }

    private func known(_ id: Int?, _ key: String) throws(Failure) -> Int {
        guard let id else {
            throw Failure(
                .misuse, type: "UnknownKey", message: "\(key) is not open, and cannot be cancelled")
        }
        return id
    }

    private func outcome(
        of closing: Command.Closing, successor: (String) -> String
    ) -> HistoryEvent.Outcome {
        switch closing {
        case .completed(let result): .completed(result)
        case .cancelled: .cancelled
        case .continueAsNew: .continuedAsNew(runID: successor(start.runID), nil)
        case .failed(let failure):
            if !isCancelRequested, let retry = start.retry,
                retry.allows(attemptAfter: start.attempt, failure)
            {
                .continuedAsNew(runID: successor(start.runID), failure)
            } else {
                .failed(failure)
            }
        }
    }

    /// Requests that had their effect, for the next run of the id to know; the newest, as far as
    /// they fit into its start.
    var requestsToKeep: [String] {
        var byteCount = 0
        return requests.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
            .prefix { entry in
                byteCount += entry.key.utf8.count + 4
                return byteCount <= Self.keptRequestBytesMax
            }.prefix(Self.keptRequestsMax).map(\.key)
    }

    static let keptRequestBytesMax = 24 << 10
    static let keptRequestsMax = 1_000

    /// How the run after this one begins.
    /// - Parameter closing: what the code said.
    func successor(
        of closing: Command.Closing, runID: String, at now: Int64, chance: Double
    ) -> RunStart {
        var next = start
        next.runID = runID
        next.continuedFrom = start.runID
        next.requestID = ""
        next.origins = []
        next.copiedAhead = 0
        next.earlierRequests = requestsToKeep
        next.seed = StableMix.mix(start.seed ^ 0x5851_f42d_4c95_7f2d)
        next.runDeadline = start.runTimeout.map { now + $0.nanoseconds }
        next.startsAt = nil
        switch closing {
        case .continueAsNew(let type, let input):
            next.workflowType = type
            next.input = input
            next.attempt = 1
        default:
            let wait = start.retry?.interval(afterAttempt: start.attempt, chance: chance) ?? 0
            next.startsAt = now + wait
            next.attempt = start.attempt + 1
            if let startsAt = next.startsAt, let timeout = start.runTimeout {
                next.runDeadline = startsAt + timeout.nanoseconds
            }
        }
        return next
    }
}

/// A mixing function whose values are recorded, and which therefore never changes: SplitMix64.
enum StableMix {
    static func mix(_ number: UInt64) -> UInt64 {
        var z = number &+ 0x9e37_79b9_7f4a_7c15
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A number from 0 up to 1.
    static func fraction(_ number: UInt64) -> Double { Double(mix(number) >> 11) * 0x1p-53 }
}
