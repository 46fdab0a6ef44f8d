import ArgumentParser
import EmakiLog

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back a store up into a folder of backups, or look after such a folder.",
        discussion: """
            A folder holds the backups of one store. Files that an earlier backup brought are not \
            copied again. What is copied is read back from the device; a manifest with the \
            checksums of all files is written last, so a backup that was interrupted is none, and \
            leaves the earlier ones as they were. A store that a process has open is backed up by \
            that process (`EventLog.backup`).

            --check reads every page and event of every backup in the folder, mends damaged pages \
            by their parity, and says up to which position each backup holds everything; the \
            status is 1 if one is damaged beyond that. With --list, --check or --keep alone, name \
            the folder only.

            EXAMPLES
              emaki backup orders.emaki /backups/orders
              emaki backup orders.emaki /backups/orders --keep 7 --check
              emaki backup orders.emaki /same-disk/checkpoints --link
              emaki backup --list /backups/orders
              emaki backup --check /backups/orders
              emaki restore /backups/orders orders.emaki
            """)

    @Argument(
        help: "The store and the folder of its backups; or the folder only.",
        completion: .directory)
    var paths: [String]

    @Flag(help: "Name sealed files a second time instead of copying them, on the same disk.")
    var link = false

    @Option(help: ArgumentHelp("Remove all but the newest backups.", valueName: "count"))
    var keep: Int?

    @Flag(help: "Prove that every backup in the folder is whole.")
    var check = false

    @Flag(help: "List the backups in the folder.")
    var list = false

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard (1...2).contains(paths.count) else {
            throw ValidationError("name a store and a folder; or, to look at backups, a folder")
        }
        let looksOnly = list || check || keep != nil
        guard paths.count == 2 || looksOnly else {
            throw ValidationError("name the folder that the backup goes to")
        }
        guard paths.count == 1 || !list else {
            throw ValidationError("--list looks at a folder of backups: name that only")
        }
        guard paths.count == 2 || !link else {
            throw ValidationError("--link is for making a backup: name a store and a folder")
        }
        if let keep, keep < 1 { throw ValidationError("--keep is at least 1") }
    }

    func run() async throws {
        let folder = paths[paths.count - 1]
        var object = JSONObject()
        var lines: [String] = []
        if paths.count == 2 {
            let report = try await backUp(paths[0], to: folder)
            try object.add("report", encoding: report)
            lines.append(report.description)
        } else if let keep {
            let count = try await EventLog.pruneBackups(at: folder, keeping: keep)
            object.add("removedBackups", count)
            lines.append("\(count) older backups removed")
        }
        if list {
            let backups = try await EventLog.backups(at: folder)
            try object.add("backups", encoding: backups)
            lines += backups.map { "\($0), \(EventView.time($0.instant))" }
            if backups.isEmpty { lines.append("no backup yet") }
        }
        var status = CommandStatus.done
        if check {
            let progress = ProgressLine("checked", isShown: !answer.json)
            let found = try await EventLog.checkBackups(at: folder, progress: progress.report)
            progress.end()
            try object.add("check", encoding: found)
            lines.append(found.description)
            if !found.isSound { status = .damageFound }
        }
        try Output.reporting(status) {
            var output = Output()
            if answer.json {
                try output.line(object)
            } else {
                for line in lines { try output.line(line) }
            }
            try output.send()
        }
    }

    /// A backup changes nothing in the store, so neither does opening it for one.
    private func backUp(_ store: String, to folder: String) async throws -> BackupReport {
        var options = BackupOptions()
        options.links = link
        options.keeps = keep
        // Nobody else has the store.
        options.isGentle = false
        let chosen = options
        let progress = ProgressLine("backed up", isShown: !answer.json)
        let place = try StoreArgument.parse([store])
        let report = try await place.open(.readOnly()) { log in
            try await log.backup(to: folder, chosen, progress: progress.report)
        }
        progress.end()
        return report
    }
}
