import Foundation
import Testing

@testable import EmakiCommand

@Suite("append --lines")
struct LineAppendTests {
    private func append(_ store: TestStore, jobs: Int = 1, _ lines: [String]) throws
        -> CommandResult
    {
        try Command.run(
            "append", store.path, "--lines", "--jobs", "\(jobs)",
            input: Array(lines.joined(separator: "\n").utf8))
    }

    @Test("each line is answered with its number, stream, version and position")
    func answers() throws {
        let store = try TestStore()
        let result = try append(
            store,
            [
                #"{"stream":"a","type":"T","payload": { "x" : 1.50 } }"#,
                #"{"payload":{"base64":"/wA="},"type":"U","stream":"b","expecting":"none"}"#,
                "",
                #"{"stream":"a","type":"T","payload":null,"expecting":1,"unknown":[]}"#,
            ])
        #expect(result.status == 0)
        #expect(
            result.lines == [
                #"{"line":1,"stream":"a","version":1,"position":0}"#,
                #"{"line":2,"stream":"b","version":1,"position":1}"#,
                #"{"line":4,"stream":"a","version":2,"position":2}"#,
            ])
        let exported = try store.export().lines
        #expect(exported[0].contains(#""payload":{ "x" : 1.50 }"#), "stored as it was spelled")
        #expect(exported[1].contains(#""payload":{"base64":"/wA="}"#))
    }

    @Test("malformed and refused lines are answered by number, and the rest goes on")
    func refused() throws {
        let store = try TestStore()
        var lines = [
            "garbage", "[]", "{}", #"{"stream":"a","type":"T"}"#,
            #"{"stream":"","type":"T","payload":1}"#,
            #"{"stream":"\#(String(repeating: "s", count: 256))","type":"T","payload":1}"#,
            #"{"stream":"a","type":"","payload":1}"#,
            #"{"stream":"a","type":"T","payload":{"base64":"?"}}"#,
            #"{"stream":"a","type":"T","payload":1,"expecting":"soon"}"#,
            #"{"stream":"a","type":"T","payload":1,"id":"7"}"#,
            #"{"stream":"a","type":"T","payload":1,"expecting":3}"#,
            #"{"stream":"a","type":"T","payload":"\#(String(repeating: "x", count: 150_000))"}"#,
            #"{"stream":"a","type":"T","payload":1}"#,
        ]
        lines.append("{\"stream\":\"a\",\"type\":\"T\",\"payload\":1")
        let result = try append(store, lines)
        #expect(result.status == 2)
        #expect(result.errors.contains("13 lines were not stored"))
        let answers = try result.objects()
        #expect(answers.map { $0["line"] as? Int } == Array(1...14))
        let codes = answers.map { ($0["error"] as? [String: Any])?["code"] as? String }
        let malformed = [String?](repeating: "malformed", count: 4)
        #expect(
            codes == malformed + ["invalid", "tooLarge", "invalid"] + malformed.prefix(3)
                + ["versionConflict", "tooLarge", nil, "malformed"])
        #expect(try store.export().lines.count == 1)
    }

    @Test("a line that is no UTF-8 is malformed")
    func notUTF8() throws {
        let store = try TestStore()
        var line = Array(#"{"stream":"a","type":"T","payload":"?"}"#.utf8)
        line[line.count - 3] = 0xff
        let result = try Command.run("append", store.path, "--lines", input: line)
        #expect(result.status == 2)
        #expect(result.output.contains("it is no JSON: not UTF-8"))
        #expect(try store.export().lines.isEmpty)
    }

    @Test("lines far larger than any buffer are stored")
    func largeLines() throws {
        let store = try TestStore(segmentBytes: 4 << 20)
        let sizes = [1, 8191, 65_536, 300_000, 2_000_000]
        let lines = sizes.map {
            #"{"stream":"a","type":"T","payload":"\#(String(repeating: "x", count: $0))"}"#
        }
        #expect(try append(store, lines).status == 0)
        let stored = try store.export().objects().map { ($0["payload"] as? String)?.count }
        #expect(stored == sizes)
    }

    @Test("an answer comes as soon as its event is durable, while the input stays open")
    func atOnce() throws {
        let store = try TestStore()
        let process = Command.process(["append", store.path, "--lines", "--jobs", "4"])
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        for number in 1...3 {
            let line = #"{"stream":"a","type":"T","payload":\#(number)}"# + "\n"
            try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
            let answer = String(
                decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            #expect(answer.hasSuffix("\"version\":\(number),\"position\":\(number - 1)}\n"))
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test("nobody reads the answers: it ends although the input stays open, and not with 0")
    func closedOutput() throws {
        let store = try TestStore()
        let process = Command.process(["append", store.path, "--lines", "--jobs", "4"])
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try output.fileHandleForReading.close()
        let line = #"{"stream":"a","type":"T","payload":1}"# + "\n"
        try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 2)
        try input.fileHandleForWriting.close()
    }

    @Test("with many jobs every line is answered exactly once")
    func manyJobs() throws {
        let store = try TestStore(segmentBytes: 1 << 20)
        let lines = (0..<500).map {
            #"{"stream":"s\#($0 % 7)","type":"T","payload":\#($0)}"#
        }
        let result = try append(store, jobs: 32, lines)
        #expect(result.status == 0)
        let answers = try result.objects()
        #expect(Set(answers.compactMap { $0["line"] as? Int }) == Set(1...500))
        #expect(Set(answers.compactMap { $0["position"] as? Int }) == Set(0..<500))
    }

    @Test(
        "a line longer than the limit is named, and the next one is read", arguments: [9, 10, 11])
    func longestLine(byteCount: Int) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "lines", String(repeating: "x", count: byteCount) + "\nlast")
        var reader = LineReader(try InputBytes(path: file), lineBytesMax: 10)
        switch try reader.next() {
        case .bytes(let bytes, number: 1): #expect(bytes.count == byteCount && byteCount <= 10)
        case .tooLong(number: 1): #expect(byteCount > 10)
        default: Issue.record("no first line")
        }
        guard case .bytes(let last, number: 2) = try reader.next() else {
            Issue.record("no second line")
            return
        }
        #expect(last == Array("last".utf8))
        let end = try reader.next()
        if case .some = end { Issue.record("a third line") }
    }
}
