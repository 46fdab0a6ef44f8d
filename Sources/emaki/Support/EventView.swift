import EmakiLog
import EmakiPlatform
import Foundation

/// One event as the commands show it.
struct EventView {
    let event: RecordedEvent

    private static let previewBytesMax = 4096

    /// The members that `export` writes, then id and time.
    var json: JSONObject {
        var object = JSONObject()
        object.add("stream", event.stream.text)
        object.add("version", event.version.rawValue)
        object.add("position", event.position.rawValue)
        object.add("type", event.type)
        let payload = event.payload
        let exported = PayloadText(payload)
        object.add("payload", json: exported.json)
        if let exact = exported.exact { object.add("text", exact) }
        if let id = event.id { object.add("id", id.description) }
        object.add("time", Self.time(event.commitInstant))
        return object
    }

    /// One line for people.
    func line(withStream: Bool) -> String {
        let stream = withStream ? "  \(event.stream)" : ""
        return "\(event.version)  @\(event.position)\(stream)  \(event.type)"
            + "  \(Self.time(event.commitInstant))  \(Self.preview(event.payload))"
    }

    /// Nanoseconds since 1970 as ISO 8601 in UTC, with milliseconds.
    static func time(_ nanoseconds: Int64) -> String {
        let seconds = Double(nanoseconds / 1_000_000) / 1000
        return Date(timeIntervalSince1970: seconds)
            .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Text if it can be shown on a terminal without harm, else size and base64.
    static func preview(_ payload: [UInt8]) -> String {
        let text = payload.withRawSpan { String(validating: $0) }
        if let text, text.unicodeScalars.allSatisfy(isPrintable) { return text }
        let shown = payload.prefix(previewBytesMax)
        let rest = shown.count < payload.count ? "…" : ""
        return "(\(payload.count) bytes) base64:" + Data(shown).base64EncodedString() + rest
    }

    /// Control characters could command the terminal.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\t": true
        default: scalar.properties.generalCategory != .control
        }
    }
}
