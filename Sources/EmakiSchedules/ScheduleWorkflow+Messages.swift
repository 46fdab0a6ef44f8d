import EmakiWorkflow

extension ScheduleWorkflow {
    /// Nothing is started by itself, until it is resumed. The input says why, for people.
    public static let pause = Update<Self, String, Nothing>("pause")
    /// Starts go on with the next nominal time; those that were passed meanwhile are not made.
    public static let resume = Update<Self, Nothing, Nothing>("resume")
    /// Starts a run now. Answers its workflow id.
    public static let trigger = Update<Self, Trigger, String>("trigger")
    /// Starts the runs of nominal times that have passed.
    public static let backfill = Update<Self, Backfill, Nothing>("backfill")
    /// Changes everything but the name. Nominal times of a new spec count from now on.
    public static let update = Update<Self, Schedule, Nothing>("update")
    /// Ends it. Runs that it started go on.
    public static let delete = Update<Self, Nothing, Nothing>("delete")
    /// What it is about.
    public static let describe = Query<Self, Nothing, ScheduleDescription>("describe")

    /// How to trigger.
    public struct Trigger: Sendable, Hashable, Codable {
        /// Instead of the schedule's own policy.
        public var overlap: ScheduleOverlap?
        /// With the schedule's own policy, or another.
        public init(overlap: ScheduleOverlap? = nil) { self.overlap = overlap }
    }

    /// What to backfill.
    public struct Backfill: Sendable, Hashable, Codable {
        /// Nominal times from this instant on, in nanoseconds since 1970 UTC.
        public var from: Int64
        /// Nominal times up to this instant, itself included, in nanoseconds since 1970 UTC.
        public var to: Int64
        /// Instead of the schedule's own policy. Nil: all are started, ten at a time.
        public var overlap: ScheduleOverlap?

        /// Nominal times between two instants.
        public init(from: Int64, to: Int64, overlap: ScheduleOverlap? = nil) {
            self.from = from
            self.to = to
            self.overlap = overlap
        }
    }

    /// See the messages.
    public static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(describe) { state, _ in state.record.description }
        handlers.on(
            pause,
            validate: { _, note in
                guard note.utf8.count <= Schedule.noteBytesMax else {
                    throw ScheduleError.invalid(
                        field: "note", "more than \(Schedule.noteBytesMax) bytes")
                }
            }
        ) { state, note in
            state.record.isPaused = true
            state.record.pauseNote = note
            state.hasNews = true
            return Nothing()
        }
        handlers.on(
            resume,
            perform: { context, _ in
                let now = context.now
                try context.change { state in
                    guard state.record.isPaused else { return }
                    state.record.isPaused = false
                    state.record.pauseNote = ""
                    state.record.cursor = max(state.record.cursor, now)
                    state.hasNews = true
                }
                return Nothing()
            })
        handlers.on(delete) { state, _ in
            state.record.isDeleted = true
            state.hasNews = true
            return Nothing()
        }
        handleStarts(&handlers)
    }

    private static func handleStarts(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(
            trigger,
            validate: { state, _ in
                guard state.record.triggers.count < ScheduleRecord.triggersMax else {
                    throw ScheduleError.invalid(
                        field: "trigger", "\(state.record.triggers.count) wait already")
                }
            },
            perform: { context, trigger in
                let now = context.now
                return try context.change { state in
                    state.hasNews = true
                    return state.record.trigger(at: now, trigger.overlap)
                }
            })
        handlers.on(
            backfill,
            validate: { state, backfill in
                guard state.record.backfills.count < ScheduleRecord.backfillsMax else {
                    throw ScheduleError.invalid(
                        field: "backfill", "\(state.record.backfills.count) wait already")
                }
                try backfill.check()
            },
            perform: { context, backfill in
                // What is to come is the schedule's own.
                let last = min(backfill.to, context.now)
                guard backfill.from <= last else { return Nothing() }
                try context.change { state in
                    state.record.backfills.append(
                        ScheduleRecord.Backfill(
                            cursor: backfill.from - 1, last: last,
                            overlap: backfill.overlap ?? .allow))
                    state.hasNews = true
                }
                return Nothing()
            })
        handlers.on(
            update, validate: { _, schedule in try schedule.check() },
            perform: { context, schedule in
                let now = context.now
                try context.change { state in
                    state.record.update(schedule, at: now)
                    state.hasNews = true
                }
                return Nothing()
            })
    }
}

extension ScheduleWorkflow.Backfill {
    func check() throws(ScheduleError) {
        guard from >= 0, to <= .max / 2, from <= to else {
            throw .invalid(
                field: "backfill", "it ends before it begins, or is not from 1970 to 2116")
        }
    }
}

extension ScheduleRecord {
    /// - Returns: the workflow id of the run to come.
    mutating func trigger(at now: Int64, _ overlap: ScheduleOverlap?) -> String {
        let millisecond: Int64 = 1_000_000
        lastTrigger = max(now / millisecond * millisecond, lastTrigger + millisecond)
        let wanted = Wanted(
            nominal: lastTrigger, overlap: overlap ?? schedule.overlap, kind: .triggered)
        triggers.append(wanted)
        return workflowID(of: wanted)
    }

    mutating func update(_ new: Schedule, at now: Int64) {
        if new.spec != schedule.spec {
            specRevision += 1
            cursor = now
            if new.spec.limitedTo != schedule.spec.limitedTo {
                remainingCount = new.spec.limitedTo
            }
            backfills = []
        }
        schedule = new
        revision += 1
    }
}
