import EmakiCommandSupport
import EmakiLog
import Foundation
import Testing

@testable import EmakiWorkflowCommand

/// `workflow check`: the story of `Docs/versioning.md`, played with the program that it tells of.
@Suite("workflow check")
struct WorkflowCheckTests {
    private let releases: ReleaseProgram
    private var folder: TemporaryFolder { releases.folder }
    private var store: String { releases.store }

    init() throws { releases = try ReleaseProgram() }

    private func process(_ release: String, _ arguments: [String]) -> Process {
        releases.process(release, arguments)
    }

    @discardableResult
    private func run(_ release: String, _ arguments: String...) throws -> CommandResult {
        try releases.runAll(release, arguments)
    }

    private func check(_ release: String, _ options: String...) throws -> CommandResult {
        try releases.runAll(release, ["workflow", "check", store] + options)
    }

    private func runAll(_ release: String, _ arguments: [String]) throws -> CommandResult {
        try releases.runAll(release, arguments)
    }

    /// How many runs got which verdict.
    private func counts(_ result: CommandResult) throws -> [String: Int] {
        let summary = try CommandResult.object(try #require(result.lines.last))
        let types = try #require(summary["types"] as? [String: [String: Int]])
        return try #require(types["Onboarding"]).filter { $0.value > 0 }
    }

    private func patch(_ result: CommandResult) throws -> [String: Int] {
        let summary = try CommandResult.object(try #require(result.lines.last))
        let patches = try #require(summary["patches"] as? [[String: Any]])
        let first = try #require(patches.first)
        #expect(patches.count == 1 && first["patch"] as? String == "confirm-address")
        return ["taken", "declined"].reduce(into: [:]) { $0[$1] = first[$1] as? Int }
    }

    @Test("a fix is stopped, passes with a patch, and the patch is retired step by step")
    func story() throws {
        try run("1", "begin", store, "ana", "bob")
        #expect(try counts(check("1", "--json")) == ["same": 2])
        // The fix as it stands would stop both.
        let stopped = try check("2")
        #expect(stopped.status == 1)
        for line in [
            "Onboarding: 2 runs diverge after event 3",
            "  history:   StepScheduled welcome (welcome)",
            "  this code: StepScheduled confirm-address (confirm-address)",
            "  they agree up to StepScheduled create-account (create-account)",
            "  workflows: ana, bob",
            "2 open runs may not go on with this code",
        ] {
            let isThere = stopped.lines.contains { $0.hasPrefix(line) }
            #expect(isThere, "\(line)\n\(stopped.output)")
        }
        #expect(stopped.output.contains(#"if context.patched("confirm-address") {"#))
        // With the patch both go on as they were, and who is new takes the new way.
        #expect(try check("3").status == 0)
        try run("3", "begin", store, "carla")
        let patched = try check("3", "--json")
        #expect(try counts(patched) == ["same": 3])
        #expect(try patch(patched) == ["taken": 1, "declined": 2])
        #expect(try check("3").output.contains("both ways are needed"))
        // The old way is needed by two.
        #expect(try counts(check("4", "--json")) == ["same": 1, "diverges": 2])
        #expect(try run("3", "end", store, "ana", "bob").lines.last == "bob: thank you, bob")
        #expect(try check("3", "--closed", "0").output.contains("safe to remove the old way"))
        // What has ended does not follow, and stops nobody, unless it is to.
        let cleaned = try check("4")
        #expect(cleaned.status == 0)
        #expect(cleaned.lines.last == "of those that have ended it does not follow 2")
        #expect(try check("4", "--strict").status == 1)
        // The call is needed by who took the new way.
        let early = try check("5", "--closed", "0")
        #expect(early.status == 1)
        #expect(early.output.contains("history:   Patched confirm-address"))
        #expect(early.output.contains("keep the call of patched"))
        try run("4", "end", store, "carla")
        try run("4", "begin", store, "dora")
        #expect(try counts(check("5", "--json", "--closed", "0")) == ["diverges": 1])
        try run("4", "end", store, "dora")
        let last = try check("5", "--closed", "0")
        #expect(last.status == 0 && last.output.contains("0 open runs"))
        #expect(try run("5", "begin", store, "emil").status == 0)
        #expect(try check("5", "--closed", "0").status == 0)
    }

    @Test("versions says which code open runs are on, and what nothing needs")
    func versions() throws {
        try run("1", "begin", store, "ana", "bob")
        let now = try runAll("1", ["workflow", "versions", store])
        #expect(now.lines == ["Onboarding  release 1  2 open  new runs begin with it"])
        let next = try runAll("3", ["workflow", "versions", store, "--json"])
        let rows = try next.objects()
        #expect(rows.map { $0["fingerprint"] as? String } == ["release 1", "release 3"])
        #expect(rows.map { $0["open"] as? Int } == [2, 0])
        #expect(rows.map { $0["registered"] as? Bool } == [false, true])
        #expect(
            try runAll("3", ["workflow", "versions", store]).lines.first?
                .hasSuffix("2 open  not here") == true)
        let emaki = try Command.run("workflow", "versions", store)
        #expect(emaki.status == 0 && emaki.lines.count == 1)
    }

    @Test("of what has ended as many are replayed as are asked for")
    func closed() throws {
        try run("1", "begin", store, "a", "b", "c", "d", "open")
        try run("1", "end", store, "a", "b", "c", "d")
        for (option, count) in [("0", 1), ("2", 3), ("3", 4), ("all", 5)] {
            let result = try check("1", "--json", "--closed", option)
            #expect(try counts(result) == ["same": count], "\(option)")
            #expect(try result.object()["open"] as? Int == 1)
            #expect(try result.object()["closed"] as? Int == count - 1)
        }
    }

    @Test("code that traps, and code that computes for ever, is a row for each run, with the event")
    func traps() throws {
        try run("1", "begin", store, "ana", "bob")
        let traps = try check("trap", "--json", "--jobs", "2")
        #expect(traps.status == 1)
        #expect(try counts(traps) == ["traps": 2])
        let spins = try check("spin", "--json", "--timeout", "0.2")
        #expect(spins.status == 1)
        #expect(try counts(spins) == ["spins": 2])
        for (result, word) in [(traps, "Index out of range"), (spins, "not done after")] {
            for line in result.lines.dropLast() {
                let verdict = try #require(
                    try CommandResult.object(line)["verdict"] as? [String: Any])
                // That the account was made is what it was shown last.
                #expect(verdict["event"] as? Int == 3, "\(line)")
                #expect((verdict["message"] as? String)?.contains(word) == true, "\(line)")
            }
        }
    }

