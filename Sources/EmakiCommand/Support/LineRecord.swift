import EmakiCommandSupport
import EmakiLog

/// One event as a JSON object: a line that `append --lines` takes, or that `export` wrote.
struct LineRecord: Sendable {
    let stream: StreamID
    var event: Event
    let expecting: ExpectedVersion
    /// The event's own version, in the lines of an export.
    let version: UInt64?

    /// - Throws: a `malformed` failure, or a `LogError` for an id or type that can never be.
    init(_ slices: JSONSlices, _ object: JSONSlices.Slice) throws {
        guard object.kind == .object else { throw Self.malformed("it is no JSON object") }
        let members = RecordMembers(slices, try slices.members(of: object))
        stream = try StreamID(try members.text("stream"))
        event = Event(
            type: try members.text("type"), payload: try members.payload(),
            metadata: try members.metadata(), id: try members.id())
        expecting = try members.expecting()
        version = try members.version()
    }

    static func malformed(_ reason: String) -> CommandFailure {
        CommandFailure(.partlyDone, code: "malformed", "\(reason); correct the line")
    }
}

/// The members of a record by name.
private struct RecordMembers {
    private let slices: JSONSlices
    private var values: [String: JSONSlices.Slice] = [:]

    init(_ slices: JSONSlices, _ members: [JSONSlices.Member]) {
        self.slices = slices
        for member in members {
            guard let name = slices.text(of: member.name) else { continue }
            values[name] = member.value
        }
    }

    func text(_ name: String) throws -> String {
        guard let value = values[name] else { throw LineRecord.malformed("`\(name)` is missing") }
        guard let text = slices.text(of: value) else {
            throw LineRecord.malformed("`\(name)` is no string")
        }
        return text
    }

    /// The JSON as it is spelled, the bytes of `{"base64":…}`, or the exact text beside it.
    func payload() throws -> [UInt8] {
        guard let value = values["payload"] else {
            throw LineRecord.malformed("`payload` is missing")
        }
        if values["text"] != nil { return Array(try text("text").utf8) }
        return try slices.base64(of: value) ?? slices.source(of: value)
    }

    func metadata() throws -> [UInt8] {
        guard let value = values["metadata"] else { return [] }
        guard let bytes = try slices.base64(of: value) else {
            throw LineRecord.malformed("`metadata` is no {\"base64\":…}")
        }
        return bytes
    }

    func id() throws -> EventID? {
        guard values["id"] != nil else { return nil }
        let text = try text("id")
        guard let id = EventID(text) else {
            throw LineRecord.malformed("`id` is \"\(text)\", not 32 hexadecimal digits or a UUID")
        }
        return id
    }

    func expecting() throws -> ExpectedVersion {
        guard let value = values["expecting"] else { return .anything }
        if let number = slices.number(of: value) { return .version(StreamVersion(number)) }
        switch slices.text(of: value) {
        case "none": return .noStream
        case "any": return .anything
        default:
            throw LineRecord.malformed("`expecting` is neither a version, \"none\" nor \"any\"")
        }
    }

    func version() throws -> UInt64? {
        guard let value = values["version"] else { return nil }
        guard let number = slices.number(of: value), number > 0 else {
            throw LineRecord.malformed("`version` is no number from 1")
        }
        guard number <= CommandLimits.versionMax else {
            throw LineRecord.malformed(
                "`version` is \(number), the limit is \(CommandLimits.versionMax)")
        }
        return number
    }
}
