import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// What `verify` says of positions and versions that hold no event any more.
@Suite("emaki verify and what was removed")
struct VerifyRemovalTests {
    /// Streams that lost their start, all, or nothing; snapshots, some of them replaced.
    private func store(merged: Bool) throws -> TestStore {
        let store = try TestStore()
        for number in 0..<40 {
            try store.append("s\(number % 4)", String(repeating: "\(number % 10)", count: 6_000))
        }
        func run(_ arguments: String...) throws {
            let result = try Command.run(arguments)
            try #require(result.status == 0, "\(arguments): \(result.errors)")
        }
        try run("seal", store.path)
        try run("truncate", store.path, "s0", "--before", "4")
        try run("truncate", store.path, "s0", "--before", "6")
        try run("delete", store.path, "s1")
        if merged {
            for _ in 0..<20 { try store.append("s2", String(repeating: "y", count: 9_000)) }
            try run("seal", store.path)
            try run("merge", store.path)
        }
        return store
    }

    @Test(
        "removed events, removals and their merging leave nothing unexplained",
        arguments: [false, true])
    func sound(merged: Bool) throws {
        let store = try store(merged: merged)
        let result = try Command.run("verify", store.path)
        #expect(result.status == 0 && result.lines.last == "sound", "\(result.output)")
        try store.append("s0", "after")
        #expect(try Command.run("verify", store.path).status == 0)
    }

    @Test("snapshots are counted, those that were replaced too")
    func snapshots() throws {
        let store = try TestStore()
        for number in 1...6 {
            try store.append("a", "\(number)")
            let made = try Command.run(
                ["snapshot", store.path, "a", "--at", "\(number)"], input: [1])
            try #require(made.status == 0, "\(made.errors)")
        }
        let result = try Command.run("verify", store.path, "--json")
        #expect(result.status == 0, "\(result.output)")
        #expect(try result.object()["events"] as? Int == 6)
    }

    @Test("a hole that no removal explains, and removals that no position explains, are found")
    func unexplained() throws {
        for (through, sentence) in [
            (2, "version 3 is missing"), (3_000, "though"),
        ] as [(UInt64, String)] {
            let store = try store(merged: true)
            let files = PosixFileSystem(root: store.path)
            let identity = try StoreFile.read(in: files).0
            let manifest = try Manifest.read(in: files, storeID: identity.storeID).0
            let file = try #require(manifest.removalFile)
            var extents = try file.read(in: files, storeID: identity.storeID).extents
            let stream = try StreamID(through == 2 ? "s0" : "gone")
            extents[stream] = Removals.Extent(through: StreamVersion(through))
            try file.write(extents, storeID: identity.storeID, in: files)
            let result = try Command.run("verify", store.path)
            #expect(result.status == 1 && result.output.contains(sentence), "\(result.output)")
        }
    }

    @Test("progress is a line for each percent, on standard error, as JSON where that is asked for")
    func progress() throws {
        let store = try TestStore()
        let lines = (0..<3_000).map { #"{"stream":"s\#($0 % 9)","type":"T","payload":1}"# + "\n" }
        let made = try Command.run(
            ["append", store.path, "--lines", "--jobs", "64"], input: Array(lines.joined().utf8))
        try #require(made.status == 0)
        let result = try Command.run("verify", store.path, "--progress")
        #expect(result.status == 0 && result.lines.last == "sound")
        let shown = result.errors.split(separator: "\n")
        #expect(shown.count >= 4 && shown.allSatisfy { $0.hasPrefix("verified ") }, "\(shown)")
        let json = try Command.run("verify", store.path, "--progress", "--json")
        let first = try CommandResult.object(String(json.errors.split(separator: "\n")[0]))
        #expect(first["progress"] as? String == "verified" && first["total"] as? Int == 6_000)
        #expect(try Command.run("verify", store.path).errors.isEmpty)
    }
}
