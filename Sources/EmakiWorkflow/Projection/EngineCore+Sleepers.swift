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
    /// - Returns: the workflows that are to be looked at; nil if all are, because nobody knows.
    func sleepers() async -> ArraySlice<String>? {
        guard let projection else { return nil }
        let suspects = suspects.areThere ? suspects : nil
        let findings = await projection.ask { projection in
            projection.findings(isSuspect: suspects.map { suspects in { suspects.holds($0) } })
        }
        guard let findings else { return nil }
        timers.recorded(findings.newestTime)
        var tickets: [EngineTimers.Ticket] = []
        tickets.reserveCapacity(findings.sleepers.count)
        for first in stride(from: 0, to: findings.sleepers.count, by: Self.putAsideTogether) {
            let end = min(first + Self.putAsideTogether, findings.sleepers.count)
            tickets += put(aside: findings.sleepers[first..<end])
        }
        // All at once, so that what is overdue is released oldest first.
        timers.arm(tickets)
        return findings.work[...]
    }
}
