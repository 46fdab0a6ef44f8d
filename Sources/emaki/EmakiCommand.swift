import ArgumentParser

@main
struct EmakiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "emaki", subcommands: [BenchCommand.self])
}
