import Foundation
import Testing

@Suite struct BackupCommandTests {
    @Test("a backup is made, listed, checked and restored, and the restored store is the same")
    func roundTrip() throws {
        let store = try TestStore()
        for number in 0..<40 {
            try store.append("s\(number % 3)", String(repeating: "x\(number)", count: 3_000))
        }
        #expect(try Command.run("seal", store.path).status == 0)
        try store.append("late", "1")
        let before = try store.contents()
        let backups = store.folder.path("backups")
        let made = try Command.run("backup", store.path, backups, "--check")
        #expect(made.status == 0 && made.errors.isEmpty, "\(made.errors)")
        #expect(made.lines[0].hasPrefix("backup 1: every event below position 41,"))
        #expect(made.lines.last?.hasSuffix(": whole") == true)
        // Nothing of the store was changed for it.
        #expect(try store.contents() == before)
        let again = try Command.run("backup", store.path, backups, "--json").object()
        let report = try #require(again["report"] as? [String: Any])
        #expect(report["copiedFiles"] as? Int == 0 && report["writtenBytes"] as? Int == 0)

        let listed = try Command.run("backup", "--list", backups)
        #expect(listed.lines.count == 2 && listed.lines[1].hasPrefix("backup 2: "))
        let restored = store.folder.path("restored")
        #expect(try Command.run("restore", backups, restored, "--at", "41").status == 0)
        #expect(try Command.run("verify", restored).status == 0)
        #expect(try Command.run("export", restored).output == store.export().output)
        let next = try Command.run("append", restored, "late", "--type", "T", "--payload", "2")
        #expect(next.status == 0)
        #expect(try Command.run("backup", "--keep", "1", backups).status == 0)
        #expect(try Command.run("backup", "--list", backups).lines.count == 1)
    }

    @Test("damage in a backup is status 1 of a check, and 7 of a restore")
    func damage() throws {
        let store = try TestStore()
        try store.append("a", "1")
        let backups = store.folder.path("backups")
        #expect(try Command.run("backup", store.path, backups).status == 0)
        let tail = URL(filePath: backups + "/tails/00000001")
        let whole = try Data(contentsOf: tail)
        var bytes = whole
        bytes[5_000] ^= 1
        try bytes.write(to: tail)
        let mended = try Command.run("backup", "--check", backups, "--json").object()
        let check = try #require(mended["check"] as? [String: Any])
        #expect(check["repairedPages"] as? Int == 1)
        #expect(try Data(contentsOf: tail) == whole)
        try Data(count: whole.count).write(to: tail)
        let found = try Command.run("backup", "--check", backups)
        #expect(found.status == 1 && found.output.contains("backup 1: DAMAGED"))
        let restored = try Command.run("restore", backups, store.folder.path("new"))
        #expect(restored.status == 7 && restored.errors.contains("tails/00000001"))
    }

    @Test("what is in the way of a backup or a restore is named")
    func refusals() throws {
        let store = try TestStore()
        try store.append("a", "1")
        let backups = store.folder.path("backups")
        #expect(try Command.run("backup", store.path).status == 64)
        #expect(try Command.run("backup", "--list", store.path, backups).status == 64)
        #expect(try Command.run("backup", store.path, backups, "--keep", "0").status == 64)
        #expect(try Command.run("backup", "--list", backups).status == 4)
        #expect(try Command.run("backup", store.path, store.path).status == 4)
        // A folder of somebody else's stays as it was, a lock's file included.
        let strange = store.folder.path("strange")
        try FileManager.default.createDirectory(
            atPath: strange, withIntermediateDirectories: false)
        try Data("x".utf8).write(to: URL(fileURLWithPath: strange + "/notes.txt"))
        #expect(try Command.run("backup", store.path, strange).status == 4)
        #expect(try Command.run("backup", store.path, backups).status == 0)
        let other = try TestStore()
        let foreign = try Command.run("backup", other.path, backups)
        #expect(foreign.status == 64 && foreign.errors.contains("choose another folder"))
        #expect(try Command.run("restore", backups, store.path).status == 4)
        #expect(try Command.run("restore", backups, strange).status == 4)
        let names = try FileManager.default.contentsOfDirectory(atPath: strange)
        #expect(names == ["notes.txt"])
        let missing = try Command.run("restore", backups, store.folder.path("x"), "--at", "9")
        #expect(missing.status == 64 && missing.errors.contains("end at 1"))
        #expect(!FileManager.default.fileExists(atPath: store.folder.path("x")))
        #expect(try store.export().status == 0)
    }
}
