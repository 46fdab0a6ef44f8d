import EmakiPlatform

/// The time by which an engine lives.
public protocol EngineClock: Sendable {
    /// Nanoseconds since 1970 UTC. May jump.
    var now: Int64 { get }
    /// Calls back once `now` has reached the instant, soon and on any thread. A later call takes
    /// the place of the one before; nil: nothing is waited for.
    func wake(at instant: Int64?, _ body: @escaping @Sendable () -> Void)
    /// The engine has nothing to do until then, and somebody waits for a result: a clock that
    /// skips may jump.
    func rest()
}

extension EngineClock {
    /// Time passes by itself.
    public func rest() {}
}

/// The system's clock. It waits on a thread of its own, and looks at the wall clock every second,
/// so that a jump of it is noticed.
public final class SystemEngineClock: EngineClock, @unchecked Sendable {
    private static let lookNanoseconds: Int64 = 1_000_000_000

    private let word = WaitWord()
    private let lock = Lock()
    // Guarded by `lock`.
    private var instant: Int64?
    private var body: (@Sendable () -> Void)?
    private var hasThread = false
    private var isStopped = false

    /// A clock; its thread starts with the first wait.
    public init() {}

    deinit { word.bump() }

    /// The wall clock.
    public var now: Int64 { SystemClock.wallNanoseconds() }

    /// See `EngineClock`.
    public func wake(at instant: Int64?, _ body: @escaping @Sendable () -> Void) {
        let (mustStart, isEarlier) = lock.withLock { () -> (Bool, Bool) in
            let isEarlier = (instant ?? .max) < (self.instant ?? .max)
            self.instant = instant
            self.body = body
            let mustStart = !hasThread && instant != nil
            if mustStart { hasThread = true }
            return (mustStart, isEarlier)
        }
        if mustStart {
            SystemThread.start(name: "emaki-timer") { [weak self, word] in
                Self.run(word) { self }
            }
        } else if isEarlier {
            word.bump()
            word.wakeOne()
        }
    }

    /// Nothing is called back any more, and the thread ends.
    public func stop() {
        lock.withLock {
            isStopped = true
            body = nil
        }
        word.bump()
        word.wakeOne()
    }

    private static func run(_ word: WaitWord, _ clock: () -> SystemEngineClock?) {
        while true {
            let seen = word.value
            guard let rest = clock()?.callIfDue() else { return }
            _ = word.wait(while: seen, nanoseconds: rest)
        }
    }

    /// - Returns: how long to wait; nil if the clock was stopped.
    private func callIfDue() -> Int64? {
        let (due, rest) = lock.withLock { () -> ((@Sendable () -> Void)?, Int64?) in
            if isStopped { return (nil, nil) }
            guard let instant else { return (nil, Self.lookNanoseconds) }
            let left = instant - now
            if left > 0 { return (nil, min(left, Self.lookNanoseconds)) }
            self.instant = nil
            defer { body = nil }
            return (body, 0)
        }
        due?()
        return rest
    }
}
