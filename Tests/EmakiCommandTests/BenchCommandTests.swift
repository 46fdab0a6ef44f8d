import EmakiLog
import EmakiPlatform
import Foundation
import Testing

@testable import EmakiCommand

@Suite("emaki bench")
struct BenchCommandTests {
    /// Every field of the contract's line, and those that a runner adds for others.
    private static let fields: Set = [
        "v", "engine", "variant", "op", "item", "appenders", "threads", "batch", "rate",
        "payload", "wall_s", "ops", "events", "errors", "ops_per_s", "events_per_s", "mb_per_s",
        "client_cpu_s", "lat_us", "exec_ms", "open_ms", "first_append_ms", "first_read_ms",
        "lat_points", "f_us", "block_bytes", "sync_method", "sync_latency_us", "ids",
        "seal_lag_bytes", "cache",
        "payload_codec", "commits_per_op", "bytes_per_op", "cpu_us_per_op", "read_bytes_per_op",
        "sealed_s",
        "sealed_cpu_s", "write_amplification", "peak_bytes_on_disk", "bytes_on_disk",
        "sealed_bytes", "bytes_per_event",
    ]
    /// Which of them it is depends on what else the machine reads meanwhile.
    private static let caches: Set = ["cold", "mixed", "warm"]
    private static let small = ["--segment-bytes", "1048576"]

    /// Runs the command as parsed, in this process, and reads its line.
    private func line(_ arguments: [String], in folder: BenchFolder, mayFail: Bool = false)
        async throws -> [String: Any]
    {
        let command = try BenchCommand.parse(arguments + Self.small)
        let run = BenchRun(
            plan: command.plan, folder: folder.path,
            started: SystemClock.monotonicNanoseconds())
        let (result, log) = try await run.run()
        await log?.close()
        if let error = result.tally.firstError, !mayFail { Issue.record("\(arguments): \(error)") }
        let summary = BenchSummary(result, command: "test", loadBefore: 0).text
        #expect(summary.contains("command"))
        #expect(!result.line.contains("\n"))
        let parsed = try JSONSerialization.jsonObject(with: Data(result.line.utf8))
        let line = try #require(parsed as? [String: Any])
        let others: Set = arguments.contains("--beside") ? ["beside", "alone_lat_us"] : []
        #expect(Set(line.keys) == Self.fields.union(others))
        return line
    }

    private func withFolder<R>(_ body: (BenchFolder) async throws -> R) async throws -> R {
        let path = FileManager.default.temporaryDirectory.path + "/emaki-bench-\(UUID())"
        defer { BenchFolder.remove(path) }
        return try await body(BenchFolder(path))
    }

    @Test(
        "append runs from the loop, from the pool and from threads, one event and many",
        arguments: ["loop", "pool", "threads"], ["1", "7", "100"])
    func append(variant: String, batch: String) async throws {
        try await withFolder { folder in
            let line = try await line(
                [
                    "--op", "append", "--variant", variant, "--batch", batch, "--appenders", "5",
                    "--seconds", "0.1",
                ], in: folder)
            #expect(line["variant"] as? String == variant)
            #expect(line["errors"] as? Int == 0)
            let operations = try #require(line["ops"] as? Int)
            #expect(operations > 0)
            #expect(line["events"] as? Int == operations * (Int(batch) ?? 0))
            let latency = try #require(line["lat_us"] as? [String: Double])
            #expect(Set(latency.keys) == ["mean", "p50", "p90", "p99", "p999", "max"])
            #expect(try #require(line["f_us"] as? Double) > 0)
        }
    }

    // How many are served in time is a matter of the machine, not of the program.
    @Test("every arrival is served or counted as an error", arguments: ["loop", "pool", "threads"])
    func openLoop(variant: String) async throws {
        try await withFolder { folder in
            let line = try await line(
                ["--op", "append", "--rate", "200", "--variant", variant, "--seconds", "0.2"],
                in: folder, mayFail: true)
            #expect(line["item"] as? String == "G")
            #expect(line["appenders"] as? Int == 256)
            let served = try #require(line["ops"] as? Int)
            let missed = try #require(line["errors"] as? Int)
            #expect(served + missed > 0)
        }
    }

    @Test("what was loaded is read back whole, then a tail and a recovery follow")
    func loadReadTailRecover() async throws {
        try await withFolder { folder in
            let loaded = try await line(
                ["--op", "load", "--streams", "150", "--per-stream", "3"], in: folder)
            #expect(loaded["events"] as? Int == 450)
            // 150 streams a round, in batches of 100: two a round.
            #expect(loaded["ops"] as? Int == 6)
            #expect(try #require(loaded["sealed_s"] as? Double) > 0)
            let peak = try #require(loaded["peak_bytes_on_disk"] as? Int)
            #expect(try #require(loaded["bytes_on_disk"] as? Int) <= peak)
            let read = try await line(
                ["--op", "read", "--streams", "150", "--threads", "2", "--seconds", "0.1"],
                in: folder)
            let histories = try #require(read["ops"] as? Int)
            #expect(read["events"] as? Int == histories * 3)
            #expect(Self.caches.contains(try #require(read["cache"] as? String)))
            let heads = try await line(
                ["--op", "heads", "--streams", "150", "--seconds", "0.1"], in: folder)
            #expect(try #require(heads["ops"] as? Int) > 0)
            let tail = try await line(
                ["--op", "tail", "--events", "2000", "--base", "1000"], in: folder)
            #expect(tail["events"] as? Int == 2000)
            let recovered = try await line(
                ["--op", "recover", "--base", "5000000", "--t0", "1"], in: folder)
            for field in ["exec_ms", "open_ms", "first_append_ms", "first_read_ms"] {
                #expect(try #require(recovered[field] as? Double) > 0, "\(field)")
            }
        }
    }

