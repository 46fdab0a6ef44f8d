import EmakiLog
import Foundation

@testable import Parsers

private let id = "000102030405060708090a0b0c0d0e0f"

/// A JSON text as `emaki import` reads it: histories, lists of them, lines of an export.
enum ImportFuzzer: Fuzzer {
    static let name = "import"

    static func seeds() throws -> [[UInt8]] {
        [
            #"{"events":[{"eventId":"1","eventType":"WorkflowExecutionStarted"},{"eventId":2}]}"#,
            #"[{"workflowId":"w","events":[{"eventId":"1"}]},{"events":[]}]"#,
            #"{"stream":"s","version":1,"type":"T","payload":{"a":[1,-2.5e3,null,true,"é"]}}"#,
            #"{"stream":"s","type":"T","payload":{"base64":"AAEC"},"id":"\#(id)"}"#,
            "{\"stream\":\"s\",\"version\":7,\"type\":\"T\",\"payload\":1}\n"
                + "{\"stream\":\"s\",\"version\":9,\"type\":\"T\",\"payload\":1}\n",
            "{\n\"stream\":\"s\",\"type\":\"T\",\"payload\":1}\n{\"events\":\n[{}]}",
        ].map { Array($0.utf8) }
    }

    static func decode(_ bytes: [UInt8]) throws {
        for closesGaps in [false, true] { try decodeFile(bytes, closesGaps: closesGaps) }
        let slices = try JSONSlices(validating: bytes)
        var decoder = ImportDecoder(file: "fuzz", fileName: "fuzz")
        var lines = JSONLineCount()
        var offset = 0
        while offset < bytes.count {
            let (value, end) = try slices.value(from: offset)
            expect(end > offset, "no progress")
            check(decoder.items(slices, value, lines: &lines), inputBytes: bytes.count)
            offset = end
        }
    }

    private static let path = FileManager.default.temporaryDirectory
        .appending(path: "emaki-fuzz-import-\(ProcessInfo.processInfo.processIdentifier)").path

    /// As the command reads a file: bytes, lines, documents.
    private static func decodeFile(_ bytes: [UInt8], closesGaps: Bool) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        var reader = ImportReader([path], closesGaps: closesGaps)
        var newest: [StreamID: UInt64] = [:]
        var windowCount = 0
        while true {
            let items = try reader.window()
            guard !items.isEmpty else { return }
            windowCount += 1
            expect(windowCount <= bytes.count, "an import without end")
            check(items, inputBytes: bytes.count)
            guard closesGaps else { continue }
            for case .unit(let unit) in items where !unit.isHistory {
                expect(
                    unit.firstVersion <= newest[unit.stream, default: 0] + 1,
                    "a gap that was not closed")
                newest[unit.stream] = max(newest[unit.stream, default: 0], unit.lastVersion)
            }
        }
    }

    private static func check(_ items: [ImportItem], inputBytes: Int) {
        for case .unit(let unit) in items {
            expect(!unit.events.isEmpty, "a unit without an event")
            for event in unit.events {
                expect(event.payload.count <= inputBytes, "bytes of nowhere")
            }
        }
        for case .refusal(let refusal) in items {
            expect(refusal.place.line <= inputBytes + 1, "a line of nowhere")
            expect(!refusal.report.message.isEmpty, "a refusal without a word")
        }
    }
}

/// A line as `emaki append --lines` reads it.
enum LineFuzzer: Fuzzer {
    static let name = "line"

    static func seeds() throws -> [[UInt8]] {
        [
            #"{"stream":"s","type":"T","payload":{"a":1},"expecting":"none"}"#,
            #"{"stream":"s","type":"T","payload":{"base64":"/w=="},"expecting":7,"id":"\#(id)"}"#,
        ].map { Array($0.utf8) }
    }

    static func decode(_ bytes: [UInt8]) throws {
        let slices = try JSONSlices(validating: bytes)
        let record = try LineRecord(slices, try slices.whole())
        expect(!record.stream.text.isEmpty, "a stream without a name")
    }
}
