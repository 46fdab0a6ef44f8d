/// A schedule's whole state, which goes from one of its runs to the next.
public struct ScheduleRecord: Sendable, Equatable, Codable {
    /// A time whose run is to be started.
    struct Wanted: Sendable, Equatable, Codable {
        var nominal: Int64
        var overlap: ScheduleOverlap
        var kind: Kind

        enum Kind: String, Sendable, Codable { case scheduled, triggered, backfilled }
    }

    struct Backfill: Sendable, Equatable, Codable {
        /// Times after this are still to be done, up to the last one.
        var cursor: Int64
        var last: Int64
        var overlap: ScheduleOverlap
    }

    let name: String
    var schedule: Schedule
    /// Grows with each update: what was computed before counts no more.
    var revision = 0
    /// Times that it was given another spec.
    var specRevision = 0
    /// Everything up to this nominal time was looked at.
    var cursor: Int64
    var isPaused = false
    var pauseNote = ""
    var isDeleted = false
    var running: [ScheduleDescription.Run] = []
    var recent: [ScheduleDescription.Run] = []
    var skipped: [ScheduleDescription.Skip] = []
    var buffered: Wanted?
    var triggers: [Wanted] = []
    var backfills: [Backfill] = []
    var startedCount = 0
    var skippedCount = 0
    var remainingCount: Int?
    var lastTrigger: Int64 = 0
    var problem = ""

    /// Of a name: a nominal time fits behind it into a workflow id.
    static let nameBytesMax = 150
    static let recentMax = 10
    /// Runs that are watched; of more the oldest are left to themselves.
    static let runningMax = 100
    static let triggersMax = 100
    static let backfillsMax = 10

    /// - Parameter now: nominal times after this are looked at.
    init(name: String, schedule: Schedule, now: Int64) {
        self.name = name
        self.schedule = schedule
        cursor = now
        remainingCount = schedule.spec.limitedTo
    }

    /// - Throws: `ScheduleError` that names what makes no sense.
    func check(_ workflowID: String) throws(ScheduleError) {
        try Self.check(name: name)
        guard workflowID == Schedules.workflowID(name) else {
            throw .invalid(
                field: "name", "the workflow of \(name) is \(Schedules.workflowID(name))")
        }
        try schedule.check()
    }

    package static func check(name: String) throws(ScheduleError) {
        guard (1...nameBytesMax).contains(name.utf8.count), !name.hasSuffix("/") else {
            throw .invalid(
                field: "name",
                "“\(name)” does not have 1 to \(nameBytesMax) bytes without a slash "
                    + "at its end")
        }
    }

    mutating func skip(_ nominal: Int64, _ reason: String) {
        skippedCount += 1
        skipped = (skipped + [ScheduleDescription.Skip(nominal: nominal, reason: reason)])
            .suffix(Self.recentMax)
    }

    mutating func started(_ run: ScheduleDescription.Run, _ kind: Wanted.Kind) {
        startedCount += 1
        if kind == .scheduled, let remaining = remainingCount { remainingCount = remaining - 1 }
        recent = (recent + [run]).suffix(Self.recentMax)
        running = (running + [run]).suffix(Self.runningMax)
    }

    mutating func ended(_ workflowID: String, _ end: String) {
        running.removeAll { $0.workflowID == workflowID }
        if let index = recent.firstIndex(where: { $0.workflowID == workflowID }) {
            recent[index].end = end
        }
    }

    /// The next times of a spec that was checked.
    private var upcoming: [Int64] {
        guard remainingCount ?? 1 > 0 else { return [] }
        let count = min(remainingCount ?? Self.recentMax, Self.recentMax)
        do throws(ScheduleError) {
            return try schedule.spec.times(after: cursor, count: count)
        } catch {
            // The system has lost the time zone.
            return []
        }
    }

    var description: ScheduleDescription {
        ScheduleDescription(
            name: name, schedule: schedule, isPaused: isPaused, pauseNote: pauseNote,
            upcoming: isDeleted ? [] : upcoming, running: running, recent: recent, skipped: skipped,
            buffered: buffered?.nominal, startedCount: startedCount, skippedCount: skippedCount,
            remainingCount: remainingCount, backfillCount: backfills.count, problem: problem,
            isDeleted: isDeleted ? true : nil)
    }
}

extension ScheduleRecord {
    private enum CodingKeys: String, CodingKey {
        case name, schedule, revision, specRevision, cursor, isPaused, pauseNote, isDeleted
        case running, recent
        case skipped, buffered, triggers, backfills, startedCount, skippedCount, remainingCount
        case lastTrigger, problem
    }

    /// Name and schedule are enough: whoever starts a schedule by hand gives no more.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, _ usual: Value) throws -> Value {
            try values.decodeIfPresent(Value.self, forKey: key) ?? usual
        }
        self.init(
            name: try values.decode(String.self, forKey: .name),
            schedule: try values.decode(Schedule.self, forKey: .schedule),
            now: try value(.cursor, -1))
        revision = try value(.revision, 0)
        specRevision = try value(.specRevision, 0)
        isPaused = try value(.isPaused, false)
        pauseNote = try value(.pauseNote, "")
        isDeleted = try value(.isDeleted, false)
        running = try value(.running, [])
        recent = try value(.recent, [])
        skipped = try value(.skipped, [])
        buffered = try values.decodeIfPresent(Wanted.self, forKey: .buffered)
        triggers = try value(.triggers, [])
        backfills = try value(.backfills, [])
        startedCount = try value(.startedCount, 0)
        skippedCount = try value(.skippedCount, 0)
        remainingCount = try value(.remainingCount, remainingCount)
        lastTrigger = try value(.lastTrigger, 0)
        problem = try value(.problem, "")
    }
}
