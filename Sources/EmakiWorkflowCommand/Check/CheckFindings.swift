import EmakiLog
import EmakiPlatform
import EmakiWorkflow

/// What a check has found so far.
struct CheckFindings: Sendable {
    /// Runs that part from the code in the same way.
    struct Group: Sendable {
        var type: String
        var verdict: ReplayVerdict
        var workflows: [String] = []
        var count = 0
        fileprivate static let namedMax = 5
    }

    private struct GroupKey: Hashable {
        var type: String
        var kind: String
        var text: String
    }

    /// By type and verdict.
    private(set) var counts: [String: [ReplayVerdict.Kind: Int]] = [:]
    private(set) var openCounts: [String: Int] = [:]
    private(set) var closedCount = 0
    private(set) var eventCount = 0
    private var groups: [GroupKey: Group] = [:]
    /// By type and id, of open runs: how many have gone the new way, and how many the old one.
    private(set) var patches: [String: [String: (taken: Int, declined: Int)]] = [:]

    var openCount: Int { openCounts.values.reduce(0, +) }
    /// Open runs that could not go on.
    private(set) var problemCount = 0
    /// Runs that have ended, and that the code does not follow. Nobody needs them to go on; they
    /// show ways through the code that no open run has taken yet.
    private(set) var endedProblemCount = 0

    mutating func add(_ run: StoredHistory, _ verdict: ReplayVerdict) {
        counts[run.workflowType, default: [:]][verdict.kind, default: 0] += 1
        if run.isOpen {
            openCounts[run.workflowType, default: 0] += 1
        } else {
            closedCount += 1
        }
        eventCount += run.events.count
        if run.isOpen {
            for id in verdict.patchesTaken ?? [] {
                patches[run.workflowType, default: [:]][id, default: (0, 0)].taken += 1
            }
            for id in verdict.patchesDeclined ?? [] {
                patches[run.workflowType, default: [:]][id, default: (0, 0)].declined += 1
            }
        }
        guard verdict.kind != .same else { return }
        if run.isOpen { problemCount += 1 } else { endedProblemCount += 1 }
        let text =
            verdict.kind == .diverges
            ? Self.ground(verdict.branch) + "\n" + Self.ground(verdict.recorded, isHashed: true)
                + "\n" + Self.ground(verdict.found, isHashed: true)
                + "\n" + (verdict.place?.description ?? "")
            : Self.ground(verdict.message)
        let key = GroupKey(type: run.workflowType, kind: verdict.kind.rawValue, text: text)
        guard groups[key] != nil || groups.count < Self.groupsMax else { return }
        var group = groups[key] ?? Group(type: run.workflowType, verdict: verdict)
        group.count += 1
        if group.workflows.count < Group.namedMax { group.workflows.append(run.workflowID) }
        groups[key] = group
    }

    private static let groupsMax = 1_000

    /// Without what is another one in each run: numbers of events, and hashes of inputs.
    private static func ground(_ text: String?, isHashed: Bool = false) -> String {
        let text = text ?? ""
        if isHashed { return text.split(separator: ", input ").first.map(String.init) ?? "" }
        return text.split { $0.isNumber }.joined(separator: "0")
    }

    /// The largest first.
    var sortedGroups: [Group] {
        groups.values.sorted {
            ($1.count, $0.type, $0.verdict.message) < ($0.count, $1.type, $1.verdict.message)
        }
    }
}

extension CheckFindings {
    private static let columns: [(title: String, kind: ReplayVerdict.Kind)] = [
        ("SAME", .same), ("DIVERGES", .diverges), ("FAILS", .fails), ("BLOCKED", .blocked),
        ("DAMAGED", .damaged), ("TRAPS", .traps), ("SPINS", .spins),
    ]

    /// A table by types, and what was found of each way to part, for people.
    /// - Parameter isWhole: all open runs were replayed.
    func lines(groupsMax: Int, isWhole: Bool) -> [String] {
        let titles = ["TYPE"] + Self.columns.map(\.title)
        let rows = counts.sorted { $0.key < $1.key }.map { type, counts in
            [type.isEmpty ? "?" : type] + Self.columns.map { "\(counts[$0.kind] ?? 0)" }
        }
        let widths = titles.indices.map { column in
            ([titles] + rows).map { $0[column].count }.max() ?? 0
        }
        var lines = ([titles] + rows).map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
        lines += patchLines(isWhole)
        let groups = sortedGroups
        for group in groups.prefix(groupsMax) { lines += [""] + group.lines }
        if groups.count > groupsMax {
            lines += ["", "\(groups.count - groupsMax) more ways to part; see them with --json"]
        }
        return lines
    }
}

extension CheckFindings {
    /// Nobody needs the old way, if all open runs of the type are known: of one that the code does
    /// not follow nobody knows which way it went.
    func mayAdvise(_ type: String, _ ways: (taken: Int, declined: Int)) -> Bool {
        let all = counts[type] ?? [:]
        return ways.declined == 0 && all.allSatisfy { $0.key == .same || $0.value == 0 }
    }

    /// What may be done about each `patched(_:)` that open runs have come by.
    private func patchLines(_ isWhole: Bool) -> [String] {
        var lines: [String] = []
        for (type, ids) in patches.sorted(by: { $0.key < $1.key }) {
            for (id, ways) in ids.sorted(by: { $0.key < $1.key }) {
                var advice = "; of others nothing is known here"
                if ways.declined > 0 {
                    advice = ": both ways are needed"
                } else if isWhole, mayAdvise(type, ways) {
                    advice = ": safe to remove the old way"
                }
                lines.append(
                    "\(type): patched(\"\(id)\"): of \(openCounts[type] ?? 0) open runs "
                        + "\(ways.taken) took the new way, \(ways.declined) the old one\(advice)")
            }
        }
        return lines.isEmpty ? [] : [""] + lines
    }
}

extension CheckFindings.Group {
    fileprivate var lines: [String] {
        let more = count - workflows.count
        let names = workflows.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        let runs = count == 1 ? "1 run" : "\(count) runs"
        let event = verdict.event.map { " at event \($0)" } ?? ""
        switch verdict.kind {
        case .diverges:
            let branch = verdict.branch ?? ""
            let found =
                verdict.found.map { $0 + place(", at", verdict.place) }
                ?? "nothing more" + place(", and waits at", verdict.place)
            let agreed = verdict.lastEqual.map {
                "they agree up to \($0)" + place(", at", verdict.lastEqualPlace)
            }
            return [
                "\(type): \(runs) diverge after event \(verdict.event ?? 0)"
                    + (branch.isEmpty ? "" : ", in branch “\(branch)”"),
                "  history:   \(verdict.recorded ?? "nothing more")",
                "  this code: \(found)",
                "  \(agreed ?? "nothing before it is equal")",
                "  workflows: \(names)",
                "  \(verdict.advice)",
            ]
        case .traps: return describe("\(runs) end the process\(event)", names)
        case .spins: return describe("\(runs) compute without end\(event)", names)
        case .fails: return describe("\(runs) fail\(event)", names)
        case .blocked: return describe("\(runs) have no code to go on with", names)
        case .damaged: return describe("\(runs) cannot be read", names)
        case .same: return []
        }
    }

    private func place(_ word: String, _ place: SourcePlace?) -> String {
        place.map { "\(word) \($0)" } ?? ""
    }

    private func describe(_ what: String, _ names: String) -> [String] {
        ["\(type): \(what)", "  \(verdict.message)", "  workflows: \(names)"]
    }
}
