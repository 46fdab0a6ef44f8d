// What an engine that opens a store leaves asleep.
extension EngineCore {
    /// Positions that are read before an engine is ready; more are read beside what it is asked.
    private static let readBeforeReady: UInt64 = 131_072
    /// Runs that are put aside while nobody else is let in.
    private static let putAsideTogether = 4_096

    /// Whether it takes no time to speak of to bring the projection up to date.
    func mayWaitForProjection() async -> Bool {
        guard let projection else { return true }
        return await projection.prepare() <= Self.readBeforeReady
    }

    /// Arms the timers of all runs that wait for nothing but these and messages.
    /// - Returns: what is left to do; nil: nobody knows, so every workflow is to be looked at.
    func armSleepers() async -> KnownWork? {
        guard let projection else { return nil }
        let suspects = suspects.areThere ? suspects : nil
        let now = timers.now
        let findings = await projection.ask { projection in
            projection.findings(
                at: now, isSuspect: suspects.map { suspects in { suspects.holds($0) } })
        }
        guard let findings else { return nil }
        timers.recorded(findings.newestTime)
        isToLookAt(findings.work)
        removeUnbegun(findings.unbegun)
        var tickets: [EngineTimers.Ticket] = []
        tickets.reserveCapacity(findings.sleepers.count)
        expect(sleepers: findings.sleepers.count)
        for first in stride(from: 0, to: findings.sleepers.count, by: Self.putAsideTogether) {
            let end = min(first + Self.putAsideTogether, findings.sleepers.count)
            tickets += put(aside: findings.sleepers[first..<end])
            // It may be one of two threads that tasks have.
            await Task.yield()
        }
        timers.arm(tickets)
        return KnownWork(work: findings.work[...], overdue: findings.overdue[...])
    }
}

/// What an engine that opens a store has to do.
struct KnownWork: Sendable {
    /// Workflows to be looked at, in the order of their bytes.
    var work: ArraySlice<String>
    /// Runs whose timers have run off, the oldest first.
    var overdue: ArraySlice<ProjectionFindings.Sleeper>

    var isEmpty: Bool { work.isEmpty && overdue.isEmpty }

    /// The next of both.
    mutating func next(_ count: Int) -> (work: [String], overdue: [String]) {
        defer {
            work = work.dropFirst(count)
            overdue = overdue.dropFirst(count)
        }
        return (Array(work.prefix(count)), overdue.prefix(count).map(\.workflowID))
    }
}
