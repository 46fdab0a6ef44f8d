import ArgumentParser
import EmakiCommandSupport
import EmakiWorkflowCommand

/// The `emaki` command: everything that an operator does with a store.
package struct RootCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
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

    package init() {}
}
