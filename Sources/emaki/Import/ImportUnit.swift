import EmakiLog

/// Events of one stream that are stored together or not at all.
struct ImportUnit: Sendable {
    /// Where they are in the input.
    var place: ImportPlace
    var stream: StreamID
    var events: [Event]
    /// Version of the first of them.
    var firstVersion: UInt64
    /// A recorded history, and not lines of an export.
    var isHistory: Bool

    var lastVersion: UInt64 { firstVersion + UInt64(events.count) - 1 }
    var payloadBytes: Int { events.reduce(0) { $0 + $1.payload.count } }

    /// As `events` from some version to another.
    func part(_ versions: ClosedRange<UInt64>) -> ImportUnit {
        let first = Int(versions.lowerBound - firstVersion)
        var part = self
        part.events = Array(events[first..<first + versions.count])
        part.firstVersion = versions.lowerBound
        return part
    }

    var expecting: ExpectedVersion {
        firstVersion == 1 ? .noStream : .version(StreamVersion(firstVersion - 1))
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
        case "idReused": return failure.message
        default: return "stream \"\(stream)\": \(failure.message)"
        }
    }
}

enum ImportItem: Sendable {
    case unit(ImportUnit)
    case refusal(ImportRefusal)
}
