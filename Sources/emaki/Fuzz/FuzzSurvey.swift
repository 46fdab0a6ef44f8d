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
    private static let progressNanoseconds: Int64 = 500_000_000

    let kind: Kind
    let isJSON: Bool
    let keep: String?

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

    // MARK: The three of them

    private func exhaustive(_ depth: Int) throws -> Result {
        var result = Result()
        var sum = ExhaustiveCounts()
        let workloads = Exhaustive.workloads(upTo: depth)
        var progress = Progress(isSilent: isJSON)
        for (number, workload) in workloads.enumerated() {
            sum =
                sum
                + (try Exhaustive.explore(workload) { found in
                    let name = workload.map(\.rawValue).joined(separator: ", ")
                    result.add(
                        Finding(
                            text: "\(name): \(found.violation)\n    \(found.place)",
                            script: found.script))
                })
            progress.show(
                "\(number + 1) of \(workloads.count) workloads, \(sum.states.grouped) states")
        }
        progress.clear()
        result.counts = ExhaustiveCounts.fields.map { ($0.name, sum[keyPath: $0.path]) }
        return result
    }

    private func sweep() throws -> Result {
        var result = Result()
        var sum = SweepCounts()
        var progress = Progress(isSilent: isJSON)
        for ending in SweepEnding.allCases {
            for blockBytes in [512, 4096] {
                for kind in Sweep.Kind.allCases {
                    progress.show(
                        "\(ending), blocks of \(blockBytes), \(kind): \(sum.damages.grouped)"
                            + " damages so far")
                    sum =
                        sum
                        + (try Sweep.run(kind, ending, blockBytes: blockBytes, .whole) {
                            result.add(Finding(text: $0))
                        })
                }
            }
        }
        progress.clear()
        result.counts = SweepCounts.fields.map { ($0.name, sum[keyPath: $0.path]) }
        return result
    }

    private func failures() throws -> Result {
        var result = Result()
        var sum = RunCounts()
        var progress = Progress(isSilent: isJSON)
        for call in CallFailures.calls {
            let counts = try CallFailures.survey(call, .whole) { text in
                result.add(Finding(text: text))
            }
            sum = sum + counts
            result.counts.append(("\(call)", counts.runs))
            progress.show("\(call): \(counts.runs.grouped) runs")
        }
        progress.clear()
        result.counts += [
            ("runs", sum.runs), ("faults", sum.faults), ("crashes", sum.crashes),
            ("states", sum.states), ("refusals", sum.refusals), ("unknown", sum.unknown),
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

    /// One line on a terminal, now and then.
    private struct Progress {
        let isSilent: Bool
        var last: Int64 = 0

        init(isSilent: Bool) { self.isSilent = isSilent || !ErrorOutput.isTerminal }

        mutating func show(_ text: String) {
            let now = SystemClock.monotonicNanoseconds()
            guard !isSilent, now - last > FuzzSurvey.progressNanoseconds else { return }
            last = now
            ErrorOutput.write("\r\u{1b}[K\(text)")
        }

        func clear() {
            if !isSilent { ErrorOutput.write("\r\u{1b}[K") }
        }
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
