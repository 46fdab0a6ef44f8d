import EmakiCommandSupport
import EmakiLog

/// Events of one stream that are stored together: a history, or records that were joined.
struct ImportUnit: Sendable {
    /// Where they are in the input: one place of a history, and one of each record.
    private(set) var places: [ImportPlace]
    let stream: StreamID
    private(set) var events: [Event]
    /// Version of the first of them.
    private(set) var firstVersion: UInt64
    /// A recorded history, and not lines of an export.
    let isHistory: Bool
    /// Bytes that their records take in the store, at most.
    private(set) var recordBytes: Int

    init(
        place: ImportPlace, stream: StreamID, events: [Event], firstVersion: UInt64,
        isHistory: Bool
    ) {
        places = [place]
        self.stream = stream
        self.events = events
        self.firstVersion = firstVersion
        self.isHistory = isHistory
        recordBytes = events.reduce(0) { $0 + Self.recordBytes(of: $1) }
    }

    var place: ImportPlace { places[0] }
    var lastVersion: UInt64 { firstVersion + UInt64(events.count) - 1 }

    var expecting: ExpectedVersion {
        firstVersion == 1 ? .noStream : .version(StreamVersion(firstVersion - 1))
    }

    /// Whether a unit is the record behind these records.
    func isContinued(by next: ImportUnit) -> Bool {
        !isHistory && !next.isHistory && next.firstVersion == lastVersion + 1
    }

    mutating func join(_ next: ImportUnit) {
        places += next.places
        events += next.events
        recordBytes += next.recordBytes
    }

    /// Records from some version to another.
    func part(_ versions: ClosedRange<UInt64>) -> ImportUnit {
        let first = Int(versions.lowerBound - firstVersion)
        let range = first..<first + versions.count
        var part = self
        part.places = Array(places[range])
        part.events = Array(events[range])
        part.firstVersion = versions.lowerBound
        part.recordBytes = part.events.reduce(0) { $0 + Self.recordBytes(of: $1) }
        return part
    }

    /// A header, an id, and what the event says, rounded up as the store does.
    private static func recordBytes(of event: Event) -> Int {
        (24 + 16 + event.type.utf8.count + event.metadata.count + event.payload.count + 7) & ~7
    }
}

/// A place in the input, for messages.
struct ImportPlace: Sendable, Equatable, CustomStringConvertible {
    var file: String
    /// Line, from 1.
    var line: Int

    var description: String { "\(file):\(line)" }
}

/// A part of the input that was not imported, and why.
struct ImportRefusal: Sendable {
    var place: ImportPlace
    /// Nil if not even that could be read.
    var stream: String?
    var failure: CommandFailure

    init(_ place: ImportPlace, stream: String? = nil, _ error: any Error) {
        self.place = place
        self.stream = stream
        failure =
            if let fault = error as? JSONSlices.Fault {
                CommandFailure(.partlyDone, code: "malformed", "no JSON: \(fault)")
            } else {
                CommandFailure(reporting: error)
                    ?? CommandFailure(.internalError, code: "unknown", "\(error)")
            }
    }

    /// As the command reports it.
    var report: CommandFailure {
        var report = failure
        report.message = place.line == 0 ? failure.message : "\(place): \(sentence)"
        var details = JSONObject()
        details.add("file", place.file)
        details.add("line", place.line)
        if let stream, !failure.details.contains(where: { $0.name == "stream" }) {
            details.add("stream", stream)
        }
        report.details = details.members + failure.details
        return report
    }

    private var sentence: String {
        guard let stream else { return failure.message }
        switch failure.code {
        case "versionConflict":
            return "stream \"\(stream)\" holds other events already, so nothing of this was stored;"
                + " import it into another store (\(failure.message))"
        case "idReused", "missingVersions": return failure.message
        default: return "stream \"\(stream)\": \(failure.message)"
        }
    }
}

enum ImportItem: Sendable {
    case unit(ImportUnit)
    case refusal(ImportRefusal)
}
