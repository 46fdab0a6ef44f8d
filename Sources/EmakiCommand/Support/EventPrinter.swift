import EmakiCommandSupport
import EmakiLog

/// Writes events to standard output in the form that was asked for.
struct EventPrinter: ~Copyable {
    private var output = Output()
    private let isJSON: Bool
    private let isPayloadOnly: Bool
    private let showsStream: Bool

    init(isJSON: Bool, isPayloadOnly: Bool, showsStream: Bool) {
        self.isJSON = isJSON
        self.isPayloadOnly = isPayloadOnly
        self.showsStream = showsStream
    }

    mutating func print(_ event: RecordedEvent) throws {
        if isJSON {
            try output.line(EventJSON.object(event))
        } else if isPayloadOnly {
            try print(payload: event.payload)
        } else {
            try output.line(EventView(event).line(withStream: showsStream))
        }
    }

    /// Prints an event that came as a line of JSON.
    mutating func print(json line: [UInt8]) throws {
        if isJSON {
            try output.bytes(line)
            try output.bytes(CollectionOfOne(0x0a))
        } else if isPayloadOnly {
            try print(payload: try EventView(json: line).payload)
        } else {
            try output.line(try EventView(json: line).line(withStream: showsStream))
        }
    }

    private mutating func print(payload: [UInt8]) throws {
        try output.bytes(payload)
        try output.bytes(CollectionOfOne(0x0a))
    }

    /// Positions that hold nothing any more; says nothing about an empty range.
    mutating func printSkipped(_ positions: Range<Position>) throws {
        guard !positions.isEmpty else { return }
        if isJSON {
            var range = JSONObject()
            range.add("from", positions.lowerBound.rawValue)
            range.add("to", positions.upperBound.rawValue)
            var object = JSONObject()
            object.add("skipped", range)
            try output.line(object)
        } else {
            try output.line("skipped: positions \(positions.lowerBound)..<\(positions.upperBound)")
        }
    }

    /// Hands everything to the system.
    mutating func finish() throws { try output.send() }
}

extension EventLog {
    /// `forEachEvent` for a closure that throws: the first error ends it.
    func forEachEventThrowing(
        from position: Position = .start, _ body: (RecordedEvent) throws -> ReadFlow
    ) throws {
        let outcome = FirstError()
        try forEachEvent(from: position) { event in outcome.running { try body(event) } }
        try outcome.rethrow()
    }

    /// The same for one stream.
    func forEachEventThrowing(
        in stream: StreamID, from version: StreamVersion? = nil,
        direction: ReadDirection = .forwards, _ body: (RecordedEvent) throws -> ReadFlow
    ) throws {
        let outcome = FirstError()
        try forEachEvent(in: stream, from: version, direction: direction) { event in
            outcome.running { try body(event) }
        }
        try outcome.rethrow()
    }
}

/// Carries an error out of a closure that may not throw.
private final class FirstError {
    private var error: (any Error)?

    func running(_ body: () throws -> ReadFlow) -> ReadFlow {
        do {
            return try body()
        } catch {
            self.error = error
            return .stop
        }
    }

    func rethrow() throws {
        if let error { throw error }
    }
}
