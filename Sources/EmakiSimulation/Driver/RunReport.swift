/// What a run did, and how it ended.
package struct RunReport: Sendable {
    /// Nil: every promise was kept.
    package var violation: Violation?
    /// The step at which the promise was broken; from 0.
    package var failedStep: Int?
    package var counts = RunCounts()
    /// Equal for equal runs, in any process.
    package var hash: UInt64 = 0
}

/// How much a run tried.
package struct RunCounts: Counts {
    /// Scripts.
    package var runs = 0
    /// Power cuts, at a call or between two.
    package var powerCuts = 0
    /// Of these, in the middle of an opening.
    package var cutsWhileOpening = 0
    /// Processes that ended without a power cut.
    package var kills = 0
    /// States that were opened and compared with the reference, the second opening of each one
    /// included.
    package var states = 0
    /// Calls that failed because they were asked to.
    package var faults = 0
    /// Openings that were refused while faults came, and tried again.
    package var refusals = 0
    /// Runs that ended because the log was refused, with the place of damage that was done.
    package var damagesFound = 0
    /// Of these, logs of which a copy was repaired and opened.
    package var repairs = 0
    /// Segments that could not be made ready because the disk was full.
    package var withoutSpace = 0
    package var calls = 0
    package var steps = 0
    /// Batches that were offered.
    package var batches = 0
    package var acknowledged = 0
    package var conflicts = 0
    package var repetitions = 0
    /// Batches that were pending when a write failed or the process ended.
    package var unknown = 0
    package var tornCuts = 0
    package var rotations = 0
    package var retirements = 0
    package var sealings = 0
    package var merges = 0
    /// Truncations and deletions that were offered.
    package var removals = 0
    package var snapshots = 0
    /// Streams that were purged, to the end.
    package var purges = 0
    /// Streams that were forgotten.
    package var forgettings = 0
    package var marks = 0
    /// Reads and followers that were compared.
    package var reads = 0

    package init() {}

    package var crashes: Int { powerCuts + kills }

    package static var fields: [(name: String, path: WritableKeyPath<RunCounts, Int>)] {
        [
            ("runs", \.runs), ("power_cuts", \.powerCuts),
            ("cuts_while_opening", \.cutsWhileOpening), ("kills", \.kills),
            ("states", \.states), ("faults", \.faults), ("refusals", \.refusals),
            ("damages_found", \.damagesFound), ("repairs", \.repairs),
            ("without_space", \.withoutSpace),
            ("calls", \.calls), ("steps", \.steps), ("batches", \.batches),
            ("acknowledged", \.acknowledged), ("conflicts", \.conflicts),
            ("repetitions", \.repetitions), ("unknown", \.unknown), ("torn_cuts", \.tornCuts),
            ("rotations", \.rotations), ("retirements", \.retirements),
            ("sealings", \.sealings), ("merges", \.merges), ("removals", \.removals),
            ("snapshots", \.snapshots), ("purges", \.purges), ("forgettings", \.forgettings),
            ("marks", \.marks),
            ("reads", \.reads),
        ]
    }
}
