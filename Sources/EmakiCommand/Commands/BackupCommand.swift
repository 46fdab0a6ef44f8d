import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import Foundation

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Back a store up into a folder of backups, or look after such a folder.",
        discussion: """
            A folder holds the backups of one store. Files that an earlier backup brought are not \
            copied again. What is copied is read back from the device; a manifest with the \
            checksums of all files is written last, so a backup that was interrupted is none, and \
            leaves the earlier ones as they were. A store that a process has open is backed up by \
            that process, which goes on with its work meanwhile.

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

    @OptionGroup var progress: ProgressOption
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
        var found = Found()
        if paths.count == 2 {
            found = try await backUp(paths[0], to: folder)
        } else if let keep {
            found.removedCount = try await EventLog.pruneBackups(at: folder, keeping: keep)
        }
        if list { found.backups = try await EventLog.backups(at: folder) }
        if check, found.check == nil {
            let line = progress.line("checked", answer)
            found.check = try await EventLog.checkBackups(at: folder, progress: line.report)
            line.end()
        }
        let isSound = found.check?.isSound ?? true
        try Output.reporting(isSound ? .done : .damageFound) {
            var output = Output()
            if answer.json {
                try output.line(try found.json)
            } else {
                for line in found.lines { try output.line(line) }
            }
            try output.send()
        }
    }

    /// A backup changes nothing in the store, so neither does opening it for one.
    private func backUp(_ store: String, to folder: String) async throws -> Found {
        var options = BackupOptions()
        options.links = link
        options.keeps = keep
        // Nobody else has the store.
        options.isGentle = false
        let chosen = options
        let line = progress.line("backed up", answer)
        let place = try StoreArgument.parse([store])
        let found = try await place.open(.readOnly()) { owner in
            try backUp(with: &owner, to: folder)
        } _: { log in
            Found(report: try await log.backup(to: folder, chosen, progress: line.report))
        }
        line.end()
        return found
    }

    private func backUp(with owner: inout StoreOwner, to folder: String) throws -> Found {
        var request = ControlClient.request("backup")
        // The owner may work in another folder.
        request.add("folder", URL(filePath: folder).standardizedFileURL.path)
        if link { request.add("link", true) }
        if let keep { request.add("keep", keep) }
        if check { request.add("check", true) }
        var line: (phase: String, progress: ProgressLine)?
        let answer = try owner.ask(request) { phase, done, total in
            if line?.phase != phase {
                line?.progress.end()
                line = (phase, self.progress.line(phase, self.answer))
            }
            _ = line?.progress.report(done, of: total)
        }
        line?.progress.end()
        return Found(
            report: try answer.required("report", as: BackupReport.self),
            check: try answer.value("check", as: BackupCheckReport.self))
    }
}

/// What there is to report.
private struct Found {
    var report: BackupReport?
    var removedCount: Int?
    var backups: [BackupSummary]?
    var check: BackupCheckReport?

    var json: JSONObject {
        get throws {
            var object = JSONObject()
            if let report { try object.add("report", encoding: report) }
            if let removedCount { object.add("removedBackups", removedCount) }
            if let backups { try object.add("backups", encoding: backups) }
            if let check { try object.add("check", encoding: check) }
            return object
        }
    }

    var lines: [String] {
        var lines: [String] = []
        if let report { lines.append(report.description) }
        if let removedCount { lines.append("\(removedCount) older backups removed") }
        if let backups {
            lines += backups.map { "\($0), \(EventView.time($0.instant))" }
            if backups.isEmpty { lines.append("no backup yet") }
        }
        if let check { lines.append(check.description) }
        return lines
    }
}
