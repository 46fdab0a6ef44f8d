/// Where the time of commits went since the log was opened. The three parts follow one another.
struct CommitLatency {
    /// From the first batch of a group until its write began.
    var gather = Spans()
    /// The durable write.
    var write = Spans()
    /// From the end of the write until the last waiter was told.
    var wake = Spans()
    /// Longest time for which the loop ran jobs without looking at the clock.
    var loopStretchMax: Int64 = 0

    /// Durations in nanoseconds, summed up.
    struct Spans {
        private(set) var count: Int64 = 0
        private(set) var total: Int64 = 0
        private(set) var longest: Int64 = 0

        mutating func add(_ nanoseconds: Int64) {
            count += 1
            total += nanoseconds
            longest = max(longest, nanoseconds)
        }

        var mean: Int64 { count == 0 ? 0 : total / count }
    }
}
