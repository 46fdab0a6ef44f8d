import ArgumentParser

/// What a run measures; the names are the benchmark contract's.
enum BenchOperation: String, CaseIterable, Sendable, ExpressibleByArgument {
    case append, load, read, heads, tail, recover, raw, compact, workflow
}

/// From where the appenders call the log.
enum BenchVariant: String, CaseIterable, Sendable, ExpressibleByArgument {
    /// Tasks that prefer the log's commit loop.
    case loop
    /// Tasks on Swift's default pool.
    case pool
    /// Plain threads with blocking calls.
    case threads
    // What `--op workflow` runs; callers are tasks on the commit loop.
    /// Two activities, one after the other.
    case transfer
    /// Ten steps on Swift's pool, one after the other.
    case steps10
    /// Ten steps on the commit loop, one after the other.
    case loop10
    /// Signals to a run that is open.
    case signal
    /// Updates of a run that is open.
    case update
    /// Queries of a run that is open and in memory.
    case query
    /// Starts that are acknowledged; what they start waits.
    case start
    /// A hundred activities at once.
    case fanout
    /// Runs that sleep for 10 ms.
    case timer
    /// A run with 2,000 completed steps, taken up by a new engine.
    case resume
    /// Runs whose timers ran off while no engine was there; the latencies are those of transfers
    /// that are started meanwhile.
    case overdue

    /// Queries of open runs that are not in memory.
    case wake

    static let ofAppends: Set = [BenchVariant.loop, .pool, .threads]
}

/// How the workflows' values become payloads.
enum BenchCodec: String, CaseIterable, Sendable, ExpressibleByArgument {
    case json, bytes
}

/// The parameters of a run, complete.
struct BenchPlan: Sendable {
    var operation: BenchOperation
    var variant: BenchVariant
    var item: String
    var appenderCount: Int
    var batchEvents: Int
    /// Arrivals a second; 0: closed loop.
    var rate: Double
    var seconds: Double
    var threadCount: Int
    var streamCount: Int
    var eventsPerStream: Int
    var eventCount: Int
    var payloadBytes: Int
    var seed: UInt64
    /// Nil: chosen when the store is open.
    var base: UInt64?
    var usesIDs: Bool
    /// All histories are read once before reads are measured.
    var warmsUp = false
    var segmentBytes: Int
    var codec = BenchCodec.json
    /// What goes on while appends are measured.
    var beside: BenchBeside?
    /// What each durable write and sync takes on top of the disk's own time.
    var syncDelay: BenchDelay?
    /// CLOCK_MONOTONIC just before the process was started.
    var t0: Int64?

    /// A benchmark stream has so many events, as a workflow's history does.
    static let eventsPerHistory = 20
    /// F is measured between the slices of a run, so that it meets the same disk in the same state.
    static let sliceCount = 5
    /// Shorter runs are one slice.
    static let slicedSecondsMin = 2.0
    /// Open loop: what is still waiting so long after the end of the run counts as errors.
    static let overtimeNanoseconds: Int64 = 1_000_000_000

    var isOpenLoop: Bool { rate > 0 }

    /// The contract's letter for what is measured.
    static func item(for operation: BenchOperation, appenders: Int, batch: Int, rate: Double)
        -> String
    {
        switch operation {
        case .append where rate > 0: "G"
        case .append where batch > 1: "C"
        case .append: appenders == 1 ? "A" : "B"
        case .load, .read, .heads: "D"
        case .tail, .recover: "E"
        case .raw: "0"
        case .compact: "F"
        case .workflow: "W"
        }
    }
}
