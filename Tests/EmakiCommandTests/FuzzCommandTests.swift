import EmakiSimulation
import Foundation
import Testing

@testable import EmakiCommand

@Suite("emaki fuzz")
struct FuzzCommandTests {
    @Test("it says what it tried, and that every promise was kept")
    func summary() throws {
        let result = try Command.run("fuzz", "--seed", "1", "--seeds", "3", "--jobs", "1")
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("3 workloads from seed 1 on, 720 steps"))
        #expect(result.lines.last == "Every promise was kept.")
        #expect(result.errors.isEmpty)
    }

    @Test("the same seeds do the same, however many processes share them")
    func jobs() throws {
        let counts = try ["1", "3"].map { jobs in
            let result = try Command.run(
                "fuzz", "--seed", "11", "--seeds", "5", "--jobs", jobs, "--json")
            let object = try result.object()
            #expect(object["ok"] as? Bool == true)
            #expect(object["first_seed"] as? Int == 11)
            return try #require(object["counts"] as? [String: Int])
        }
        #expect(counts[0] == counts[1])
        #expect(counts[0]["runs"] == 5)
        #expect(counts[0]["power_cuts"] ?? 0 > 0)
        #expect(counts[0]["states"] ?? 0 > 0)
    }

    @Test("a script does the same in every process, call by call")
    func deterministic() throws {
        let folder = try TemporaryFolder()
        for seed in 1...3 as ClosedRange<UInt64> {
            let script = RandomScript.make(seed: seed, faultsPerThousand: 100)
            let path = try folder.write("script", script.text)
            let here = try Driver.run(script)
            for _ in 0..<2 {
                let object = try Command.run("fuzz", "--replay", path, "--json").object()
                #expect(object["hash"] as? String == String(here.hash, radix: 16))
            }
        }
    }

    @Test("a broken promise is shrunk, kept, and broken again by the kept script")
    func finding() throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            "fuzz", "--seed", "1", "--seeds", "40", "--jobs", "2", "--lying-disk", "--json",
            "--keep", folder.path("found"))
        #expect(result.status == 1)
        let finding = try #require(try result.object()["finding"] as? [String: Any])
        let path = try #require(finding["kept_at"] as? String)
        #expect(finding["command"] as? String == "emaki fuzz --replay \(path)")
        #expect(finding["steps"] as? Int ?? .max < 12)
        let promise = try #require(finding["promise"] as? String)

        let again = try Command.run("fuzz", "--replay", path)
        #expect(again.status == 1)
        #expect(again.output.hasPrefix("BROKEN  \(promise): "))
        let piped = try Command.run(
            ["fuzz", "--replay", "-", "--json"], input: Array(Data(contentsOf: URL(filePath: path)))
        )
        #expect(piped.status == 1)
        #expect(try piped.object()["promise"] as? String == promise)
    }

    @Test("without a folder the command that finds it again is printed, and does")
    func command() throws {
        let result = try Command.run(
            "fuzz", "--seed", "1", "--seeds", "40", "--jobs", "1", "--lying-disk")
        #expect(result.status == 1)
        let line = try #require(result.lines.last { $0.contains("emaki fuzz --seed") })
        let words = line.split(separator: " ").map(String.init)
        let again = try Command.run(Array(words.dropFirst()))
        #expect(again.status == 1)
        let broken = try #require(result.lines.first { $0.hasPrefix("BROKEN") })
        #expect(again.lines.contains(broken))
    }

    @Test("a replay with its trace shows every step and every call to the disk")
    func trace() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("script", "append a 1x10\nidle\ncrash at 0 drop\nread\n")
        let result = try Command.run("fuzz", "--replay", path, "--trace")
        #expect(result.status == 0)
        let steps = result.lines.filter { !$0.hasPrefix(" ") }
        #expect(steps.dropLast() == ["append a 1x10", "idle", "crash at 0 drop", "read"])
        #expect(steps.last == "kept every promise: 4 steps, 1 crashes, 4 states")
        #expect(result.lines.count { $0.hasPrefix("    writeDurably wal/00000000") } == 3)
    }

    @Test(
        "wrong arguments and scripts are refused with a sentence",
        arguments: [
            ["--faults", "11"], ["--faults", "-1"], ["--seeds", "0"], ["--minutes", "0"],
            ["--jobs", "0"], ["--steps", "0"], ["--seed", "x"], ["--trace"], ["--bounded"],
        ])
    func usage(arguments: [String]) throws {
        let result = try Command.run(["fuzz"] + arguments)
        #expect(result.status == 64)
        #expect(!result.errors.isEmpty)
        #expect(result.output.isEmpty)
    }

    @Test("a script that cannot be read says at which line")
    func badScript() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("script", "read\nappend a 1x1\nleap\n")
        let result = try Command.run("fuzz", "--replay", path)
        #expect(result.status == 64)
        #expect(result.errors.contains("\(path), line 3: there is no step \"leap\""))
        #expect(try Command.run("fuzz", "--replay", folder.path("none")).status == 4)
    }

    @Test("an interruption ends workers that had an hour, and is no failure")
    func interrupt() throws {
        let plan = FuzzPlan(
            firstSeed: 1, seedCount: nil, minutes: 60, options: ExplorationOptions())
        let crew = FuzzCrew(
            plan: plan, jobCount: 2, isSilent: true, program: Command.executable.path)
        let board = FuzzBoard(jobCount: 2)
        board.interrupt()
        let tally = try crew.run(board)
        #expect(tally.wasInterrupted)
        #expect(tally.failure == nil)
        #expect(tally.workerStatus == nil)
        let report = FuzzReport(plan: plan, jobCount: 2, tally: tally)
        #expect(report.text.hasSuffix("Interrupted. Every promise was kept so far."))
    }

    // MARK: What workers say

    @Test("what a worker says reads back; anything else says nothing")
    func words() throws {
        var counts = RunCounts()
        for (number, field) in RunCounts.fields.enumerated() {
            counts[keyPath: field.path] = number + 3
        }
        guard case .counts(let read) = FuzzWord(line: FuzzWord.counts(counts).line) else {
            Issue.record("counts are not read")
            return
        }
        #expect(read == counts)
        for line in ["", "seed", "seed x", "seed 1 2", "counts 1 2", "failed", "leap 3"] {
            #expect(FuzzWord(line: line) == nil, "\(line)")
        }
    }

    @Test("a worker that dies by a signal, or says nothing for long, names its seed")
    func traps() {
        let board = FuzzBoard(jobCount: 2)
        board.note(.seed(7), from: 0)
        board.note(.seed(8), from: 1)
        board.noteEnd(of: 1, .signal(SIGILL), outside: [SIGKILL])
        board.noteEnd(of: 0, .signal(SIGKILL), outside: [SIGKILL])
        #expect(board.tally.failure == FuzzFailure(seed: 8, kind: .trap(signal: SIGILL)))
        #expect(!board.tally.wasInterrupted)

        let slow = FuzzBoard(jobCount: 1)
        slow.note(.seed(9), from: 0)
        #expect(slow.stuck(for: 1_000, at: .max) == [0])
        #expect(slow.stuck(for: .max, at: .max) == [])
        slow.noteHang(of: 0)
        #expect(slow.tally.failure == FuzzFailure(seed: 9, kind: .hang))

        let ended = FuzzBoard(jobCount: 1)
        ended.noteEnd(of: 0, .signal(SIGTERM), outside: [SIGTERM])
        #expect(ended.tally.wasInterrupted)
        #expect(ended.tally.failure == nil)
    }
}

/// What listens to a survey, over programs that do what a survey may do.
@Suite struct FuzzSurveyWatchTests {
    private static func run(_ shell: String) throws -> (FuzzSurveyWatch.End, [String]) {
        var lines: [String] = []
        let watch = FuzzSurveyWatch(program: "/bin/sh", arguments: ["-c", shell], isSilent: true)
        let end = try watch.run { lines.append($0) }
        return (end, lines)
    }

    @Test("a survey that dies by a signal names what it tried")
    func trap() throws {
        let (end, lines) = try Self.run(#"printf '\001one\n\001small, rotate\n'; kill -ILL $$"#)
        #expect(end == .trap(signal: SIGILL, attempt: "small, rotate"))
        #expect(lines.isEmpty)
    }

    @Test("what a survey prints beside its attempts is its result, and its status is kept")
    func result() throws {
        let (end, lines) = try Self.run(#"printf '\001one\nworkloads  1\n\001two\nkept\n'; exit 1"#)
        #expect(end == .status(1))
        #expect(lines == ["workloads  1", "kept"])
    }
}
