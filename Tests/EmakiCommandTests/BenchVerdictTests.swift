import EmakiPlatform
import Foundation
import Testing

@testable import EmakiCommand

@Suite("emaki bench without --op")
struct BenchVerdictTests {
    private func withFolder<R>(_ body: (String) async throws -> R) async throws -> R {
        let path = FileManager.default.temporaryDirectory.path + "/emaki-verdict-\(UUID())"
        defer { BenchFolder.remove(path) }
        try PosixFileSystem(root: path).makeFolder("")
        return try await body(path)
    }

    private func append(_ appenders: Int, p50: Double, loop: Double, write: Double)
        -> BenchVerdict.Append
    {
        BenchVerdict.Append(
            shape: "task on the loop", appenders: appenders, f: 100, rawP99: 200, p50: p50,
            p99: 2 * p50, p999: 3 * p50, eventsPerSecond: 1e6 / p50, eventsPerGroup: 1,
            loopShare: loop, writeShare: write)
    }

    private func verdict(_ appends: [BenchVerdict.Append], p99: Double = 2_000) -> BenchVerdict {
        var verdict = BenchVerdict(
            machine: "a machine", fileSystem: "ext4", time: 1, load: 0.5, othersCores: 0.1)
        verdict.appends = appends
        verdict.workflows = [
            .init(inFlight: 1, f: 100, p50: 400, p99: p99, perSecond: 2_500, commits: 3)
        ]
        return verdict
    }

    @Test("a verdict has every part, is kept as JSON and read again, and leaves nothing behind")
    func whole() async throws {
        try await withFolder { folder in
            let run = BenchVerdictRun(folder: folder, seconds: 0.05, syncDelay: nil) { _ in }
            let found = try await run.measure(try run.begin())
            #expect(found.writes.contains { $0.blockBytes == 65_536 })
            #expect(found.appends.map(\.appenders) == [1, 8, 64, 256, 1])
            #expect(found.workflows.map(\.inFlight) == [1, 256])
            let kept = try JSONEncoder().encode(found)
            let read = try JSONDecoder().decode(BenchVerdict.self, from: kept)
            let text = BenchVerdictText(found, earlier: read).text
            #expect(text.contains("A budget of 15 ms: "))
            #expect(text.contains("+0 %"))
            #expect(!BenchVerdictText(found, earlier: nil).text.contains("+0 %"))
            let page = BenchPage(found, earlier: read).text
            #expect(page.contains("<svg") && !page.contains("http"))
            #expect(try PosixFileSystem(root: folder).list("").isEmpty)
        }
    }

    @Test("what limits the log is named by who is busy all the time")
    func limits() {
        let alone = append(1, p50: 110, loop: 0.1, write: 0.9)
        #expect(
            verdict([alone, append(256, p50: 900, loop: 0.9, write: 0.9)]).limit
                .contains("one core limits it"))
        #expect(
            verdict([alone, append(256, p50: 900, loop: 0.4, write: 0.9)]).limit
                .contains("the disk limits it"))
        #expect(
            verdict([alone, append(256, p50: 900, loop: 0.4, write: 0.4)]).limit
                .contains("neither"))
        #expect(verdict([alone]).limit.contains("waits 91 % of its time for the disk."))
        #expect(verdict([append(1, p50: 200, loop: 0, write: 0)]).limit.contains("wake-ups"))
    }

    @Test(
        "a budget of 15 ms holds as many workflows as 99 in a hundred fit in",
        arguments: [
            (2_000.0, "room for 7"), (7_501, "held once"), (15_000, "held once"),
            (15_001, "not held"),
        ])
    func budget(p99: Double, says: String) {
        #expect(verdict([], p99: p99).workflowSentence.contains(says))
    }

    @Test("a busy machine is one of which others have more than half a core")
    func busy() {
        var found = verdict([])
        found.othersCores = 0.5
        #expect(!found.isBusy)
        found.othersCores = 0.51
        #expect(found.isBusy)
        #expect(BenchVerdictText(found, earlier: nil).text.contains("not comparable"))
    }

    @Test("--html, --compare belong to the verdict alone, and --sync-latency to a log")
    func arguments() throws {
        for wrong in [
            ["--op", "append", "--html", "x"], ["--op", "read", "--compare", "x"],
            ["--op", "raw", "--sync-latency", "1ms"], ["--sync-latency", "1"],
            ["--sync-latency", "-1ms"], ["--sync-latency", "11s"], ["--variant", "transfer"],
        ] {
            #expect(throws: (any Error).self, "\(wrong)") { try BenchCommand.parse(wrong) }
        }
        let command = try BenchCommand.parse(["--html", "x", "--sync-latency", "250us"])
        #expect(command.syncLatency?.nanoseconds == 250_000)
        #expect(
            try BenchCommand.parse(["--sync-latency", "1.5ms"]).syncLatency?.microseconds == 1500)
    }

    @Test("a slow disk takes the delay on top of its own time, and the line says so")
    func slowDisk() async throws {
        try await withFolder { folder in
            let command = try BenchCommand.parse([
                "--op", "append", "--seconds", "0.1", "--sync-latency", "3ms",
                "--segment-bytes", "1048576",
            ])
            let run = BenchRun(
                plan: command.plan, folder: folder + "/store",
                started: SystemClock.monotonicNanoseconds())
            let (result, log) = try await run.run()
            await log?.close()
            #expect(result.tally.errorCount == 0)
            #expect(try #require(result.latency).p50 >= 3_000)
            #expect(result.line.contains("\"sync_latency_us\":3000.000"))
            let text = BenchSummary(result, command: "test", loadBefore: 0).text
            #expect(text.contains("SLOW DISK     3000 us were added"))
        }
    }
}
