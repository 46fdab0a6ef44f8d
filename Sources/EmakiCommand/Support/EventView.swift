import EmakiCommandSupport
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
        return
            "\(version)  @\(position)\(stream)  \(type)  \(time)  \(TerminalText.preview(payload))"
    }

    /// Nanoseconds since 1970 as ISO 8601 in UTC, with milliseconds.
    static func time(_ nanoseconds: Int64) -> String {
        EventJSON.time(nanoseconds)
    }
}
