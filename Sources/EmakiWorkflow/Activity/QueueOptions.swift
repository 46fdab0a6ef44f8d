/// What a queue allows: how many attempts are under way at a time, how many begin in a while, and
/// how many wait in memory. See `EngineOptions.queues`.
///
/// An attempt that does not fit waits, and counts for nothing but its `scheduleToStart` and
/// `scheduleToClose`. Whether it has begun is recorded, so that one which waits when the process
/// ends waits again as the same attempt.
public struct QueueOptions: Sendable, Hashable {
    /// Attempts under way at a time. Nil: as many as come.
    public var concurrency: Int?
    /// How many begin in a while. Nil: as many as come.
    public var rate: QueueRate?
    /// Of those with one `ActivityOptions.limitKey`, attempts under way at a time. Nil: as many as
    /// come.
    public var concurrencyPerKey: Int?
    /// Attempts that wait in memory. The runs of more leave memory, and their attempts come back,
    /// about in the order in which they came, when there is room: nothing is refused.
    public var waitingMax: Int
    /// Of a named queue: the engine itself runs what is in it; otherwise, workers pull. The default
    /// queue is always the engine's.
    public var isServedByEngine: Bool

    /// What a queue allows.
    public init(
        concurrency: Int? = nil, rate: QueueRate? = nil, concurrencyPerKey: Int? = nil,
        waitingMax: Int = QueueOptions.usualWaitingMax, isServedByEngine: Bool = false
    ) {
        self.concurrency = concurrency
        self.rate = rate
        self.concurrencyPerKey = concurrencyPerKey
        self.waitingMax = waitingMax
        self.isServedByEngine = isServedByEngine
    }

    /// Attempts that wait in memory, of a queue that says nothing else.
    public static let usualWaitingMax = 10_000

    /// Attempts with this key may have to wait for others.
    func limits(_ key: String?) -> Bool {
        concurrency != nil || rate != nil || (concurrencyPerKey != nil && key != nil)
    }
    /// Who is under way has to be known.
    var countsHolders: Bool { concurrency != nil || concurrencyPerKey != nil }

    /// Why nothing would ever begin.
    func problem(of queue: String) -> WorkflowError? {
        let numbers = [concurrency, concurrencyPerKey, waitingMax, rate?.count, rate?.burst]
        guard numbers.allSatisfy({ $0 ?? 1 > 0 }), rate?.interval ?? .seconds(1) > .zero else {
            return .invalid("the queue \(queue) has a limit below 1")
        }
        return nil
    }
}

/// How many attempts of a queue begin in a while.
///
/// A bucket of `burst` tokens is full when the engine opens, and gets `count` tokens in each
/// `interval`, evenly; each attempt that begins takes one. So in any interval at most `count` and
/// `burst` together begin. It counts by engine time, for this engine only: the next engine begins
/// with a full bucket.
public struct QueueRate: Sendable, Hashable {
    /// Attempts that begin in an interval, in the long run.
    public var count: Int
    /// The interval.
    public var interval: Duration
    /// Attempts that may begin at once after a time without any.
    public var burst: Int

    /// - Parameter burst: by default, as many as in an interval.
    public init(_ count: Int, per interval: Duration, burst: Int? = nil) {
        self.count = count
        self.interval = interval
        self.burst = burst ?? count
    }
}

/// Tokens of a rate, as an instant: when the bucket would be full.
struct TokenBucket: Sendable {
    /// Until one more token is there, rounded up: the rate is never exceeded.
    private let tokenNanoseconds: Int64
    /// How far the bucket may be from full, and have a token.
    private let slack: Int64
    private var fullAt: Int64 = 0

    init(_ rate: QueueRate) {
        let count = Int64(max(1, rate.count))
        tokenNanoseconds = max(1, (max(1, rate.interval.nanoseconds) - 1) / count + 1)
        let (slack, isOver) = tokenNanoseconds.multipliedReportingOverflow(
            by: Int64(max(1, rate.burst) - 1))
        self.slack = isOver ? .max / 4 : min(slack, .max / 4)
    }

    /// From when on there is a token.
    var next: Int64 { fullAt - slack }

    /// Takes a token that is there.
    mutating func take(at now: Int64) { fullAt = max(now, fullAt) + tokenNanoseconds }
}
