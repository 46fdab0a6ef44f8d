import ArgumentParser
import EmakiLog
import Foundation

/// The `emaki` command: everything that an operator does with a store.
@main
struct EmakiCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emaki",
        abstract: "An append-only event log for workflow histories, durable on return.",
        discussion: """
            A store is a folder. Every command takes its lock. If a process has the store open, \
            stats, read, backup, scrub and workflow ask that process; the others are refused, \
            with its number.

            EXAMPLES
              emaki create orders.emaki
              emaki append orders.emaki order-7 --type Placed --payload '{"total":42}'
              emaki read orders.emaki order-7
              emaki import orders.emaki histories.jsonl
              emaki verify orders.emaki

            EXIT STATUS
            \(CommandStatus.table)

            Errors go to standard error as one sentence; with --json as one JSON object, \
            {"error":{"code":…,"message":…}}.
            """,
        subcommands: [
            CreateCommand.self, AppendCommand.self, ReadCommand.self, FollowCommand.self,
            StreamsCommand.self, ImportCommand.self, ExportCommand.self, VerifyCommand.self,
            InspectCommand.self, StatsCommand.self, ProbeCommand.self, RepairCommand.self,
            TruncateCommand.self, DeleteCommand.self, PurgeCommand.self, ForgetCommand.self,
            ExpireCommand.self, SnapshotCommand.self,
            SealCommand.self, MergeCommand.self, ScrubCommand.self,
            BackupCommand.self, RestoreCommand.self, WorkflowCommand.self,
            BenchCommand.self, FuzzCommand.self, DemoCommand.self, SealedFileCommand.self,
            BenchScaleCommand.self,
        ])

    static func main() async {
        // A reader that goes away is told apart by the failing write, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
        } catch {
            end(with: error)
        }
    }

    /// Reports an error and ends the process with its status.
    static func end(with error: any Error) -> Never {
        if let status = error as? ExitCode { Foundation.exit(status.rawValue) }
        let wantsJSON = CommandLine.arguments.contains("--json")
        if isArgumentParsers(error) {
            // Help and the like are no errors, and go to standard output.
            guard exitCode(for: error) != .success else { exit(withError: error) }
            let failure = CommandFailure.usage(message(for: error))
            ErrorOutput.report(failure, asJSON: wantsJSON)
            if !wantsJSON { ErrorOutput.write(usage(after: error)) }
            Foundation.exit(failure.status.rawValue)
        }
        guard let failure = CommandFailure(reporting: error) else {
            // Quietly; what the command found out is true all the same.
            let status = (error as? OutputClosed)?.status ?? .done
            Foundation.exit(status.rawValue)
        }
        ErrorOutput.report(failure, asJSON: wantsJSON)
        Foundation.exit(failure.status.rawValue)
    }

    /// Errors of parsing, requests for help, and `ValidationError`: the library words them.
    private static func isArgumentParsers(_ error: any Error) -> Bool {
        switch error {
        case is CommandFailure, is LogError, is OutputClosed, is CancellationError: false
        case is ValidationError, is CleanExit: true
        default: String(reflecting: type(of: error)).hasPrefix("ArgumentParser.")
        }
    }

    /// What the library says behind its own first line.
    private static func usage(after error: any Error) -> String {
        let lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0.hasPrefix("Usage:") }) else { return "" }
        return lines[start...].joined(separator: "\n") + "\n"
    }
}
