import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import EmakiSimulation

/// A part of what can happen, tried to its end: not at random, so there is nothing to choose but
/// the part.
struct FuzzSurvey: Sendable {
    enum Kind: Sendable {
        case exhaustive(depth: Int)
        case sweep
        case failures
    }

    private static let findingsMax = 20

    let kind: Kind
    /// A part of the sweep, or of the failures.
    let isBounded: Bool
    let isJSON: Bool
    let keep: String?
    /// Says before each attempt what it is, to a `FuzzSurveyWatch`.
    var isWatched = false

    /// What was tried, by name, and what was found.
    private struct Result {
        var counts: [(name: String, count: Int)] = []
        var findings: [Finding] = []
        var findingCount = 0
        var seconds = 0.0

        mutating func add(_ finding: Finding) {
            findingCount += 1
            if findings.count < FuzzSurvey.findingsMax { findings.append(finding) }
        }
    }

    fileprivate struct Finding {
        var text: String
        var script: Script?
    }

    /// Runs the survey in a process of its own.
    /// - Returns: true if every promise was kept.
    func watch(program: String) throws -> Bool {
        let watch = FuzzSurveyWatch(program: program, arguments: arguments, isSilent: isJSON)
        var output = Output()
        let end = try watch.run { try output.line($0) }
        switch end {
        case .status(0): break
        case .status(CommandStatus.damageFound.rawValue): break
        case .status(let status):
            throw CommandFailure(
                .internalError, code: "survey", "the survey ended with status \(status)")
        case .trap(let signal, let attempt):
            var result = Result()
            result.add(
                Finding(
                    text: "\(Promise.bytesAreNotTrusted): the process died by signal \(signal)"
                        + " while it tried: \(attempt)"))
            try output.line(isJSON ? object(of: result).text : text(of: result))
        }
        try output.send()
        return end == .status(0)
    }

    private var arguments: [String] {
        let part =
            switch kind {
            case .exhaustive(let depth): ["--exhaustive", "\(depth)"]
            case .sweep: ["--sweep"]
            case .failures: ["--failures"]
            }
        return ["fuzz", "--is-watched"] + part + (isBounded ? ["--bounded"] : [])
            + (isJSON ? ["--json"] : []) + (keep.map { ["--keep", $0] } ?? [])
    }

    /// - Returns: true if every promise was kept.
    func run() throws -> Bool {
        let started = SystemClock.monotonicNanoseconds()
        var result =
            switch kind {
            case .exhaustive(let depth): try exhaustive(depth)
            case .sweep: try sweep()
            case .failures: try failures()
            }
        result.seconds = Double(SystemClock.monotonicNanoseconds() - started) / 1e9
        if let keep { try FuzzFinding.keep(result.findings.compactMap(\.script), in: keep) }
        var output = Output()
        try output.line(isJSON ? object(of: result).text : text(of: result))
        let isSound = result.findingCount == 0
        try Output.reporting(isSound ? .done : .damageFound) { try output.send() }
        return isSound
    }

    /// Before each attempt: if it traps, this is what is known of it.
    private func say(_ attempt: String) {
        guard isWatched else { return }
        do {
            var output = Output()
            try output.line(String(UnicodeScalar(FuzzSurveyWatch.mark)) + attempt)
            try output.send()
        } catch {
            // Nobody listens any more: whoever watched was ended.
            RootCommand.end(with: error)
        }
    }

    // MARK: The three of them

    private func exhaustive(_ depth: Int) throws -> Result {
        var result = Result()
        var sum = ExhaustiveCounts()
        for workload in Exhaustive.workloads(upTo: depth) {
            let name = workload.map(\.rawValue).joined(separator: ", ")
            say(name)
            sum += try Exhaustive.explore(workload) { found in
                result.add(
                    Finding(
                        text: "\(name): \(found.violation)\n    \(found.place)",
                        script: found.script))
            }
        }
        result.counts = sum.named
        return result
    }

    private func sweep() throws -> Result {
        var result = Result()
        var sum = SweepCounts()
        for ending in SweepEnding.allCases {
            for blockBytes in [512, 4096] {
                for kind in Sweep.Kind.allCases {
                    sum += try Sweep.run(
                        kind, ending, blockBytes: blockBytes, isBounded ? .bounded : .whole,
                        trying: say
                    ) {
                        result.add(Finding(text: $0))
                    }
                }
            }
        }
        result.counts = sum.named
        return result
    }

    private func failures() throws -> Result {
        let extent: CallFailures.Extent = isBounded ? .bounded : .whole
        var result = Result()
        var sum = RunCounts()
        for call in CallFailures.calls {
            let counts = try CallFailures.survey(call, extent, trying: say) { text in
                result.add(Finding(text: text))
            }
            sum += counts
            result.counts.append(("\(call)", counts.runs))
        }
        var repairs = 0
        for harm in RepairFailures.Harm.allCases {
            let counts = try RepairFailures.survey(harm, extent, trying: say) { text in
                result.add(Finding(text: text))
            }
            sum += counts
            repairs += counts.runs
        }
        result.counts.append(("of_a_repair", repairs))
        result.counts += [
            ("runs", sum.runs), ("faults", sum.faults), ("crashes", sum.crashes),
            ("states", sum.states), ("refusals", sum.refusals), ("unknown", sum.unknown),
            ("repairs", sum.repairs),
        ]
        return result
    }

    // MARK: Output

    private func text(of result: Result) -> String {
        let width = result.counts.map(\.name.count).max() ?? 0
        var lines = result.counts.map { name, count in
            let words = String(name.map { $0 == "_" ? " " : $0 })
            let space = String(repeating: " ", count: width - name.count + 2)
            return words + space + count.grouped
        }
        for finding in result.findings {
            lines += ["", "BROKEN    \(finding.text)"]
            if let script = finding.script {
                lines += script.text.split(separator: "\n").map { "    \($0)" }
            }
        }
        let tail = "in \(result.seconds.fixed(1)) s"
        lines.append(
            result.findingCount == 0
                ? "Every promise was kept, \(tail)."
                : "Broken \(result.findingCount.grouped) times, \(tail).")
        return lines.joined(separator: "\n")
    }

    private func object(of result: Result) -> JSONObject {
        var object = JSONObject()
        object.add("ok", result.findingCount == 0)
        object.add("seconds", json: result.seconds.fixed(3))
        var counts = JSONObject()
        for (name, count) in result.counts { counts.add(name, count) }
        object.add("counts", counts)
        object.add("finding_count", result.findingCount)
        object.add("findings", result.findings.map(\.object))
        return object
    }
}

extension FuzzSurvey.Finding {
    fileprivate var object: JSONObject {
        var object = JSONObject()
        object.add("text", text)
        if let script { object.add("script", script.text) }
        return object
    }
}
