import EmakiPlatform
import EmakiWorkflow

/// A clock for tests: it stands still, and jumps to the next instant that something waits for, as
/// soon as the engine has nothing else to do and somebody waits for a result. Thirty days of
/// reminders take milliseconds.
public final class SkippingClock: EngineClock, @unchecked Sendable {
    private let lock = Lock()
    // Guarded by `lock`.
    private var time: Int64
    private var instant: Int64?
    private var body: (@Sendable () -> Void)?
    private var horizon: Int64 = .max
    private let skips: Bool

    /// - Parameters:
    ///   - start: in nanoseconds since 1970 UTC.
    ///   - skips: false for a clock that moves by `advance` and `set` only.
    public init(start: Int64 = 1_700_000_000_000_000_000, skips: Bool = true) {
        time = start
        self.skips = skips
    }

    /// The instant at which it stands.
    public var now: Int64 { lock.withLock { time } }

    /// See `EngineClock`.
    public func wake(at instant: Int64?, _ body: @escaping @Sendable () -> Void) {
        let isDue = lock.withLock { () -> Bool in
            let isDue = instant.map { $0 <= time } ?? false
            self.instant = isDue ? nil : instant
            self.body = isDue ? nil : body
            return isDue
        }
        if isDue { body() }
    }

    /// See `EngineClock`.
    public func rest() {
        guard skips else { return }
        let due = lock.withLock { () -> (@Sendable () -> Void)? in
            guard let instant, instant <= horizon else { return nil }
            time = max(time, instant)
            return takeIfDue()
        }
        due?()
    }

    /// Does not skip beyond this instant: what is waited for later waits until more is allowed.
    /// Moving it goes on as before.
    public func skip(noFurtherThan instant: Int64) { lock.withLock { horizon = instant } }

    /// Moves it on.
    public func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        set(to: now + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// Sets it, also back.
    public func set(to instant: Int64) {
        let due = lock.withLock { () -> (@Sendable () -> Void)? in
            time = instant
            return takeIfDue()
        }
        due?()
    }

    private func takeIfDue() -> (@Sendable () -> Void)? {
        guard let instant, instant <= time else { return nil }
        self.instant = nil
        defer { body = nil }
        return body
    }
}
