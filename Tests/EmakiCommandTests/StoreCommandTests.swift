import Foundation
import Testing

@Suite("the command on a sound store")
struct StoreCommandTests {
    @Test("create makes a store and says what it measured")
    func create() throws {
        let folder = try TemporaryFolder()
        let made = try Command.run(
            "create", folder.path("s"), "--segment-bytes", "131072", "--json")
        #expect(made.status == 0)
        let object = try made.object()
        let store = try #require(object["store"] as? [String: Any])
        #expect(store["segmentBytes"] as? Int == 131072)
        #expect(["direct", "dataSync", "fullSync"].contains(store["syncMethod"] as? String))
        #expect((store["rawLatencyNanoseconds"] as? Int ?? 0) > 0)
        let again = try Command.run("create", folder.path("s"))
        #expect(again.status == 4)
        #expect(again.errors.contains("exists already"))
    }

    @Test("append answers with version and position, and read shows what was appended")
    func appendAndRead() throws {
        let store = try TestStore()
        let first = try Command.run(
            "append", store.path, "order-7", "--type", "Placed", "--payload", #"{"total":42}"#)
        #expect(first.output == "stored: stream \"order-7\" version 1, position 0\n")
        let second = try Command.run(
            "append", store.path, "order-7", "--type", "Paid", "--expecting", "1", "--json",
            input: [0xff, 0x00])
        #expect(second.output == #"{"stream":"order-7","version":2,"position":1}"# + "\n")

        let lines = try Command.run("read", store.path, "order-7").lines
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("1  @0  Placed  "))
        #expect(lines[0].hasSuffix(#"  {"total":42}"#))
        #expect(lines[1].hasSuffix("  (2 bytes) base64:/wA="))

        let objects = try Command.run("read", store.path, "order-7", "--json").objects()
        #expect(objects.map { $0["version"] as? Int } == [1, 2])
        #expect((objects[0]["payload"] as? [String: Any])?["total"] as? Int == 42)
        #expect((objects[1]["payload"] as? [String: Any])?["base64"] as? String == "/wA=")
    }

    @Test("truncate and delete remove events, and a late append is refused")
    func removal() throws {
        let store = try TestStore()
        for _ in 0..<4 {
            _ = try Command.run("append", store.path, "a", "--type", "T", "--payload", "x")
        }
        let cut = try Command.run("truncate", store.path, "a", "--before", "3")
        #expect(cut.output == "removed: stream \"a\" now has versions 3 to 4\n")
        let kept = try Command.run("read", store.path, "a", "--json").objects()
        #expect(kept.map { $0["version"] as? Int } == [3, 4])
        let beyond = try Command.run("truncate", store.path, "a", "--before", "9")
        #expect(beyond.status == 3 && beyond.errors.contains("version 4"))
        let inspected = try Command.run("inspect", store.path)
        #expect(inspected.output.contains("truncate: up to version 2"))
        let deleted = try Command.run("delete", store.path, "a", "--expecting", "4", "--json")
        #expect(
            deleted.output
                == #"{"firstVersion":5,"isDeleted":true,"stream":"a","version":4}"# + "\n")
        let late = try Command.run("append", store.path, "a", "--type", "T", "--payload", "x")
        #expect(late.status == 3 && late.errors.contains("deleted"))
        #expect(try Command.run("streams", store.path).output.isEmpty)
        #expect(try Command.run("verify", store.path).status == 0)
        let stats = try Command.run("stats", store.path, "--json").object()
        #expect("\(stats)".contains("removedStreams"))
    }

