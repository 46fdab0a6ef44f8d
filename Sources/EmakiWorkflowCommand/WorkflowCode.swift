import ArgumentParser
import EmakiCommandSupport
import EmakiWorkflow
import Foundation

/// The code of workflows, where the command is part of a program that has it.
enum WorkflowCode {
    /// Nil in `emaki` itself.
    @TaskLocal static var atHand: OperatorCode?

    /// For the help.
    static var inWords: String {
        atHand == nil
            ? "`query` and `update` need the workflow's code: a program that has it gets these "
                + "commands by one line, see WorkflowCommand.runIfAsked."
            : "`query` and `update` are answered by the code of this program; an update whose "
                + "handler asks for a step is recorded, and left to that process."
    }
}

extension WorkflowCommand {
    /// Gives a program the commands `PROGRAM workflow list STORE …`, with its workflows' code at
    /// hand.
    ///
    ///     @main
    ///     struct Bank {
    ///         static func main() async throws {
    ///             await WorkflowCommand.runIfAsked(workflows: [AccountTransfer.self])
    ///             … // what the program does otherwise
    ///         }
    ///     }
    ///
    /// If the first argument of the program is `workflow`, this does what the others ask and ends
    /// the process with a status of `emaki --help`; otherwise it returns at once. The store is that
    /// of the process that has it open; where nobody has, it is opened here. Then the code answers
    /// queries, validates messages and handles updates, but **begins nothing**: no activity is
    /// executed, no timer runs off, no child is started, whatever the store says is due. An update
    /// whose handler asks for a step is recorded, and left to the next engine that runs the
    /// workflows. So no activities are needed here.
    ///
    /// - Parameters:
    ///   - workflows: as the engine that runs them has them.
    ///   - options: as that engine has them. The codec counts, how payloads are shown and given,
    ///     the clock, and interceptors of starts; what is about running does not.
    ///   - arguments: the program's, its name first.
    public static func runIfAsked(
        workflows: [any Workflow.Type], options: EngineOptions = EngineOptions(),
        arguments: [String] = CommandLine.arguments
    ) async {
        await runIfAsked(
            definitions: workflows.map { WorkflowDefinition($0) }, options: options,
            arguments: arguments)
    }

    /// The same for definitions, which have fingerprints of their own.
    public static func runIfAsked(
        definitions: [WorkflowDefinition], options: EngineOptions = EngineOptions(),
        arguments: [String] = CommandLine.arguments
    ) async {
        guard arguments.dropFirst().first == commandName else { return }
        let code = OperatorCode(definitions, options)
        await WorkflowCode.$atHand.withValue(code) {
            await ProgramCommand.runToEnd(Array(arguments.dropFirst()))
        }
        Foundation.exit(CommandStatus.done.rawValue)
    }
}

/// The program that the verbs are part of, for usage and help.
struct ProgramCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Program.name, subcommands: [WorkflowCommand.self])
}
