import EmakiLog
import EmakiPlatform

/// One event as the commands show it.
struct EventView {
    let stream: StreamID
    let version: UInt64
    let position: UInt64
    let type: String
    let time: String
    let payload: [UInt8]

    private static let previewBytesMax = 4096

    init(_ event: RecordedEvent) {
        stream = event.stream
        version = event.version.rawValue
        position = event.position.rawValue
        type = event.type
        time = Self.time(event.commitInstant)
        payload = event.payload
    }

    /// Reads what `EventJSON` wrote.
    init(json line: [UInt8]) throws {
        let slices = JSONSlices(bytes: line)
        let whole = try slices.whole()
        let record = try LineRecord(slices, whole)
        stream = record.stream
        version = record.version ?? 0
        position = try slices.member("position", of: whole).flatMap(slices.number) ?? 0
        type = record.event.type
        time = try slices.member("time", of: whole).flatMap(slices.text) ?? ""
        payload = record.event.payload
    }

    /// One line for people.
    func line(withStream: Bool) -> String {
        let stream = withStream ? "  \(stream)" : ""
        return "\(version)  @\(position)\(stream)  \(type)  \(time)  \(Self.preview(payload))"
    }

    /// Nanoseconds since 1970 as ISO 8601 in UTC, with milliseconds.
    static func time(_ nanoseconds: Int64) -> String {
        EventJSON.time(nanoseconds)
    }

    /// Text if it can be shown on a terminal without harm, else size and base64.
    static func preview(_ payload: [UInt8]) -> String {
        let text = payload.withRawSpan { String(validating: $0) }
        if let text, text.unicodeScalars.allSatisfy(isPrintable) { return text }
        let shown = payload.prefix(previewBytesMax)
        let rest = shown.count < payload.count ? "…" : ""
        return "(\(payload.count) bytes) base64:" + Base64.text(of: shown) + rest
    }

    /// Control characters could command the terminal.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\t": true
        default: scalar.properties.generalCategory != .control
        }
    }
}
