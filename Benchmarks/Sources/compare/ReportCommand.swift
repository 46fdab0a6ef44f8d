import ArgumentParser
import CompareKit
import Foundation

/// Makes a page and tables of lines.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Make a page, and tables, of the lines that run wrote.")

    @Argument(help: "Files of lines; what was measured alike is put together.")
    var files: [String]
    @Option(help: "Write one page with pictures here.")
    var html: String?
    @Option(help: "Write tables here. Default, without --html: standard output.")
    var markdown: String?
    @Flag(help: "Also if others used the machine in more than a tenth of the programs.")
    var evenIfBusy = false

    @Flag(help: "Leave out the programs that met others, and say how many.")
    var leaveOutBusy = false

    func run() throws {
        var lines: [ResultLine] = []
        for file in files {
            lines += try ResultLine.lines(in: String(contentsOfFile: file, encoding: .utf8))
        }
        let all = RunLines(lines)
        let run = leaveOutBusy ? all.quiet : all
        guard !run.isTooBusy || evenIfBusy else {
            throw ValidationError(
                "others used the machine in \(run.busyCount) of \(run.watchedCount) programs: the"
                    + " figures mean nothing; --even-if-busy makes the report all the same")
        }
        let report = ReportBuilder(run).report()
        if let html { try write(HTMLWriter.text(report), to: html) }
        if let markdown {
            try write(MarkdownWriter.text(report), to: markdown)
        } else if html == nil {
            print(MarkdownWriter.text(report))
        }
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
