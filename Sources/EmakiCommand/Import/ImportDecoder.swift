import EmakiCommandSupport
import EmakiLog

/// Turns JSON values of one file into events: histories (objects with `events`), lists of them, and
/// records as `export` writes them (objects with `stream`).
struct ImportDecoder {
    /// For messages.
    let file: String
    /// Names histories that do not name themselves.
    private let fileName: String
    private var historyCount = 0
    /// Where each stream of records is.
    private(set) var versions: ImportVersions

    init(file: String, fileName: String, versions: ImportVersions = ImportVersions()) {
        self.file = file
        self.fileName = fileName
        self.versions = versions
    }

    /// What one value holds.
    /// - Parameter lines: counts the lines of the text that the value is in.
    mutating func items(
        _ slices: JSONSlices, _ value: JSONSlices.Slice, lines: inout JSONLineCount
    ) -> [ImportItem] {
        do {
            guard value.kind == .array else { return [item(slices, value, &lines)] }
            return try slices.elements(of: value).map { item(slices, $0, &lines) }
        } catch {
            return [.refusal(refusal(lines.line(at: value.range.lowerBound, in: slices), error))]
        }
    }

    /// A line that holds no value: counted, so that correcting it does not rename what follows.
    mutating func refusal(_ line: Int, _ error: any Error) -> ImportRefusal {
        historyCount += 1
        versions.hide(nil)
        return ImportRefusal(ImportPlace(file: file, line: line), error)
    }

    private mutating func item(
        _ slices: JSONSlices, _ value: JSONSlices.Slice, _ lines: inout JSONLineCount
    ) -> ImportItem {
        let line = lines.line(at: value.range.lowerBound, in: slices)
        let place = ImportPlace(file: file, line: line)
        var name: String?
        do {
            let members = try slices.members(of: value)
            let named = { (name: String) in
                members.first { slices.text(of: $0.name) == name }?.value
            }
            if let events = named("events"), events.kind == .array {
                name = try historyName(slices, workflowID: named("workflowId"), events)
                return .unit(try history(slices, events, place, stream: name))
            }
            if let stream = named("stream") {
                name = slices.text(of: stream)
                return .unit(try record(slices, value, place))
            }
            throw CommandFailure(
                .partlyDone, code: "malformed",
                "neither a history (an object with `events`) nor an event (with `stream`)")
        } catch {
            versions.hide(name.flatMap { try? StreamID($0) })
            return .refusal(ImportRefusal(place, stream: name, error))
        }
    }

    // MARK: Histories

    /// `workflowId`, else that of the first event, else the file's name and a number.
    private mutating func historyName(
        _ slices: JSONSlices, workflowID: JSONSlices.Slice?, _ events: JSONSlices.Slice
    ) throws -> String {
        defer { historyCount += 1 }
        if let workflowID, let text = slices.text(of: workflowID), !text.isEmpty { return text }
        if let first = try slices.elements(of: events).first,
            let attributes = try slices.member(
                "workflowExecutionStartedEventAttributes", of: first),
            let id = try slices.member("workflowId", of: attributes),
            let text = slices.text(of: id), !text.isEmpty
        {
            return text
        }
        return "\(fileName)#\(historyCount)"
    }

    private func history(
        _ slices: JSONSlices, _ list: JSONSlices.Slice, _ place: ImportPlace, stream name: String?
    ) throws -> ImportUnit {
        let stream = try StreamID(name ?? "")
        var events: [Event] = []
        for element in try slices.elements(of: list) {
            let payload = slices.source(of: element)
            let version = UInt64(events.count) + 1
            guard let type = try type(slices, element) else {
                throw CommandFailure(
                    .partlyDone, code: "malformed", "event \(version) has no `eventType`")
            }
            events.append(
                Event(
                    type: type, payload: payload,
                    id: ImportID.of(payload, in: stream, version: version)))
        }
        guard !events.isEmpty else {
            throw CommandFailure(.partlyDone, code: "malformed", "the history has no events")
        }
        return ImportUnit(
            place: place, stream: stream, events: events, firstVersion: 1, isHistory: true)
    }

    /// As it is spelled; old exports number their types.
    private func type(_ slices: JSONSlices, _ event: JSONSlices.Slice) throws -> String? {
        guard let value = try slices.member("eventType", of: event) else { return nil }
        guard value.kind == .number else { return slices.text(of: value) }
        return String(decoding: slices.source(of: value), as: UTF8.self)
    }

    // MARK: Records

    private mutating func record(
        _ slices: JSONSlices, _ value: JSONSlices.Slice, _ place: ImportPlace
    ) throws -> ImportUnit {
        var record = try LineRecord(slices, value)
        let version = try versions.version(record.version, in: record.stream)
        let stored = try versions.stored(version, of: record.stream)
        if record.event.id == nil {
            // Of the version in the input, also where it is stored under another one.
            record.event.id = ImportID.of(
                record.event.payload, in: record.stream, version: version)
        }
        return ImportUnit(
            place: place, stream: record.stream, events: [record.event], firstVersion: stored,
            isHistory: false)
    }
}
