import ArgumentParser

@main
struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Measure the engine beside others, and the raw device beside all of them.",
        subcommands: [
            EngineCommand.self, RunCommand.self, ReportCommand.self, EnginesCommand.self,
        ],
        defaultSubcommand: RunCommand.self)
}