    @Test(
        "appends are measured with and without what goes on beside them",
        arguments: BenchBeside.allCases)
    func beside(work: BenchBeside) async throws {
        try await withFolder { folder in
            let line = try await line(
                [
                    "--op", "append", "--beside", work.rawValue, "--streams", "20", "--seconds",
                    "0.2",
                ], in: folder)
            #expect(line["beside"] as? String == work.rawValue)
            #expect(try #require(line["ops"] as? Int) > 0)
            let alone = try #require(line["alone_lat_us"] as? [String: Double])
            #expect(try #require(alone["p50"]) > 0)
            #expect(try PosixFileSystem(root: folder.path).list("").contains("STORE"))
        }
        #expect(throws: (any Error).self) {
            try BenchCommand.parse(["--op", "read", "--beside", work.rawValue])
        }
    }

    @Test("the raw device is measured alone and in a group", arguments: ["1", "4"])
    func raw(appenders: String) async throws {
        try await withFolder { folder in
            let line = try await line(
                ["--op", "raw", "--seconds", "0.1", "--appenders", appenders], in: folder)
            #expect(line["item"] as? String == "0")
            #expect(try #require(line["ops"] as? Int) > 0)
        }
    }

    @Test("a stream that was appended before counts as an error, not as a fast append")
    func repeatedBase() async throws {
        try await withFolder { folder in
            let arguments = ["--op", "tail", "--events", "40", "--appenders", "1", "--base", "1"]
            _ = try await line(arguments, in: folder)
            let command = try BenchCommand.parse(arguments + Self.small)
            let (result, log) = try await BenchRun(
                plan: command.plan, folder: folder.path, started: 0
            ).run()
            await log?.close()
            #expect(result.tally.errorCount > 0)
        }
    }

    @Test("compact seals and merges, and says what an event takes; all of it is read back")
    func compact() async throws {
        try await withFolder { folder in
            let counts = ["--streams", "600", "--per-stream", "20"]
            let loaded = try await line(["--op", "load", "--no-ids"] + counts, in: folder)
            #expect(loaded["events"] as? Int == 12_000)
            #expect(loaded["seal_lag_bytes"] as? Int == 0)
            let compacted = try await line(["--op", "compact"], in: folder)
            let sealed = try #require(compacted["events"] as? Int)
            #expect(sealed > 6_000)
            let bytes = try #require(compacted["sealed_bytes"] as? Int)
            let perEvent = try #require(compacted["bytes_per_event"] as? Double)
            #expect(abs(perEvent - Double(bytes) / Double(sealed)) < 0.01)
            #expect(try #require(compacted["bytes_on_disk"] as? Int) > bytes)
            let read = try await line(
                ["--op", "read", "--warm", "--seconds", "0.1"] + counts, in: folder)
            #expect(Self.caches.contains(try #require(read["cache"] as? String)))
            #expect(read["errors"] as? Int == 0)
        }
    }

    @Test("what makes no sense is refused")
    func refusals() {
        for arguments in [
            ["--op", "append", "--appenders", "0"], ["--op", "append", "--payload", "10"],
            ["--op", "append", "--seconds", "0"], ["--op", "frobnicate"],
        ] {
            #expect(throws: (any Error).self) { try BenchCommand.parse(arguments) }
        }
    }

    @Test(
        "workflows, their messages and a resumed run are measured",
        arguments: [
            ("transfer", "json"), ("transfer", "bytes"), ("steps10", "json"), ("loop10", "json"),
            ("signal", "json"), ("update", "json"), ("query", "json"), ("start", "json"),
            ("fanout", "json"), ("timer", "json"), ("overdue", "json"),
            ("wake", "json"),
        ])
    func workflows(variant: String, codec: String) async throws {
        try await withFolder { folder in
            let line = try await line(
                [
                    "--op", "workflow", "--variant", variant, "--payload-codec", codec,
                    "--appenders", "4", "--seconds", "0.1", "--streams", "50",
                ], in: folder)
            #expect(line["item"] as? String == "W")
            #expect(line["variant"] as? String == variant)
            #expect(try #require(line["ops"] as? Int) > 0)
            #expect(try #require(line["commits_per_op"] as? Double) >= 0)
        }
    }
}
