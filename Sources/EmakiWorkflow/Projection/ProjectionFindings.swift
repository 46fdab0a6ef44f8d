import EmakiPlatform

/// What an engine finds when it opens a store.
struct ProjectionFindings: Sendable {
    /// A run that is left asleep until something of it is due.
    struct Sleeper: Sendable {
        var workflowID: String
        var due: Int64
    }

    /// Workflows that are looked at, in the order of their bytes.
    var work: [String] = []
    /// Runs that wait for nothing but these instants and messages, in no order.
    var sleepers: [Sleeper] = []
    /// Those of them whose instants have come, the oldest first.
    var overdue: [Sleeper] = []
    /// Runs that have not begun.
    var unbegun: [Projection.Unbegun] = []
    /// Of all events.
    var newestTime: Int64 = 0
}

extension Projection {
    /// - Parameters:
    ///   - now: engine time.
    ///   - isSuspect: of a workflow's hash: it is looked at in any case.
    func findings(at now: Int64, isSuspect: ((UInt64) -> Bool)?) -> ProjectionFindings {
        let now = max(now, newestTime)
        var findings = ProjectionFindings()
        findings.newestTime = newestTime
        findings.unbegun = unbegunRuns()
        findings.sleepers.reserveCapacity(runs.count)
        var work = doubtful
        for debt in debts {
            guard let end = debt.utf8.lastIndex(of: StreamParts.slash) else { continue }
            work.insert(String(debt[..<end]))
        }
        runs.forEach { number, run, id, _ in
            if !unbegun.isEmpty, unbegun[number] != nil { return }
            guard let text = String(validating: id) else { return }
            if run.hasWork || isSuspect?(StableHash.hash(id)) == true {
                work.insert(text)
                return
            }
            let due = due(number, run)
            guard due < .max else { return }
            let sleeper = ProjectionFindings.Sleeper(workflowID: text, due: due)
            if due > now {
                findings.sleepers.append(sleeper)
            } else {
                findings.overdue.append(sleeper)
            }
        }
        findings.overdue.sort { $0.due < $1.due }
        findings.work = work.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return findings
    }
}
