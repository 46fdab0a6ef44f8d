import EmakiPlatform

/// A payload as a JSON value on one line, from which the same bytes come back.
///
/// JSON is put in as it is spelled. Where that cannot be, nothing is lost either:
/// - line breaks would end the line, so they become spaces in `json`, and `exact` repeats the text
///   as a string (so does a text with space around the value);
/// - anything else, and JSON that itself looks like `{"base64":…}`, becomes `{"base64":…}`.
package struct PayloadText {
    package let json: String
    /// The text itself, where `json` is not the text.
    package let exact: String?

    package init(_ payload: [UInt8]) {
        guard let text = payload.withRawSpan({ String(validating: $0) }),
            let value = Self.value(in: payload)
        else {
            json = "{\"base64\":\"" + Base64.text(of: payload[...]) + "\"}"
            exact = nil
            return
        }
        let hasLineBreaks = payload.contains { Self.isLineBreak($0) }
        guard hasLineBreaks || value.count < payload.count else {
            json = text
            exact = nil
            return
        }
        // Line breaks inside strings are escaped in JSON, so these are all between its words.
        let oneLine = payload[value].map { Self.isLineBreak($0) ? UInt8(ascii: " ") : $0 }
        json = String(decoding: oneLine, as: UTF8.self)
        exact = text
    }

    /// Where the value is, or nil if the payload cannot go in as JSON.
    private static func value(in payload: [UInt8]) -> Range<Int>? {
        let slices = JSONSlices(bytes: payload)
        do {
            let slice = try slices.whole()
            let members = try slices.members(of: slice)
            let looksLikeBytes =
                members.count == 1 && members.contains { slices.text(of: $0.name) == "base64" }
            return looksLikeBytes ? nil : slice.range
        } catch {
            return nil
        }
    }

    private static func isLineBreak(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x0d }
}
