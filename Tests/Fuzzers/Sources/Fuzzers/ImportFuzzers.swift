import EmakiLog
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
        ].map { Array($0.utf8) }
    }

    static func decode(_ bytes: [UInt8]) throws {
        let slices = try JSONSlices(validating: bytes)
        var decoder = ImportDecoder(file: "fuzz", fileName: "fuzz")
        var lines = JSONLineCount()
        var offset = 0
        while offset < bytes.count {
            let (value, end) = try slices.value(from: offset)
            expect(end > offset, "no progress")
            for case .unit(let unit) in decoder.items(slices, value, lines: &lines) {
                expect(!unit.events.isEmpty, "a unit without an event")
                for event in unit.events {
                    expect(event.payload.count <= bytes.count, "bytes of nowhere")
                }
            }
            offset = end
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
