/// When a scrub in the background works, and how long it rests. A value that is told the time.
struct ScrubSchedule {
    private let bytesPerSecond: Int
    private let interval: Int64
    private var nextPass: Int64

    /// A log that was just opened has other things to do.
    static let firstRestMax: Int64 = 300_000_000_000
    /// Longer rests are taken in parts, because clocks of sleepers may differ.
    static let restMax: Int64 = 3_600_000_000_000

    /// - Parameters:
    ///   - interval: a pass begins at most so often.
    ///   - now: the log was opened.
    init(bytesPerSecond: Int, interval: Int64, now: Int64) {
        precondition(bytesPerSecond > 0, "a scrub that never works has no schedule")
        self.bytesPerSecond = bytesPerSecond
        self.interval = interval
        nextPass = now + min(interval, Self.firstRestMax)
    }

    /// How long to rest before the next pass; nil if it is due.
    func restBeforePass(now: Int64) -> Int64? {
        now >= nextPass ? nil : min(nextPass - now, Self.restMax)
    }

    mutating func begin(now: Int64) { nextPass = now + interval }

    /// How long to rest after a piece, so that no more bytes are read in a second than may be, and
    /// at least half of the device's time is left to others.
    func restAfterPiece(bytes: Int, nanoseconds worked: Int64) -> Int64 {
        let share = Double(bytes) / Double(bytesPerSecond) * 1_000_000_000
        return max(worked, Int64(min(share, Double(Self.restMax))) - worked)
    }
}
