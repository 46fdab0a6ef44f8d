import EmakiLog
import EmakiPlatform
import EmakiSimulation

/// What an exploration tried and found, for people and for programs.
struct FuzzReport {
    let plan: FuzzPlan
    let jobCount: Int
    let tally: FuzzTally
    var finding: FuzzFinding?

    private var seconds: Double { tally.seconds(at: SystemClock.monotonicNanoseconds()) }

    static func perMinute(_ count: Int, _ seconds: Double) -> Int {
        seconds > 0 ? Int(Double(count) * 60 / seconds) : 0
    }

    /// Minutes and seconds.
    static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds)
        let digits = "\(whole % 60)"
        return "\(whole / 60):" + (digits.count < 2 ? "0" : "") + digits
    }

    var text: String {
        let counts = tally.counts
        let rate = Self.perMinute(counts.crashes, seconds)
        var lines = [
            "tried     \(counts.runs.grouped) workloads from seed \(plan.firstSeed) on,"
                + " \(counts.steps.grouped) steps, \(counts.calls.grouped) calls to the disk,"
                + " in \(seconds.fixed(1)) s",
            "crashed   \(counts.crashes.grouped) times, \(rate.grouped) a minute:"
                + " \(counts.powerCuts.grouped) power cuts, of these"
                + " \(counts.cutsWhileOpening.grouped) while opening;"
                + " \(counts.kills.grouped) kills",
            "compared  \(counts.states.grouped) states after an opening,"
                + " \(counts.reads.grouped) reads in between",
            "appended  \(counts.batches.grouped) batches: \(counts.acknowledged.grouped)"
                + " acknowledged, \(counts.unknown.grouped) interrupted,"
                + " \(counts.conflicts.grouped) conflicts,"
                + " \(counts.repetitions.grouped) repetitions",
            "passed    \(counts.rotations.grouped) full segments, \(counts.retirements.grouped)"
                + " retirements, \(counts.sealings.grouped) sealings,"
                + " \(counts.merges.grouped) merges, \(counts.removals.grouped) removals,"
                + " \(counts.snapshots.grouped) snapshots,"
                + " \(counts.marks.grouped) marks,"
                + " \(counts.tornCuts.grouped) torn frames cut",
            "failed    \(counts.faults.grouped) calls on purpose, up to \(plan.faultsPercent) %",
            "refused   \(counts.refusals.grouped) openings because of them,"
                + " \(counts.withoutSpace.grouped) segments on a full disk,"
                + " \(counts.damagesFound.grouped) logs for damage that was done",
        ]
        if let finding {
            lines += text(of: finding)
        } else {
            lines.append(
                tally.wasInterrupted
                    ? "Interrupted. Every promise was kept so far." : "Every promise was kept.")
        }
        return lines.joined(separator: "\n")
    }

    private func text(of finding: FuzzFinding) -> [String] {
        var lines = [
            "", "BROKEN    \(finding.violation)", "",
            "Seed \(finding.seed), shrunk from \(finding.firstStepCount) steps to"
                + " \(finding.script.steps.count):", "",
        ]
        lines += finding.script.text.split(separator: "\n").map { "    \($0)" }
        lines += ["", "See it again:", "", "    \(finding.command)"]
        return lines
    }

    var object: JSONObject {
        var object = JSONObject()
        object.add("ok", finding == nil)
        object.add("interrupted", tally.wasInterrupted)
        object.add("first_seed", plan.firstSeed)
        object.add("jobs", jobCount)
        object.add("seconds", json: seconds.fixed(3))
        object.add("crashes", tally.counts.crashes)
        object.add("crashes_per_minute", Self.perMinute(tally.counts.crashes, seconds))
        object.add("counts", tally.counts.object)
        if let finding {
            var found = JSONObject()
            found.add("seed", finding.seed)
            found.add("promise", "\(finding.violation.promise)")
            found.add("violation", finding.violation.text)
            found.add("steps", finding.script.steps.count)
            found.add("script", finding.script.text)
            found.add("command", finding.command)
            if let path = finding.keptAt { found.add("kept_at", path) }
            object.add("finding", found)
        }
        return object
    }
}

extension Int {
    /// For people: "12,345".
    var grouped: String {
        var text = ""
        for (index, digit) in String(magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (self < 0 ? "-" : "") + String(text.reversed())
    }
}
