import Foundation
import Testing

/// Commands on a store that another process has open: that process is asked.
@Suite("emaki and the owner of a store")
struct StoreOwnerTests {
    @Test("commands print the same of a store that a process has open, and of a closed one")
    func sameAnswers() throws {
        let store = try TestStore()
        let owner = try StoreOwnerProcess(store)
        for number in 0..<12 {
            try owner.append("s\(number % 3)", payload: #"{"n": \#(number)}"#)
        }
        try owner.append("bytes", payload: #"{"base64":"AAEC/w=="}"#)
        let commands: [[String]] = [
            ["read", store.path], ["read", store.path, "--json"],
            ["read", store.path, "s1", "--from", "2", "--limit", "2"],
            ["read", store.path, "s1", "--backwards", "--json"],
            ["read", store.path, "bytes"], ["read", store.path, "bytes", "--payload-only"],
            ["read", store.path, "--from-position", "5", "--json", "--limit", "3"],
            ["read", store.path, "missing"], ["read", store.path, "missing", "--json"],
            ["scrub", store.path], ["scrub", store.path, "--json"],
        ]
        let asked = try commands.map { try Command.run($0) }
        let stats = try Command.run("stats", store.path)
        let json = try Command.run("stats", store.path, "--json").object()
        try owner.end()
        for (command, open) in zip(commands, asked) {
            let closed = try Command.run(command)
            #expect(open.output == closed.output, "\(command)")
            #expect(open.status == closed.status && open.errors == closed.errors, "\(command)")
        }
        let closed = try Command.run("stats", store.path)
        #expect(stats.status == 0 && stats.lines.count == closed.lines.count)
        #expect(stats.lines[0] == closed.lines[0])
        let after = try Command.run("stats", store.path, "--json").object()
        #expect(json.keys.sorted() == after.keys.sorted())
        let figures = try #require(json["statistics"] as? [String: Any])
        // It is the owner that speaks: another opening has committed nothing.
        #expect(figures["events"] as? Int == 13)
    }

    @Test("a backup of a store under load is made by its owner, and holds what it says it does")
    func backupUnderLoad() throws {
        let store = try TestStore()
        let owner = try StoreOwnerProcess(store, jobs: 8)
        let load = StoreOwnerProcess.Load(owner)
        let backups = store.folder.path("backups")
        var positions: [Int] = []
        for round in 1...3 {
            load.waitUntil(answered: 150 * round)
            let arguments = ["backup", store.path, backups, "--keep", "2", "--json"]
            let made = try Command.run(round == 3 ? arguments + ["--check"] : arguments)
            #expect(made.status == 0, "\(made.errors)")
            let object = try made.object()
            let report = try #require(object["report"] as? [String: Any])
            let backup = try #require(report["backup"] as? [String: Any])
            positions.append(try #require(backup["position"] as? Int))
            #expect(positions[round - 1] >= 150 * round)
            #expect((object["check"] == nil) == (round < 3))
        }
        try load.end()
        #expect(positions == positions.sorted())
        let all = try store.export().lines
        let listed = try Command.run("backup", "--list", backups)
        #expect(listed.lines.count == 2)
        for position in positions.suffix(2) {
            let restored = store.folder.path("restored-\(position)")
            let made = try Command.run("restore", backups, restored, "--at", "\(position)")
            #expect(made.status == 0, "\(made.errors)")
            #expect(try Command.run("verify", restored).status == 0)
            let events = try Command.run("export", restored).lines
            #expect(events.count == position && events == Array(all.prefix(position)))
        }
        #expect(try Command.run("backup", "--check", backups).status == 0)
    }

    @Test("a relative folder is the asker's, and errors of the owner are the asker's too")
    func errors() throws {
        let store = try TestStore()
        let owner = try StoreOwnerProcess(store)
        try owner.append("a", payload: "1")
        let inside = try Command.run("backup", store.path, store.path, "--json")
        #expect(inside.status == 4)
        #expect(try inside.error()["code"] as? String == "alreadyExists")
        let taken = try store.folder.write("taken", "x")
        let refused = try Command.run("backup", store.path, taken)
        #expect(refused.status == 4 && refused.errors.contains("exists already"))
        let process = Command.process(["backup", store.path, "here"])
        process.currentDirectoryURL = store.folder.url
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(FileManager.default.fileExists(atPath: store.folder.path("here/BACKUP")))
        try owner.end()
    }

    @Test("an owner that cannot be asked is named, with what to do")
    func unanswered() throws {
        let store = try TestStore()
        let owner = try StoreOwnerProcess(store)
        try owner.append("a", payload: "1")
        try FileManager.default.removeItem(atPath: store.path + "/CONTROL")
        for command in ["stats", "read", "scrub"] {
            let refused = try Command.run([command, store.path, "--json"])
            let error = try refused.error()
            #expect(refused.status == 5 && error["code"] as? String == "locked")
            #expect(error["process"] as? Int == owner.number)
            #expect((error["message"] as? String)?.contains("cannot be asked") == true)
        }
        try owner.end()
        // What is left of a killed owner does not deceive anybody.
        let killed = try StoreOwnerProcess(store)
        try killed.append("a", payload: "2")
        killed.kill()
        #expect(FileManager.default.fileExists(atPath: store.path + "/CONTROL"))
        #expect(try Command.run("read", store.path).lines.count == 2)
        #expect(try Command.run("stats", store.path).status == 0)
        #expect(try Command.run("verify", store.path).status == 0)
        try store.append("a", "3")
        #expect(!FileManager.default.fileExists(atPath: store.path + "/CONTROL"))
    }
}
