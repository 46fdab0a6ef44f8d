import EmakiLog
import Foundation
import Testing

@testable import EmakiCommand
@testable import EmakiCommandSupport

@Suite("import of records: gaps, refusals, joins")
struct ImportRecordTests {
    private func record(
        _ stream: String, _ version: UInt64? = nil, type: String = "T", payload: String = "0"
    ) -> String {
        let version = version.map { #""version":\#($0),"# } ?? ""
        return #"{"stream":"\#(stream)",\#(version)"type":"\#(type)","payload":\#(payload)}"#
    }

    private func importing(
        _ store: TestStore, _ lines: [String], _ options: String...
    ) throws -> CommandResult {
        let file = try store.folder.write("in.jsonl", lines.joined(separator: "\n"))
        return try Command.run(["import", store.path, file] + options)
    }

    private func payloads(_ store: TestStore, _ stream: String) throws -> [String] {
        try Command.run("read", store.path, stream, "--payload-only").lines
    }

    @Test(
        "a version beyond any stream is malformed, and the rest goes on",
        arguments: [.max, 1 << 63, (1 << 62) + 1] as [UInt64])
    func hugeVersion(version: UInt64) throws {
        let store = try TestStore()
        let result = try importing(
            store, [record("a", version), record("a"), record("b"), record("a", 2)])
        #expect(result.status == 2)
        #expect(result.errors.contains("in.jsonl:1: "), "\(result.errors)")
        #expect(result.errors.contains("`version` is \(version), the limit is"))
        #expect(try Command.run("streams", store.path).lines == ["1  b"])
    }

    @Test("the largest version is a gap like any other")
    func largestVersion() throws {
        let store = try TestStore()
        let result = try importing(store, [record("a", 1 << 62), record("a"), record("b")])
        #expect(result.status == 2)
        #expect(result.errors.contains("no versions 1 to \((1 << 62) - 1)"), "\(result.errors)")
        #expect(try Command.run("streams", store.path).lines == ["1  b"])
    }

    // MARK: Joins

    @Test("records are joined to what a small store takes in one batch")
    func smallStore() throws {
        let store = try TestStore()
        let text = "\"" + String(repeating: "x", count: 1000) + "\""
        let metadata = Data(count: 2000).base64EncodedString()
        let lines = (1...100).map { version in
            #"{"stream":"a","version":\#(version),"type":"T","payload":\#(text),"#
                + #""metadata":{"base64":"\#(metadata)"}}"#
        }
        let result = try importing(store, lines)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("100 imported"), "\(result.output)")
        #expect(try importing(store, lines).output.contains("0 imported, 100 already there"))
    }

    @Test("a record that is refused does not refuse those before it; each line is named")
    func refusedInJoin() throws {
        let store = try TestStore()
        let lines = (1...5).map { record("a", $0, type: $0 == 3 ? "" : "T", payload: "\($0)") }
        let result = try importing(store, lines, "--json")
        #expect(result.status == 2)
        #expect(try result.object()["imported"] as? Int == 2)
        #expect(try result.object()["refused"] as? Int == 3)
        let errors = try result.errors.split(separator: "\n").map(String.init)
            .map(CommandResult.object).compactMap { $0["error"] as? [String: Any] }
        #expect(errors.map { $0["line"] as? Int } == [3, 4, 5])
        let codes = errors.map { $0["code"] as? String }
        #expect(codes == ["invalid", "missingVersions", "missingVersions"])
        #expect(try payloads(store, "a") == ["1", "2"])
    }

    // MARK: Gaps

