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
    /// Checks all files, one after the other: every page as the device has it, and then what the
    /// pages say.
    func scrub(
        in files: any FileSystem, progress: (_ done: Int, _ total: Int) -> Bool
    ) throws(LogError) -> ScrubReport {
        var report = ScrubReport()
        let total = self.files.reduce(0) { $0 + $1.footer.fileBytes }
        for file in self.files {
            var done = report.bytes
            let isDone = try file.scrub(in: files, &report) { bytes in
                done += bytes
                return progress(min(done, total), total)
            }
            guard isDone else {
                report.isCutShort = true
                return report
            }
            report.files += 1
            report.bytes += file.footer.fileBytes
        }
        return report
    }
}

extension SealedFile {
    /// - Parameter goesOn: called after each piece with its bytes; false ends it.
    /// - Returns: false if it was ended.
    fileprivate func scrub(
        in files: any FileSystem, _ report: inout ScrubReport, goesOn: (Int) -> Bool
    ) throws(LogError) -> Bool {
        let pass = ScrubPass(over: SealedSet([self]), in: files, random: 0)
        var damage: Corruption?
        while let outcome = try pass.step() {
            report.repairedPages += outcome.repairs.count
            damage = damage ?? outcome.damages.first?.corruption
            guard goesOn(outcome.bytes) else { return false }
        }
        do throws(LogError) {
            if damage == nil {
                guard let eventCount = try checkContents(goesOn: { goesOn(0) }) else {
                    return false
                }
                report.events += eventCount
            }
        } catch .corrupt(let corruption) {
            damage = corruption
        }
        if let damage { report.damages.append(damage) }
        return true
    }
}
