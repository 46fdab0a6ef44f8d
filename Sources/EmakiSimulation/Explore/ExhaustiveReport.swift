/// How much an exhaustive exploration tried.
package struct ExhaustiveCounts: Counts {
    /// Workloads, each by its last operation; the earlier ones are those of a shorter workload.
    package var workloads = 0
    /// Calls to the disk at which the power was cut.
    package var crashPoints = 0
    /// Of these, in the opening after an earlier cut.
    package var crashPointsWhileOpening = 0
    /// States that the cuts may leave: every subset, as `FatePlan` says.
    package var states = 0
    /// States that were opened and compared: each that differs from all others of its workload.
    package var opened = 0
    /// States at crash points that had too many of them: drawn, and not in `states`.
    package var sampled = 0
    /// Crash points of which the states were drawn.
    package var sampledPoints = 0

    package init() {}

    package static var fields: [(name: String, path: WritableKeyPath<Self, Int>)] {
        [
            ("workloads", \.workloads), ("crash_points", \.crashPoints),
            ("crash_points_while_opening", \.crashPointsWhileOpening), ("states", \.states),
            ("opened", \.opened), ("sampled", \.sampled), ("sampled_points", \.sampledPoints),
        ]
    }
}

/// A promise that was broken, and where.
package struct ExhaustiveFinding: Sendable {
    package var violation: Violation
    /// Breaks it again.
    package var script: Script
    /// The call with which the power went, and what was kept of what.
    package var place: String
}

/// A moment at which the power goes.
struct CrashPoint {
    /// What has begun.
    let call: String
    /// From the start of the last operation, or of the opening.
    let callNumber: Int
    /// Steps of the script up to and with the one that made the call.
    let stepCount: Int
    let state: DiskState
    let reference: ReferenceLog
    let end: LogEndKnowledge
    let acknowledged: [String: [Range<Int>]]
}
