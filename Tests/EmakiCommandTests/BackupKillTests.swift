import EmakiLog
import Foundation
import Testing

/// Backups by the shipped binary, killed at many points: the store loses nothing, older backups
/// stay, and the next one works.
@Suite("kill -9 during a backup", .serialized)
struct BackupKillTests {
    /// As many points as the day has time for.
    private let isLong = ProcessInfo.processInfo.environment["LONG"] == "1"

    /// Where a kill strikes.
    enum Point: CustomStringConvertible {
        /// Once so many lines of progress were read.
        case line(Int)
        /// Once there are so many files in the folder of backups that were not there before.
        case files(Int)

        var description: String {
            switch self {
            case .line(let count): "line \(count)"
            case .files(let count): "file \(count)"
            }
        }
    }

    private static func names(in folder: String) -> Set<String> {
        Set((try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [])
    }

    /// Appends so much that there is something to seal and to copy.
    private func grow(_ store: TestStore, _ round: Int) throws {
        let text = String(repeating: "x", count: 20_000)
        let lines = (0..<30).map {
            #"{"stream":"s\#($0 % 4)","type":"T","payload":{"\#(round)-\#($0)":"\#(text)"}}"# + "\n"
        }
        let made = try Command.run(
            ["append", store.path, "--lines", "--jobs", "8"], input: Array(lines.joined().utf8))
        try #require(made.status == 0, "\(made.errors)")
        try #require(Command.run("seal", store.path).status == 0)
    }

    /// - Returns: whether it was killed before it had ended.
    private func backUp(_ store: TestStore, to folder: String, until point: Point) throws -> Bool {
        let before = Self.names(in: folder)
        let process = Command.process(["backup", store.path, folder, "--progress"])
        let errors = Pipe()
        process.standardError = errors
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        switch point {
        case .line(let count):
            var lineCount = 0
            while lineCount < count {
                let piece = errors.fileHandleForReading.availableData
                if piece.isEmpty { break }
                lineCount += piece.count { $0 == 0x0a }
            }
        case .files(let count):
            while process.isRunning, Self.names(in: folder).subtracting(before).count < count {}
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return process.terminationReason == .uncaughtSignal
    }

    private func listed(_ backups: String) throws -> [[String: Any]] {
        let result = try Command.run("backup", "--list", backups, "--json")
        // The first one was killed before the folder was one of backups.
        if result.status == 4 { return [] }
        return try #require(try result.object()["backups"] as? [[String: Any]])
    }

    @Test("a backup of a closed store, killed anywhere, costs nothing but itself")
    func closedStore() throws {
        let store = try TestStore()
        let backups = store.folder.path("backups")
        var killedCount = 0
        // What is left out is between these.
        let points =
            isLong
            ? (1...8).map { Point.files($0) } + [1, 2, 3, 5, 8, 13, 21].map { Point.line($0) }
            : [Point.files(2), .files(6), .line(1), .line(5)]
        for (round, point) in points.enumerated() {
            try grow(store, round)
            let events = try store.export().output
            let before = try listed(backups)
            if try backUp(store, to: backups, until: point) { killedCount += 1 }
            let after = try listed(backups)
            // It is there whole, or not at all.
            #expect(
                after.count == before.count || after.count == before.count + 1, "\(point)")
            for (old, new) in zip(before, after) {
                #expect(old["position"] as? Int == new["position"] as? Int)
            }
            if !before.isEmpty {
                let check = try Command.run("backup", "--check", backups)
                #expect(check.status == 0, "\(point): \(check.output)")
            }
            #expect(try store.export().output == events)
            if round % 3 == 1 {
                let next = try Command.run("backup", store.path, backups, "--check", "--json")
                #expect(next.status == 0, "\(point): \(next.errors)")
            }
        }
        #expect(killedCount >= points.count / 2)
        let last = try Command.run("backup", store.path, backups, "--check")
        #expect(last.status == 0, "\(last.errors)")
        let restored = store.folder.path("restored")
        #expect(try Command.run("restore", backups, restored).status == 0)
        #expect(try Command.run("export", restored).output == store.export().output)
        #expect(try Command.run("verify", store.path).status == 0)
    }

    @Test("an owner that is killed while it makes a backup under load loses nothing it answered")
    func owner() throws {
        let store = try TestStore()
        let backups = store.folder.path("backups")
        var answered: [Int: (stream: String, version: Int)] = [:]
        let lineCounts = isLong ? [0, 1, 2, 3, 5, 8, 12, 20, 40] : [0, 2, 12]
        for (round, lineCount) in lineCounts.enumerated() {
            let owner = try StoreOwnerProcess(store, jobs: 4)
            let load = StoreOwnerProcess.Load(owner)
            load.waitUntil(answered: 120)
            let before = try listed(backups)
            let client = try ControlClient.connect(toStore: store.path)
            guard var client else { return #expect(Bool(false), "the owner listens") }
            var request = ControlClient.request("backup")
            request.add("folder", backups)
            try client.send(request)
            for _ in 0..<lineCount {
                guard try client.next() != nil else { break }
            }
            for (position, answer) in load.kill() {
                #expect(answered[position] == nil, "position \(position) was given twice")
                answered[position] = answer
            }
            try check(store, answered, round)
            let after = try listed(backups)
            #expect(after.count == before.count || after.count == before.count + 1)
            let next = try Command.run("backup", store.path, backups, "--check", "--json")
            #expect(next.status == 0, "round \(round): \(next.errors)")
            #expect(try listed(backups).count == after.count + 1)
        }
        let restored = store.folder.path("restored")
        #expect(try Command.run("restore", backups, restored).status == 0)
        #expect(try Command.run("export", restored).output == store.export().output)
        #expect(try Command.run("verify", restored).status == 0)
    }

    private func check(
        _ store: TestStore, _ answered: [Int: (stream: String, version: Int)], _ round: Int
    ) throws {
        try store.append("after", "\(round)")
        let exported = try store.export()
        #expect(exported.status == 0)
        let events = try exported.objects()
        for (position, answer) in answered {
            try #require(position < events.count, "round \(round): position \(position) is lost")
            #expect(events[position]["stream"] as? String == answer.stream)
            #expect(events[position]["version"] as? Int == answer.version)
        }
        let verified = try Command.run("verify", store.path)
        #expect(verified.status == 0, "\(verified.output)")
    }
}
