import EmakiPlatform

/// The first of several outcomes; nil: the process ended. Others are late.
package final class FirstOutcome<R: Sendable>: Sendable {
    package typealias Outcome = Result<R, any Error>?
    private let lock = Lock()
    private let given = Guarded<Outcome?>(nil)
    private let waiting = Guarded<CheckedContinuation<Outcome, Never>?>(nil)

    package init() {}

    package func give(_ outcome: Outcome) {
        let continuation = lock.withLock { () -> CheckedContinuation<Outcome, Never>? in
            guard given.value == nil else { return nil }
            given.value = .some(outcome)
            defer { waiting.value = nil }
            return waiting.value
        }
        continuation?.resume(returning: outcome)
    }

    package func value() async -> Outcome {
        await withCheckedContinuation { continuation in
            let outcome = lock.withLock { () -> Outcome? in
                if given.value == nil { waiting.value = continuation }
                return given.value
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }
}