    @Test("nothing is recorded, and no step is executed")
    func readOnly() async throws {
        try run("1", "begin", store, "ana", "bob")
        func contents() throws -> [String: Data] {
            var all: [String: Data] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: store).sorted() {
                let url = URL(filePath: store + "/" + name)
                // Who holds the store.
                if name == "LOCK" { continue }
                guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true
                else { continue }
                all[name] = try Data(contentsOf: url)
            }
            return all
        }
        let before = try contents()
        for release in ["1", "2", "3", "trap"] { _ = try check(release) }
        let after = try contents()
        #expect(after.keys.sorted() == before.keys.sorted())
        for (name, data) in before { #expect(after[name] == data, "\(name)") }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
                .allSatisfy { !$0.contains(".check-") })
    }

    @Test("a store in use is checked by a copy, and after the switch only what went on since")
    func live() throws {
        try run("1", "begin", store, "ana", "bob")
        let serving = process("1", ["serve", store])
        let (input, output) = (Pipe(), Pipe())
        serving.standardInput = input
        serving.standardOutput = output
        try serving.run()
        defer {
            try? input.fileHandleForWriting.close()
            serving.waitUntilExit()
        }
        var said = Data()
        while !said.contains(UInt8(ascii: "\n")) {
            said += output.fileHandleForReading.availableData
        }
        let record = folder.path("checked.jsonl")
        let first = try check("3", "--json", "--record", record)
        #expect(first.status == 0, "\(first.errors)")
        #expect(try counts(first) == ["same": 2])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
                .allSatisfy { !$0.contains(".check-") })
        try input.fileHandleForWriting.close()
        serving.waitUntilExit()
        // One goes on, and one is new.
        try run("1", "end", store, "ana")
        try run("1", "begin", store, "carla")
        let second = try check("3", "--json", "--after", record, "--record", record)
        #expect(try second.object()["known"] as? Int == 1)
        #expect(try counts(second) == ["same": 2])
        let third = try check("3", "--json", "--after", record)
        #expect(try third.object()["known"] as? Int == 3)
        // Of other code nothing is known.
        let other = try check("2", "--json", "--after", record)
        #expect(other.status == 1)
        #expect(try CommandResult.object(try #require(other.lines.last))["known"] as? Int == 0)
    }

    @Test(
        "a history that is damaged, or whose workflow is not here, is a row, and others are checked"
    )
    func others() async throws {
        try run("1", "begin", store, "ana")
        let log = try await EventLog.open(at: store)
        // A workflow of another kind, and one whose first event makes no sense.
        try await log.append(
            Event(type: "RunOpened", payload: [], metadata: [0xff, 0xff]), to: "workflow/broken")
        await log.close()
        let result = try check("1", "--json")
        #expect(result.status == 1)
        #expect(try counts(result) == ["same": 1])
        let row = try result.object()
        #expect(row["workflow"] as? String == "broken")
        #expect((row["verdict"] as? [String: Any])?["kind"] as? String == "damaged")
        #expect(try check("1", "--json", "--prefix", "an").status == 0)
        let none = try check("1", "--type", "Nothing", "--prefix", "an")
        #expect(none.status == 0 && none.output.contains("0 open runs"))
    }

    @Test("who closes the output is told by the status all the same")
    func closedOutput() throws {
        try run("1", "begin", store, "ana", "bob")
        let process = process("2", ["workflow", "check", store, "--json"])
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try output.fileHandleForReading.close()
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
    }

    @Test("of another program, and of another event in a place, a record knows nothing")
    func otherRecord() throws {
        try run("1", "begin", store, "ana", "bob")
        let record = folder.path("checked.jsonl")
        _ = try check("1", "--record", record)
        let text = try String(contentsOfFile: record, encoding: .utf8)
        func known(_ text: String) throws -> Int? {
            let other = try folder.write("other-\(UUID())", text)
            let result = try check("1", "--json", "--after", other)
            return try CommandResult.object(try #require(result.lines.last))["known"] as? Int
        }
        #expect(try known(text) == 2)
        let program = try #require(text.firstRange(of: /"program":"[0-9a-f]+"/))
        #expect(try known(text.replacingCharacters(in: program, with: #""program":"5""#)) == 0)
        let newest = try #require(text.firstRange(of: /"newest":"[0-9a-f]+"/))
        #expect(try known(text.replacingCharacters(in: newest, with: #""newest":"5""#)) == 1)
    }

    @Test("who interrupts a check leaves neither a copy of the store nor a process that computes")
    func interrupted() throws {
        try run("1", "begin", store, "ana")
        let serving = process("1", ["serve", store])
        let (input, output) = (Pipe(), Pipe())
        serving.standardInput = input
        serving.standardOutput = output
        try serving.run()
        defer {
            try? input.fileHandleForWriting.close()
            serving.waitUntilExit()
        }
        var said = Data()
        while !said.contains(UInt8(ascii: "\n")) {
            said += output.fileHandleForReading.availableData
        }
        func copies() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
                .filter { $0.contains(".check-") }
        }
        let checking = process("spin", ["workflow", "check", store, "--timeout", "3600"])
        // A process that replays holds this open as long as it lives.
        let errors = Pipe()
        checking.standardOutput = FileHandle.nullDevice
        checking.standardError = errors
        try checking.run()
        try errors.fileHandleForWriting.close()
        while try copies().isEmpty { sched_yield() }
        checking.interrupt()
        checking.waitUntilExit()
        #expect(checking.terminationStatus == 130)
        #expect(try copies().isEmpty)
        #expect(try errors.fileHandleForReading.readToEnd() == nil)
    }

    @Test("a program that does something else than replay is told so, and no run is blamed")
    func noReplay() throws {
        // This program is the tests themselves.
        let error = #expect(throws: CommandFailure.self) {
            _ = try ReplayProcess(["--help"], keepsComplaints: false)
        }
        #expect(error?.code == "noReplay")
        #expect(error?.message.contains("WorkflowCommand.runIfAsked") == true)
    }

    @Test("wrong usage is named: numbers, a record that is none, a program without code")
    func usage() throws {
        try run("1", "begin", store, "ana")
        for wrong in [
            ["--closed", "some"], ["--closed", "-1"], ["--jobs", "0"], ["--timeout", "0"],
            ["--ways", "-1"], ["--after", folder.path("missing")],
            ["--after", try folder.write("other", "{}\n")],
        ] {
            let result = try runAll("1", ["workflow", "check", store] + wrong)
            #expect(result.status == 64, "\(wrong): \(result.errors)")
            #expect(result.errors.contains(wrong[0]) || result.errors.contains(wrong[1]))
        }
        let emaki = try Command.run("workflow", "check", store)
        #expect(emaki.status == 3 && emaki.errors.contains("WorkflowCommand.runIfAsked"))
        let nowhere = try runAll("1", ["workflow", "check", folder.path("nowhere")])
        #expect(nowhere.status == 4)
    }
}
