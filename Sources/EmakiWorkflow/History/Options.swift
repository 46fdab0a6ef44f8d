/// When and how often an attempt that failed is made again.
public struct RetryPolicy: Sendable, Hashable {
    /// Before the second attempt.
    public var initialInterval: Duration
    /// Each further interval is so many times the one before.
    public var backoff: Double
    /// No interval is longer.
    public var maximumInterval: Duration
    /// Attempts in all, those included whose outcome a crash left unknown. 1: at most once. 0: no
    /// limit.
    public var maximumAttempts: Int
    /// Failures of these types are not retried.
    public var nonRetryableTypes: [String]
    /// Each interval is changed at random by so much of itself at most, up or down.
    public var jitter: Double

    /// Unlimited, 1 s, doubled up to 100 s, 20 % of jitter.
    public init(
        initialInterval: Duration = .seconds(1), backoff: Double = 2,
        maximumInterval: Duration = .seconds(100), maximumAttempts: Int = 0,
        nonRetryableTypes: [String] = [], jitter: Double = 0.2
    ) {
        self.initialInterval = initialInterval
        self.backoff = backoff
        self.maximumInterval = maximumInterval
        self.maximumAttempts = maximumAttempts
        self.nonRetryableTypes = nonRetryableTypes
        self.jitter = jitter
    }

    /// The defaults.
    public static let standard = RetryPolicy()
    /// One attempt: what it does happens at most once.
    public static let once = RetryPolicy(maximumAttempts: 1)

    /// Whether another attempt may follow one that failed.
    func allows(attemptAfter attempt: Int, _ failure: Failure) -> Bool {
        if failure.isNonRetryable || nonRetryableTypes.contains(failure.type) { return false }
        return maximumAttempts <= 0 || attempt < maximumAttempts
    }

    /// How long to wait after an attempt that failed.
    /// - Parameter chance: from 0 up to 1; what the jitter is taken from.
    func interval(afterAttempt attempt: Int, chance: Double) -> Int64 {
        let initial = Double(max(0, initialInterval.nanoseconds))
        let limit = Double(max(0, maximumInterval.nanoseconds))
        var interval = initial
        var count = 1
        while count < attempt, interval < limit, interval > 0, backoff > 1 {
            interval *= backoff
            count += 1
        }
        interval = min(interval, limit)
        interval *= 1 + max(0, min(1, jitter)) * (2 * chance - 1)
        return Int64(max(0, min(interval, Double(Int64.max / 4))))
    }
}

extension Duration {
    /// At most a quarter of what fits, so that an instant can be added to it: 73 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let limit = Int64.max / 4
        let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if isOver { return seconds < 0 ? -limit : limit }
        let (sum, isSumOver) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        if isSumOver { return seconds < 0 ? -limit : limit }
        return max(-limit, min(limit, sum))
    }
}

/// What cancelling does to a step that runs.
public enum CancellationType: UInt8, Sendable {
    /// Ask it to stop, and go on at once.
    case `try` = 0
    /// Ask it to stop, and wait for how it ends.
    case wait = 1
    /// Go on at once, and let it run.
    case abandon = 2
}

/// How an activity is to be run. At least one of `startToClose` and `scheduleToClose` is given, so
/// that nothing hangs for ever.
public struct ActivityOptions: Sendable, Hashable {
    /// One attempt may take so long.
    public var startToClose: Duration?
    /// All attempts together, waiting included, may take so long.
    public var scheduleToClose: Duration?
    /// An attempt may wait for a worker so long.
    public var scheduleToStart: Duration?
    /// A running attempt reports at least so often.
    public var heartbeat: Duration?
    /// When and how often it is tried again.
    public var retry: RetryPolicy
    /// What cancelling does to it.
    public var cancellation: CancellationType
    /// Where workers look for it: the engine itself runs what is in `defaultQueue`; what is in
    /// another waits for `WorkflowEngine.nextAttempt(from:)`, unless `EngineOptions.queues` has the
    /// engine serve that, too.
    public var queue: String
    /// Of attempts that wait in one queue those with the lower number begin first, from -100 to
    /// 100; what is beyond counts as the nearest.
    public var priority: Int
    /// Whose attempt it is, a customer's for instance: at most 256 bytes. Those of different keys
    /// take turns, and `QueueOptions.concurrencyPerKey` bounds those of one.
    public var limitKey: String?

    /// With a limit for each attempt.
    public init(
        startToClose: Duration, scheduleToClose: Duration? = nil,
        scheduleToStart: Duration? = nil, heartbeat: Duration? = nil,
        retry: RetryPolicy = .standard, cancellation: CancellationType = .try,
        queue: String = ActivityOptions.defaultQueue, priority: Int = 0, limitKey: String? = nil
    ) {
        self.startToClose = startToClose
        self.scheduleToClose = scheduleToClose
        self.scheduleToStart = scheduleToStart
        self.heartbeat = heartbeat
        self.retry = retry
        self.cancellation = cancellation
        self.queue = queue
        self.priority = priority
        self.limitKey = limitKey
    }

    /// With a limit for all attempts together.
    public init(
        scheduleToClose: Duration, scheduleToStart: Duration? = nil,
        heartbeat: Duration? = nil, retry: RetryPolicy = .standard,
        cancellation: CancellationType = .try, queue: String = ActivityOptions.defaultQueue,
        priority: Int = 0, limitKey: String? = nil
    ) {
        self.init(
            startToClose: scheduleToClose, scheduleToClose: scheduleToClose,
            scheduleToStart: scheduleToStart, heartbeat: heartbeat, retry: retry,
            cancellation: cancellation, queue: queue, priority: priority, limitKey: limitKey)
        startToClose = nil
    }

    /// Of a limit key.
    public static let limitKeyBytesMax = 256
    /// The queue of those who name none.
    public static let defaultQueue = "default"
}
