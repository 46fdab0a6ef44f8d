/// What a schedule is about, and what it has done.
public struct ScheduleDescription: Sendable, Equatable, Codable {
    /// A run that the schedule started.
    public struct Run: Sendable, Equatable, Codable {
        /// Its nominal time, or when it was triggered, in nanoseconds since 1970 UTC.
        public var nominal: Int64
        /// Its workflow id.
        public var workflowID: String
        /// When it was started, in nanoseconds since 1970 UTC.
        public var startedAt: Int64
        /// How it ended: completed, or the type of its failure; nil: it has not, or is not watched.
        public var end: String?
    }

    /// A time at which nothing was started.
    public struct Skip: Sendable, Equatable, Codable {
        /// The nominal time, in nanoseconds since 1970 UTC.
        public var nominal: Int64
        /// Why.
        public var reason: String
    }

    /// Its name.
    public var name: String
    /// How it was created or last updated.
    public var schedule: Schedule
    /// Nothing is started by itself.
    public var isPaused: Bool
    /// Why it rests.
    public var pauseNote: String
    /// The next nominal times, in nanoseconds since 1970 UTC.
    public var upcoming: [Int64]
    /// Runs that have not ended, the oldest first: as many as are watched.
    public var running: [Run]
    /// The last runs, the oldest first.
    public var recent: [Run]
    /// The last times at which nothing was started, the oldest first.
    public var skipped: [Skip]
    /// The time whose run waits for the others to end.
    public var buffered: Int64?
    /// Runs that it started.
    public var startedCount: Int
    /// Times at which nothing was started, those that were missed included.
    public var skippedCount: Int
    /// Of `ScheduleSpec.limitedTo`, what is left.
    public var remainingCount: Int?
    /// Requests to backfill that are not done.
    public var backfillCount: Int
    /// Why its times cannot be computed; empty: they can.
    public var problem: String
    /// It was deleted, and nothing comes of it any more; nil: it was not.
    public var isDeleted: Bool?
}