    @Test("behind a gap a record is refused with the versions that are missing")
    func gap() throws {
        let store = try TestStore()
        let result = try importing(store, [record("a", 1), record("a", 4), record("a", 5)])
        #expect(result.status == 2)
        #expect(
            result.errors.contains("in.jsonl:2: stream \"a\" has no versions 2 to 3"),
            "\(result.errors)")
        #expect(result.errors.contains("in.jsonl:3: "))
        #expect(result.errors.contains("--close-gaps"))
        #expect(!result.errors.contains("holds other events"))
        #expect(try payloads(store, "a") == ["0"])
    }

    @Test("--close-gaps stores what is behind a gap, and again nothing twice")
    func closedGaps() throws {
        let store = try TestStore()
        let versions: [UInt64] = [3, 4, 7, 9]
        let lines = versions.map { record("a", $0, payload: "\($0)") } + [record("b", 2)]
        #expect(try importing(store, lines).status == 2)
        for expected in ["5 imported, 0 already there", "0 imported, 5 already there"] {
            let result = try importing(store, lines, "--close-gaps")
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.output.contains(expected), "\(result.output)")
        }
        #expect(try payloads(store, "a") == ["3", "4", "7", "9"])

        let copy = try TestStore()
        let exported = Array(try store.export().output.utf8)
        let plain = try Command.run("import", copy.path, "-", input: exported)
        #expect(plain.status == 0, "\(plain.errors)")
        #expect(try payloads(copy, "a") == ["3", "4", "7", "9"])
        // The ids came along: they are those of the old versions.
        #expect(try importing(copy, lines, "--close-gaps").output.contains("5 already there"))
    }

    @Test("gaps are closed across files, overlaps are known, and what fills a gap is refused")
    func closedGapsInFiles() throws {
        let store = try TestStore()
        func file(_ name: String, _ versions: [UInt64]) throws -> String {
            try store.folder.write(
                name, versions.map { record("a", $0, payload: "\($0)") }.joined(separator: "\n"))
        }
        let files = try [file("1", [1, 2, 5]), file("2", [2, 5, 6, 8]), file("3", [4, 9])]
        let result = try Command.run(["import", store.path, "--close-gaps"] + files)
        #expect(result.status == 2)
        #expect(result.output.contains("6 imported, 2 already there"), "\(result.output)")
        #expect(result.errors.contains("3:1: "), "\(result.errors)")
        #expect(result.errors.contains("version 4 comes behind version 8"))
        #expect(try payloads(store, "a") == ["1", "2", "5", "6", "8", "9"])
    }

    // MARK: Malformed lines

    @Test("behind a malformed line no version is guessed: the corrected file is imported whole")
    func hiddenVersions() throws {
        let store = try TestStore()
        let good = ["a", "a", "a", "b", "a"].enumerated().map { index, stream in
            record(stream, index == 4 ? 4 : nil, payload: "\(index)")
        }
        var broken = good
        broken[1] = #"{"stream":"a","ty"#
        let result = try importing(store, broken)
        #expect(result.status == 2)
        for line in 2...5 { #expect(result.errors.contains("in.jsonl:\(line): ")) }
        #expect(result.output.contains("1 imported"), "\(result.output)")
        let corrected = try importing(store, good)
        #expect(corrected.status == 0, "\(corrected.errors)")
        #expect(corrected.output.contains("4 imported, 1 already there"))
        #expect(try payloads(store, "a") == ["0", "1", "2", "4"])
    }

    @Test("a malformed line that names its stream hides the versions of that stream only")
    func hiddenStream() throws {
        let store = try TestStore()
        let result = try importing(
            store, [record("a"), #"{"stream":"a","type":7}"#, record("a"), record("b")])
        #expect(result.status == 2)
        #expect(result.errors.contains("in.jsonl:3: stream \"a\": it has no `version`"))
        #expect(try Command.run("streams", store.path).lines == ["1  a", "1  b"])
    }

    @Test("elements of a list, and documents in a row, are named with their own lines")
    func linesOfElements() throws {
        let store = try TestStore()
        let list = try store.folder.write("l", "[\n\(record("a")),\n7,\n\n8]\n{\n\"x\":1}\n")
        let result = try Command.run("import", store.path, list)
        for line in [3, 5, 6] {
            #expect(result.errors.contains("l:\(line): neither"), "\(result.errors)")
        }
        #expect(result.output.contains("1 imported"))
    }

    @Test("a truncated document does not hinder those before it")
    func truncatedDocument() throws {
        let store = try TestStore()
        func history(_ name: String) -> String {
            "{\n\"workflowId\":\"\(name)\",\n\"events\":[{\"eventType\":\"T\"}]}\n"
        }
        let text = history("a") + history("b") + "{\n\"workflowId\":\n"
        let result = try Command.run(
            "import", store.path, try store.folder.write("h.json", text))
        #expect(result.status == 2)
        #expect(result.errors.contains("h.json:8: no JSON"), "\(result.errors)")
        #expect(try Command.run("streams", store.path).lines == ["1  a", "1  b"])
    }

    // MARK: The end of an import

    @Test("what would refuse everything ends the import, and the tally is kept")
    func ending() async throws {
        let store = try TestStore()
        let log = try await EventLog.open(at: store.path, .readOnly())
        let units: [ImportItem] = try ["a", "a", "b", "c"].map { stream in
            .unit(
                try ImportUnit(
                    place: ImportPlace(file: "f", line: 1), stream: StreamID(stream),
                    events: [Event(type: "T", payload: [])], firstVersion: 1, isHistory: true))
        }
        let tally = await ImportRun(log: log, jobCount: 1).store(units)
        await log.close()
        #expect(tally.end == .readOnly)
        #expect(tally.refusals.isEmpty)
        #expect(tally.eventCount == 1, "the first is tried, and no other")
    }

    @Test("the sentence for the end claims nothing about what is stored already")
    func endingSentence() {
        for error in [LogError.noSpace, .readOnly, .poisoned, .noPermission(path: "p")] {
            #expect(error.endsImport)
            let failure = CommandFailure(endingImport: error)
            #expect(failure.status == .disk)
            #expect(failure.code == error.code)
            #expect(!failure.message.contains("nothing was written"))
            #expect(failure.message.contains("is not stored twice"))
        }
        #expect(!LogError.tooLarge(.batchBytes, limit: 1, value: 2).endsImport)
    }
}
