/// How long a round of jobs may last before the loop writes, on the disk at hand: instants and
/// durations in nanoseconds.
///
/// A round that is cut short parts the appenders in two halves for good: those who were left over
/// are carried by the next group but one, and each group has half of them. Where a write takes
/// 100 us that costs little. Where it takes a millisecond, each group that is not whole costs as
/// much as a thousand appends, so a round may last a quarter of a usual write. Only what is ready
/// to run is run: nobody waits for appends that may come.
struct GatherPatience {
    /// Of a usual write, as a divisor.
    private static let shareOfWrite: Int64 = 4
    /// Of the configured limit. With the quarter that others get of a late round it is the time
    /// after which plain threads write by themselves.
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
        let share = usualWrite / Self.shareOfWrite
        return max(configured, most.overflow ? share : min(share, most.partialValue))
    }

    /// Takes in how long a write took.
    mutating func note(write: Int64) {
        let step = max(1, usualWrite / Self.inertia)
        usualWrite = min(max(write, usualWrite - step), usualWrite + step)
    }
}
