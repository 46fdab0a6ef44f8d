import ArgumentParser
import EmakiLog
import EmakiPlatform
import Foundation

/// `emaki demo`: the whole promise in under a minute, on a store of its own.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: """
            Append, kill the process that appends, and prove that nothing was lost; then do the \
            same to a workflow.
            """,
        discussion: """
            Everything happens in a temporary folder. The exit status is 1 if an acknowledged \
            append is missing, or a step of the workflow ran twice.
            """)

    @Option(help: "Where the store's folder is made. Default: the system's temporary folder.")
    var `in`: String?
    @Option(help: "Tasks that append at once.")
    var tasks: Int = 64
    @Option(help: "How long the appends are measured.")
    var seconds: Double = 3
    @Option(help: "How often the appending process is killed.")
    var kills: Int = 5
    @Option(help: "Seed of what is random: when to kill.")
    var seed: UInt64 = 1
    @Flag(help: "Keep the store's folder.")
    var keep = false
    @Flag(help: "Print one JSON object at the end instead of the story.")
    var json = false
    @Option(help: .hidden)
    var childFolder: String?
    @Option(help: .hidden)
    var transferFolder: String?
    @Option(help: .hidden)
    var childRound: UInt64 = 0

    func validate() throws {
        guard (1...4096).contains(tasks) else { throw ValidationError("--tasks is 1 to 4096") }
        guard seconds > 0, seconds <= 60 else {
            throw ValidationError("--seconds is above 0, at most 60")
        }
        guard (1...1000).contains(kills) else { throw ValidationError("--kills is 1 to 1000") }
    }

    func run() async throws {
        if let transferFolder { return try await DemoTransfer(folder: transferFolder).child() }
        if let childFolder {
            let child = DemoChild(folder: childFolder, round: childRound, taskCount: tasks)
            return try await child.run()
        }
        let parent = `in` ?? FileManager.default.temporaryDirectory.path
        let folder = parent + "/emaki-demo-\(SystemClock.wallNanoseconds())"
        defer { if !keep { BenchFolder.remove(folder) } }
        var story = DemoStory(
            folder: folder, taskCount: tasks, seconds: seconds, killCount: kills, seed: seed,
            tell: { line in if !json { try Self.print(line) } })
        try await story.run()
        if json { try Self.print(story.report.object.text) }
        if keep && !json { try Self.print("   The store is kept: emaki stats \(folder)") }
        guard story.report.isProven else { throw ExitCode(1) }
    }

    /// At once: whoever watches sees each step as it happens.
    private static func print(_ line: String) throws {
        try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    }
}
