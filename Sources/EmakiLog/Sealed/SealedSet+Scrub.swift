import EmakiPlatform

/// What a scrub found and did.
public struct ScrubReport: Sendable, Equatable, Codable {
    /// Files that were read.
    public var files = 0
    /// Their bytes.
    public var bytes = 0
    /// Their events.
    public var events = 0
    /// Pages that were damaged and are whole again.
    public var repairedPages = 0
    /// What is damaged beyond its parity, one place for each file.
    public var damages: [Corruption] = []
    /// It was ended before all files were read.
    public var isCutShort = false
}

extension ScrubReport: CustomStringConvertible {
    /// A few lines for people.
    public var description: String {
        var lines = [
            "read \(files) sealed files, \(bytes) bytes, \(events) events; \(repairedPages) pages"
                + " were damaged and are whole again"
        ]
        lines += damages.map { "DAMAGED: \($0)" }
        if isCutShort { lines.append("not all files were read") }
        return lines.joined(separator: "\n")
    }
}

extension SealedSet {
    /// Checks all files, one after the other.
    func scrub(progress: (_ done: Int, _ total: Int) -> Bool) throws(LogError) -> ScrubReport {
        var report = ScrubReport()
        let total = files.reduce(0) { $0 + $1.footer.fileBytes }
        for file in files {
            var pieces = 0
            do throws(LogError) {
                let found = try file.check {
                    pieces += 1
                    return progress(
                        report.bytes + min(pieces << 20, file.footer.fileBytes), total)
                }
                guard let found else {
                    report.isCutShort = true
                    return report
                }
                report.repairedPages += found.repairedCount
                report.events += found.eventCount
            } catch .corrupt(let corruption) {
                report.damages.append(corruption)
            }
            report.files += 1
            report.bytes += file.footer.fileBytes
        }
        return report
    }
}
