import EmakiPlatform

/// Scrubbing as the simulator does it, which holds the core alone.
extension LogCore {
    /// One whole pass over all sealed files.
    /// - Parameter random: decides where it begins.
    /// - Returns: what was found and mended; of events nothing is said.
    package func scrubPages(random: UInt64) throws(LogError) -> ScrubReport {
        let pass = ScrubPass(over: sealed, in: files, random: random)
        var report = ScrubReport()
        while let outcome = try pass.step() {
            report.bytes += outcome.bytes
            report.files += outcome.endsFile ? 1 : 0
            report.repairedPages += outcome.repairs.count
            report.damages += outcome.damages.map(\.corruption)
        }
        return report
    }
}
