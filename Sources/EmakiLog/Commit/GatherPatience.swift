/// How long a round of jobs may last before the loop writes, on the disk at hand: instants and
/// durations in nanoseconds.
///
/// A round that is cut short parts the appenders in two halves for good: those who were left over
/// are carried by the next group but one, or a later one, and each group has a part of them. To go
/// on costs those who have staged the time of the others' jobs; to write costs the others a write.
/// So a round may last as long as a usual write: then nobody waits for twice the time of the better
/// choice, whatever the jobs that are left would have done (the rule of the rented skis: Karlin,
/// Manasse, Rudolph and Sleator, "Competitive snoopy caching", 1988; a quarter more where others
/// get their share of a late round, and nothing of the kind where the configured limit is longer
/// than a write). Only what is ready to run is run: nobody waits for appends that may come.
struct GatherPatience {
    /// Of the configured limit. With the quarter that others get of a late round it stays below the
    /// time after which plain threads write by themselves, `Committer.overrunLimit`.
    private static let factorMax: Int64 = 4
    /// By which share of itself the usual write moves towards each one.
    private static let inertia: Int64 = 8

    private let configured: Int64
    /// About the median of the latest writes. It moves by steps, so that a stall of the disk is one
    /// write among others, however long it lasts.
    private var usualWrite: Int64

    init(configured: Int64) {
        self.configured = configured
        usualWrite = configured
    }

    /// How long a round may last.
    var limit: Int64 {
        let most = configured.multipliedReportingOverflow(by: Self.factorMax)
        return max(configured, most.overflow ? usualWrite : min(usualWrite, most.partialValue))
    }

    /// Takes in how long a write took.
    mutating func note(write: Int64) {
        let step = max(1, usualWrite / Self.inertia)
        usualWrite = min(max(write, usualWrite - step), usualWrite + step)
    }
}
