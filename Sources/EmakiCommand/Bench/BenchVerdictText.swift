/// A verdict for a terminal, beside an earlier one if there is one.
struct BenchVerdictText {
    let verdict: BenchVerdict
    let earlier: BenchVerdict?
    private var lines: [String] = []

    init(_ verdict: BenchVerdict, earlier: BenchVerdict?) {
        (self.verdict, self.earlier) = (verdict, earlier)
    }

    var text: String {
        var copy = self
        copy.addHeading()
        copy.addWrites()
        copy.addAppends()
        copy.addSentences()
        return copy.lines.joined(separator: "\n")
    }

    private mutating func addHeading() {
        lines.append("\(verdict.machine), \(verdict.fileSystem)")
        lines.append(
            "load \(verdict.load.fixed(2)); others used \(verdict.othersCores.fixed(2)) cores"
                + " just before; each run was warmed up for 0.3 s")
        if let delay = verdict.syncLatencyMicroseconds {
            lines.append(
                "SLOW DISK: \(delay.fixed(0)) us were added to each durable write of the log; F"
                    + " is without them")
        }
    }

    private mutating func addWrites() {
        lines.append("")
        add(["durable write of", "by", "p50, us", "p99, us", "MB/s"], widths: Self.writeWidths)
        for write in verdict.writes {
            let before = earlier?.writes.first {
                $0.method == write.method && $0.blockBytes == write.blockBytes
            }
            add(
                [
                    "\(write.blockBytes / 1024) KiB", write.method, write.p50.fixed(1),
                    write.p99.fixed(1), (Double(write.blockBytes) / write.p50).fixed(0),
                    change(write.p50, before?.p50),
                ], widths: Self.writeWidths)
        }
    }

    private mutating func addAppends() {
        lines.append("")
        add(
            ["appenders", "F, us", "p50 / F", "p99 / F", "p50, us", "p99, us", "events/s", "× F"],
            widths: Self.appendWidths)
        for append in verdict.appends {
            let before = earlier?.appends.first {
                $0.shape == append.shape && $0.appenders == append.appenders
            }
            add(
                [
                    append.shape == "thread" ? "1 plain thread" : "\(append.appenders)",
                    append.f.fixed(1), (append.p50 / append.f).fixed(2),
                    (append.p99 / append.f).fixed(1), append.p50.fixed(1), append.p99.fixed(1),
                    append.eventsPerSecond.fixed(0),
                    (append.eventsPerSecond * append.f / 1e6).fixed(1),
                    change(append.eventsPerSecond, before?.eventsPerSecond),
                ], widths: Self.appendWidths)
        }
    }

    private mutating func addSentences() {
        lines.append("")
        // A sentence a line.
        for text in [verdict.workflowSentence, verdict.limit] {
            lines += text.replacing(". ", with: ".\n").split(separator: "\n").map(String.init)
        }
        if let earlier, let before = earlier.workflows.first, let now = verdict.workflows.first {
            lines.append(
                "Before, a two-step workflow took \((before.p50 / 1000).fixed(2)) ms:"
                    + " \(change(now.p50, before.p50)) now.")
        }
        for warning in verdict.warnings { lines += ["", "WARNING: " + warning] }
        if verdict.isBusy {
            lines += [
                "", "WARNING: others used the machine, so these figures are not comparable.",
            ]
        }
    }

    private func change(_ now: Double, _ before: Double?) -> String {
        guard let before, before > 0 else { return "" }
        let percent = 100 * (now / before - 1)
        return "\(percent >= 0 ? "+" : "")\(percent.fixed(0)) %"
    }

    private static let writeWidths = [17, 12, 10, 10, 8, 8]
    private static let appendWidths = [16, 9, 9, 9, 11, 11, 10, 7, 8]

    /// The first column from the left, the others from the right.
    private mutating func add(_ cells: [String], widths: [Int]) {
        let padded = zip(cells, widths).enumerated().map { index, cell in
            let space = String(repeating: " ", count: max(1, cell.1 - cell.0.count))
            return index == 0 ? cell.0 + space : space + cell.0
        }
        var line = padded.joined()
        while line.last == " " { line.removeLast() }
        lines.append(line)
    }
}
