import EmakiPlatform

/// Lets a backup rest as long as it works, so that at least half of the device's time, and of a
/// core's, is left to commits.
struct BackupPace {
    private let word = WaitWord()
    private var workedSince = SystemClock.monotonicNanoseconds()
    private static let restMax: Int64 = 50_000_000

    /// To be called after each piece of work.
    mutating func rest() {
        let worked = SystemClock.monotonicNanoseconds() - workedSince
        _ = word.wait(while: word.value, nanoseconds: min(worked, Self.restMax))
        workedSince = SystemClock.monotonicNanoseconds()
    }
}
