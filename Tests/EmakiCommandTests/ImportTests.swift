import Foundation
import Testing

@Suite("import and export")
struct ImportTests {
    /// Both spellings of an event's type, numbers and escapes that a decoder would change, and a
    /// pretty-printed layout.
    private static let started = """
        { "eventId": "1", "eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED",
              "workflowExecutionStartedEventAttributes": { "workflowId": "inner-id" },
              "number": 1.50, "text": "\\u00e9\\/" }
        """
    private static let completed =
        #"{"eventId":"2","eventType":"WorkflowExecutionCompleted","large":12345678901234567890}"#

    private func importing(_ store: TestStore, _ files: String...) throws -> [String: Any] {
        let result = try Command.run(["import", store.path, "--json"] + files)
        #expect(result.status == 0, "\(result.errors)")
        return try result.object()
    }

    private func payloads(_ store: TestStore, _ stream: String) throws -> String {
        try Command.run("read", store.path, stream, "--payload-only").output
    }

    @Test("a document becomes the stream of the workflow in its first event, spelled as it was")
    func document() throws {
        let store = try TestStore()
        let file = try store.folder.write(
            "h.json", "{\n \"events\": [\n\(Self.started),\n\(Self.completed)\n]}\n")
        let summary = try importing(store, file)
        #expect(summary["histories"] as? Int == 1)
        #expect(summary["imported"] as? Int == 2)
        #expect(
            try payloads(store, "inner-id") == Self.started + "\n" + Self.completed + "\n")
        let types = try Command.run("read", store.path, "inner-id", "--json").objects()
            .map { $0["type"] as? String }
        #expect(types == ["EVENT_TYPE_WORKFLOW_EXECUTION_STARTED", "WorkflowExecutionCompleted"])
    }

    @Test("histories without a name get their file's and a number; a name of their own wins")
    func names() throws {
        let store = try TestStore()
        let list = try store.folder.write(
            "list.json",
            """
            [
              { "events": [\(Self.completed)] },
              { "events": [\(Self.started)], "workflowId": "outer-id" },
              { "events": [\(Self.completed), \(Self.completed)] }
            ]
            """)
        #expect(try importing(store, list)["histories"] as? Int == 3)
        #expect(
            try Command.run("streams", store.path).lines
                == ["1  list.json#0", "2  list.json#2", "1  outer-id"])
    }

    @Test(
        "a list, a line, lines, and documents in a row hold the same histories",
        arguments: [
            "[A,B]", "[A,B]\n", "A\nB", "A\nB\n", "\n\nA\n\nB\n", "[\nA,\nB\n]", "A\n[B]",
            "[\nA\n,B]",
            "{\n\"workflowId\":\"a\",\"events\":[E]}\n{\"workflowId\":\"b\",\n\"events\":[E]}",
            "\u{feff}A\nB", "[A]\n[B]",
        ])
    func shapes(text: String) throws {
        let store = try TestStore()
        func history(_ name: String) -> String {
            "{\"workflowId\":\"\(name)\",\"events\":[\(Self.completed)]}"
        }
        let file = try store.folder.write(
            "h",
            text.replacing("E", with: Self.completed)
                .replacing("A", with: history("a")).replacing("B", with: history("b")))
        #expect(try importing(store, file)["imported"] as? Int == 2)
        #expect(try Command.run("streams", store.path).lines == ["1  a", "1  b"])
    }

    @Test("the histories that ship with the package are imported once, however often")
    func twice() throws {
        let store = try TestStore(segmentBytes: 8 << 20)
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Sources/EmakiCommand/Resources/histories-small.jsonl").path
        let first = try importing(store, file)
        #expect(first["histories"] as? Int == 48)
        #expect(first["imported"] as? Int == first["events"] as? Int)
        let exported = try store.export().output
        let second = try importing(store, file)
        #expect(second["imported"] as? Int == 0)
        #expect(second["alreadyThere"] as? Int == first["events"] as? Int)
        #expect(try store.export().output == exported)

        let input = try Data(contentsOf: URL(filePath: file))
        let piped = try Command.run("import", store.path, "-", input: Array(input))
        #expect(piped.output.contains("48 histories"))
        #expect(piped.output.contains(" 0 imported"))
    }

    @Test("malformed lines are named with their numbers, and the rest goes on")
    func malformed() throws {
        let store = try TestStore()
        let good = #"{"workflowId":"W","events":[{"eventType":"T"}]}"#
        let lines = [
            good.replacing("W", with: "w1"), #"{"workflowId":"#, #"{"workflowId":"x"}"#, "7",
            #"{"workflowId":"x","events":[]}"#, #"{"workflowId":"y","events":[{}]}"#,
            #"{"workflowId":"z","events":[{"eventType":"T"},1]}"#, good.replacing("W", with: "w2"),
        ]
        let file = try store.folder.write("h.jsonl", lines.joined(separator: "\n"))
        let result = try Command.run("import", store.path, file)
        #expect(result.status == 2)
        for number in 2...7 {
            #expect(result.errors.contains("h.jsonl:\(number): "), "\(result.errors)")
        }
        #expect(result.errors.split(separator: "\n").count == 6)
        #expect(result.output.contains("2 imported"))
        #expect(try Command.run("streams", store.path).lines == ["1  w1", "1  w2"])
    }

    @Test("a first line that is malformed does not hide that the others are lines")
    func malformedFirstLine() throws {
        let store = try TestStore()
        let good = #"{"workflowId":"w","events":[{"eventType":"T"}]}"#
        let file = try store.folder.write("h.jsonl", #"{"workflowId":"v","eve"# + "\n" + good)
        let result = try Command.run("import", store.path, file)
        #expect(result.status == 2)
        #expect(result.errors.contains("h.jsonl:1: "))
        #expect(try Command.run("streams", store.path).lines == ["1  w"])
    }

    @Test("a damaged document is named with the line of the damage")
    func malformedDocument() throws {
        let store = try TestStore()
        let file = try store.folder.write("h.json", "{\n\"events\": [\n{\"eventType\": T}\n]}")
        let result = try Command.run("import", store.path, file)
        #expect(result.status == 2)
        #expect(result.errors.contains("h.json:3: no JSON"), "\(result.errors)")
        #expect(try store.export().lines.isEmpty)
    }

    @Test("of a history that is too large nothing is stored, and it is named")
    func tooLarge() throws {
        let store = try TestStore()
        let event = #"{"eventType":"T","pad":"\#(String(repeating: "x", count: 20_000))"}"#
        let large = Array(repeating: event, count: 4).joined(separator: ",")
        let file = try store.folder.write(
            "h.jsonl",
            "{\"workflowId\":\"large\",\"events\":[\(large)]}\n"
                + "{\"workflowId\":\"small\",\"events\":[\(event)]}\n")
        let result = try Command.run("import", store.path, file, "--json")
        #expect(result.status == 2)
        let error = try result.error()
        #expect(error["code"] as? String == "tooLarge")
        #expect(error["stream"] as? String == "large")
        #expect(error["line"] as? Int == 1)
        #expect(try Command.run("streams", store.path).lines == ["1  small"])
    }

    @Test("another history of the same name is refused by name; the same one is known")
    func sameName() throws {
        let store = try TestStore()
        let first = #"{"workflowId":"w","events":[{"eventType":"T"},{"eventType":"U"}]}"#
        let other = #"{"workflowId":"w","events":[{"eventType":"V"}]}"#
        let file = try store.folder.write("h.jsonl", [first, first, other].joined(separator: "\n"))
        let result = try Command.run("import", store.path, file)
        #expect(result.status == 2)
        #expect(result.errors.contains("h.jsonl:3: stream \"w\" holds other events already"))
        #expect(result.output.contains("2 imported, 2 already there"))
    }

    @Test("export and import carry every event to another store, and again change nothing")
    func roundTrip() throws {
        let store = try TestStore()
        let pretty = try store.folder.write("h.json", "{\"events\":[\n\(Self.started)\n]}")
        #expect(try importing(store, pretty)["imported"] as? Int == 1)
        for number in 1...20 { try store.append("s\(number % 3)", "{\"n\": \(number)}") }
        for payload in ["no JSON", "", #"{"base64":"aGk="}"#, " [1] "] {
            try store.append("odd", payload, type: "Odd")
        }
        let exported = try store.export().output
        let copy = try TestStore()
        let first = try Command.run("import", copy.path, "-", input: Array(exported.utf8))
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.contains("25 imported"))
        let again = try Command.run("import", copy.path, "-", input: Array(exported.utf8))
        #expect(again.output.contains("0 imported, 25 already there"))

        func events(_ store: TestStore) throws -> Set<String> {
            Set(
                try store.export().lines.map {
                    String($0.replacing(/"position":\d+,/, with: ""))
                })
        }
        #expect(try events(copy) == events(store))
        for stream in ["inner-id", "s0", "odd"] {
            #expect(try payloads(copy, stream) == payloads(store, stream))
        }
    }

    @Test("lines without versions follow each other in their stream")
    func withoutVersions() throws {
        let store = try TestStore()
        let lines = (1...5).map { #"{"stream":"a","type":"T","payload":\#($0)}"# }
        let some = try store.folder.write("some.jsonl", lines.prefix(3).joined(separator: "\n"))
        let all = try store.folder.write("all.jsonl", lines.joined(separator: "\n"))
        #expect(try importing(store, some)["imported"] as? Int == 3)
        let more = try importing(store, all)
        #expect(more["imported"] as? Int == 2)
        #expect(more["alreadyThere"] as? Int == 3)
        #expect(try payloads(store, "a") == "1\n2\n3\n4\n5\n")
    }

    @Test("export can be narrowed to a stream or a prefix")
    func scopes() throws {
        let store = try TestStore()
        for stream in ["a", "b1", "a", "b2"] { try store.append(stream, "{}") }
        let one = try Command.run("export", store.path, "--stream", "a")
        #expect(
            one.lines == [
                #"{"stream":"a","version":1,"position":0,"type":"T","payload":{}}"#,
                #"{"stream":"a","version":2,"position":2,"type":"T","payload":{}}"#,
            ])
        #expect(try Command.run("export", store.path, "--prefix", "b").lines.count == 2)
    }
}