    @Test("snapshot stores one, and prints the newest")
    func snapshot() throws {
        let store = try TestStore()
        for _ in 0..<3 {
            _ = try Command.run("append", store.path, "a", "--type", "T", "--payload", "x")
        }
        #expect(try Command.run("snapshot", store.path, "a").output.contains("has no snapshot"))
        let file = try store.folder.write("state", #"{"sum":2}"#)
        let stored = try Command.run(
            "snapshot", store.path, "a", "--at", "2", "--file", file, "--json")
        #expect(stored.output == #"{"stream":"a","version":2,"isStored":true}"# + "\n")
        let older = try Command.run("snapshot", store.path, "a", "--at", "1", "--file", file)
        #expect(older.output.hasPrefix("not needed: "))
        let beyond = try Command.run("snapshot", store.path, "a", "--at", "4", "--file", file)
        #expect(beyond.status == 3)
        let printed = try Command.run("snapshot", store.path, "a", "--json").object()
        #expect(printed["version"] as? Int == 2)
        #expect((printed["payload"] as? [String: Any])?["sum"] as? Int == 2)
        let bytes = try Command.run("snapshot", store.path, "a", "--payload-only")
        #expect(bytes.output == #"{"sum":2}"#)
        #expect(try Command.run("verify", store.path).status == 0)
        #expect(try Command.run("inspect", store.path).output.contains("snapshots of a"))
        #expect(try Command.run("streams", store.path).lines.count == 1)
        let exported = try Command.run("export", store.path)
        #expect(exported.lines.count == 3)
    }

    @Test("a payload may come from a file, and is printed as it is")
    func payloadFile() throws {
        let store = try TestStore()
        let file = try store.folder.write("payload", "two\nlines")
        let result = try Command.run(
            "append", store.path, "a", "--type", "T", "--file", file)
        #expect(result.status == 0)
        let read = try Command.run("read", store.path, "a", "--payload-only")
        #expect(read.output == "two\nlines\n")
    }

    @Test("a repeated append with an id is recognised")
    func repeated() throws {
        let store = try TestStore()
        let arguments = [
            "append", store.path, "a", "--type", "T", "--payload", "x", "--expecting", "none",
            "--id", "123e4567-e89b-12d3-a456-426614174000", "--json",
        ]
        #expect(try Command.run(arguments).object()["wasStoredBefore"] == nil)
        let again = try Command.run(arguments)
        #expect(again.status == 0)
        #expect(try again.object()["wasStoredBefore"] as? Bool == true)
        #expect(try store.export().lines.count == 1)
    }

    @Test("read goes from a version, backwards, up to a limit, and by position")
    func readRanges() throws {
        let store = try TestStore()
        for number in 1...5 { try store.append("a", "\(number)") }
        try store.append("b", "6")
        func payloads(_ arguments: String...) throws -> [String] {
            try Command.run(["read", store.path] + arguments + ["--payload-only"]).lines
        }
        #expect(try payloads("a", "--from", "4") == ["4", "5"])
        #expect(try payloads("a", "--backwards", "--limit", "2") == ["5", "4"])
        #expect(try payloads("a", "--backwards", "--from", "2") == ["2", "1"])
        #expect(try payloads("--from-position", "4") == ["5", "6"])
        #expect(try payloads() == ["1", "2", "3", "4", "5", "6"])
    }

    @Test("streams lists ids in order, by prefix, and goes on behind one")
    func streams() throws {
        let store = try TestStore()
        for stream in ["b", "order-2", "order-1", "a", "order-1"] { try store.append(stream, "x") }
        let all = try Command.run("streams", store.path)
        #expect(all.lines == ["1  a", "1  b", "2  order-1", "1  order-2"])
        let some = try Command.run(
            "streams", store.path, "--prefix", "order-", "--after", "order-1", "--json")
        #expect(some.lines == [#"{"stream":"order-2","version":1}"#])
        #expect(try Command.run("streams", store.path, "--limit", "1").lines == ["1  a"])
    }

    @Test("follow prints what is there, in scope, and ends when it has caught up")
    func follow() throws {
        let store = try TestStore()
        for stream in ["a", "b1", "b2", "a"] { try store.append(stream, stream) }
        func positions(_ arguments: String...) throws -> [Int?] {
            try Command.run(
                ["follow", store.path, "--until-caught-up", "--json"] + arguments
            ).objects().map { $0["position"] as? Int }
        }
        #expect(try positions() == [0, 1, 2, 3])
        #expect(try positions("--stream", "a") == [0, 3])
        #expect(try positions("--prefix", "b", "--from-position", "2") == [2])
        #expect(try positions("--from-position", "9") == [])
    }

    @Test("follow without an end prints each event at once and goes on waiting")
    func followWaits() throws {
        let store = try TestStore()
        try store.append("a", "1")
        let process = Command.process(["follow", store.path])
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let first = output.fileHandleForReading.availableData
        #expect(String(decoding: first, as: UTF8.self).hasPrefix("1  @0  a  T  "))
        #expect(process.isRunning)
        process.terminate()
        process.waitUntilExit()
    }

    @Test("stats and probe show the sync method and F")
    func statsAndProbe() throws {
        let store = try TestStore()
        try store.append("a", "1")
        let before = try store.contents()
        let stats = try Command.run("stats", store.path)
        #expect(stats.status == 0)
        #expect(stats.output.contains("sync method "))
        #expect(stats.output.contains("durable up to position 1 (exclusive)"))
        let object = try Command.run("stats", store.path, "--json").object()
        #expect((object["statistics"] as? [String: Any])?["eventsInMemory"] as? Int == 1)
        #expect(try store.contents() == before, "stats changed the store")

        let probe = try Command.run("probe", store.path, "--json")
        #expect(probe.status == 0)
        #expect((try probe.object()["rawLatencyNanoseconds"] as? Int ?? 0) > 0)
        #expect(try Command.run("probe", store.path).output.contains("F = "))
    }

    @Test("verify and inspect find a sound store sound, and change nothing")
    func verifyAndInspect() throws {
        let store = try TestStore()
        for number in 1...3 { try store.append("a", "\(number)") }
        let before = try store.contents()
        let verified = try Command.run("verify", store.path, "--json")
        #expect(verified.status == 0)
        #expect(try verified.object()["ok"] as? Bool == true)
        #expect(try verified.object()["events"] as? Int == 3)

        let inspected = try Command.run("inspect", store.path, "--hex")
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("  linked  group 1  positions 0..<1"))
        #expect(inspected.output.contains("    - a  version 1  T"))
        #expect(inspected.output.contains("454d4b46"), "the magic of a frame")
        let objects = try Command.run("inspect", store.path, "--json", "--segment", "1").objects()
        #expect(objects.count == 2)
        #expect(objects[1]["state"] as? String == "active")
        #expect(objects[1]["eventCount"] as? Int == 3)
        #expect(try store.contents() == before, "looking changed the store")
    }

    @Test(
        "every command has help with examples",
        arguments: [
            "create", "append", "read", "follow", "streams", "import", "export", "verify",
            "inspect", "stats", "probe", "repair",
        ])
    func help(command: String) throws {
        let help = try Command.run(command, "--help")
        #expect(help.status == 0)
        let examples = try #require(help.output.split(separator: "EXAMPLES").last)
        #expect(examples.contains("\n  emaki \(command) "))
        #expect(help.output.contains("--json") || command == "export")
    }

    @Test("nobody reads the output: the command ends quietly")
    func closedPipe() throws {
        let store = try TestStore()
        let lines = (0..<400).map { _ in
            #"{"stream":"a","type":"T","payload":"\#(String(repeating: "x", count: 2000))"}"#
        }
        let appended = try Command.run(
            "append", store.path, "--lines", "--jobs", "64",
            input: Array(lines.joined(separator: "\n").utf8))
        try #require(appended.status == 0, "\(appended.errors)")
        let process = Command.process(["export", store.path])
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try output.fileHandleForReading.close()
        try process.run()
        let complaint = try errors.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 0)
        #expect(complaint?.isEmpty != false)
    }
}
