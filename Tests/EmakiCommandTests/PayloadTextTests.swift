import EmakiLog
import Foundation
import Testing

@testable import EmakiCommand

@Suite("payloads as JSON on one line")
struct PayloadTextTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    /// What `import` makes of it.
    private func back(_ text: PayloadText) throws -> [UInt8] {
        var line = #"{"stream":"s","type":"T","payload":"# + text.json
        if let exact = text.exact { line += ",\"text\":" + JSONObject.quoted(exact) }
        let slices = try JSONSlices(validating: bytes(line + "}"))
        return try LineRecord(slices, try slices.whole()).event.payload
    }

    @Test(
        "every payload comes back byte for byte, from one line",
        arguments: [
            "{}", "[1, 2]", "1.50", "\"x\"", "", "hello", "{\n  \"a\": 1\r\n}", " {} ", "{}\n",
            #"{"base64":"aGk="}"#, #"{"base64":1}"#, "{\"a\":\"\\n\"}", "\u{0}", "絵巻", "{\"a\":",
        ])
    func text(payload: String) throws {
        let text = PayloadText(bytes(payload))
        #expect(try back(text) == bytes(payload))
        #expect(!text.json.contains { $0.isNewline })
    }

    @Test("bytes that are no text come back")
    func binary() throws {
        let payload = Array(0...255).map { UInt8($0) }
        #expect(try back(PayloadText(payload)) == payload)
    }

    @Test("JSON on one line is written as it is spelled")
    func unchanged() {
        #expect(PayloadText(bytes("{ \"a\":1.50 }")).json == "{ \"a\":1.50 }")
        #expect(PayloadText(bytes("{ \"a\":1.50 }")).exact == nil)
    }

    @Test("text is quoted so that a JSON parser reads it back")
    func quoting() throws {
        let text = "\"\\\n\r\t\u{1}\u{1f}\u{7f}é絵"
        let decoded = try JSONDecoder().decode(
            String.self, from: Data(JSONObject.quoted(text).utf8))
        #expect(decoded == text)
    }
}
