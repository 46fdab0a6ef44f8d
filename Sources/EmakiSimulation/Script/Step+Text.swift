import EmakiLog

/// How each step is written, and read again.
extension Step {
    package var text: String {
        switch self {
        case .stage(let batch): "stage \(batch.text)"
        case .append(let batch): "append \(batch.text)"
        case .retry(let back, let changed): "retry \(back)" + (changed ? " changed" : "")
        case .fill(let blocks): "fill \(blocks)"
        case .read: "read"
        case .follow(let follower): "follow \(follower)"
        case .begin: "begin"
        case .beginMark: "begin mark"
        case .perform: "perform"
        case .finish: "finish"
        case .write: "write"
        case .idle: "idle"
        case .prepare(let paused): "prepare" + (paused ? " paused" : "")
        case .advance(let calls): "advance \(calls)"
        case .retire(let keeping): "retire \(keeping)"
        case .seal(let keeping): "seal \(keeping)"
        case .merge: "merge"
        case .truncate(let stream, let keeping): "truncate \(stream) \(keeping)"
        case .delete(let stream): "delete \(stream)"
        case .purge(let stream): "purge \(stream)"
        case .forget(let stream): "forget \(stream)"
        case .expire(let stream, let instant): "expire \(stream) \(instant)"
        case .removeExpired(let instant): "expired \(instant)"
        case .snapshot(let stream, let bytes): "snapshot \(stream) \(bytes)"
        case .close: "close"
        case .reopen: "reopen"
        case .crash(let call, let fate): "crash at \(call) \(fate.text)"
        case .kill(let call): "kill at \(call)"
        case .fault(let fault): "fault \(fault.text)"
        }
    }

    /// Large numbers are refused, so that a script cannot ask for a run without end.
    private static let callsMax = 1_000_000

    init(_ keyword: String, _ words: inout Words) throws(ScriptError) {
        switch keyword {
        case "stage": self = .stage(try BatchShape(&words))
        case "append": self = .append(try BatchShape(&words))
        case "retry":
            let back = try words.number("which batch", in: 1...Self.callsMax)
            self = .retry(back: back, changed: words.takes("changed"))
        case "fill":
            self = .fill(blocksLeft: try words.number("blocks left", in: 0...Self.callsMax))
        case "read": self = .read
        case "follow": self = .follow(try words.number("which follower", in: 0...99))
        case "begin": self = words.takes("mark") ? .beginMark : .begin
        case "perform": self = .perform
        case "finish": self = .finish
        case "write": self = .write
        case "idle": self = .idle
        case "prepare": self = .prepare(paused: words.takes("paused"))
        case "advance": self = .advance(calls: try words.number("calls", in: 1...Self.callsMax))
        case "merge": self = .merge
        case "truncate":
            let stream = try BatchShape.Section.stream(&words)
            self = .truncate(stream, keeping: try words.number("kept", in: 0...Self.callsMax))
        case "expire":
            let stream = try BatchShape.Section.stream(&words)
            self = .expire(stream, at: try words.number("instant", in: 0...Self.callsMax))
        case "expired":
            self = .removeExpired(at: try words.number("instant", in: 0...Self.callsMax))
        case "snapshot":
            let stream = try BatchShape.Section.stream(&words)
            self = .snapshot(
                stream, payloadBytes: try words.number("size", in: 0...Limits.payloadBytesMax))
        case "delete": self = .delete(try BatchShape.Section.stream(&words))
        case "purge": self = .purge(try BatchShape.Section.stream(&words))
        case "forget": self = .forget(try BatchShape.Section.stream(&words))
        case "seal": self = .seal(keeping: try words.number("kept", in: 0...Self.callsMax))
        case "retire": self = .retire(keeping: try words.number("kept", in: 0...Self.callsMax))
        case "close": self = .close
        case "reopen": self = .reopen
        case "crash":
            let call = try Self.place(&words)
            self = .crash(at: call, try FateRule(&words))
        case "kill": self = .kill(at: try Self.place(&words))
        case "fault": self = .fault(try FaultShape(&words))
        default: throw ScriptError(words.line, "there is no step \"\(keyword)\"")
        }
    }

    private static func place(_ words: inout Words) throws(ScriptError) -> Int {
        guard words.takes("at") else { throw ScriptError(words.line, "\"at\" is missing") }
        return try words.number("call", in: 0...callsMax)
    }
}

extension FateRule {
    var text: String { style == .keep || style == .drop ? style.rawValue : "\(style) \(seed)" }

    init(_ words: inout Words) throws(ScriptError) {
        let word = try words.take("fate")
        guard let style = Style(rawValue: word) else {
            throw ScriptError(words.line, "there is no fate \"\(word)\"")
        }
        let hasSeed = style != .keep && style != .drop
        self.init(style, seed: hasSeed ? try words.number("seed", in: 0...UInt64.max) : 0)
    }
}

extension BatchShape {
    var text: String {
        sections.map(\.text).joined(separator: " + ") + (hasIDs ? "" : " without ids")
    }

    init(_ words: inout Words) throws(ScriptError) {
        var sections: [Section] = []
        repeat { sections.append(try Section(&words)) } while words.takes("+")
        var hasIDs = true
        if words.takes("without") {
            guard words.takes("ids") else { throw ScriptError(words.line, "without what?") }
            hasIDs = false
        }
        guard Set(sections.map(\.stream)).count == sections.count else {
            throw ScriptError(words.line, "a batch has each stream once")
        }
        self.init(sections, hasIDs: hasIDs)
    }
}

extension BatchShape.Section {
    var text: String {
        "\(stream) \(eventCount)x\(payloadBytes)"
            + (expecting == .exact ? "" : " \(expecting.rawValue)")
    }

    static func stream(_ words: inout Words) throws(ScriptError) -> String {
        let stream = try words.take("stream")
        guard stream.utf8.count <= Limits.streamIDBytesMax, stream != "+" else {
            throw ScriptError(words.line, "\"\(stream)\" is no stream")
        }
        return stream
    }

    init(_ words: inout Words) throws(ScriptError) {
        let stream = try Self.stream(&words)
        let shape = try words.take("events").split(separator: "x").map(String.init)
        guard shape.count == 2 else {
            throw ScriptError(words.line, "\(shape) is no count and size of events, as 2x100")
        }
        var numbers = Words(shape[...], line: words.line)
        let count = try numbers.number("count", in: 1...Limits.eventsPerBatchMax)
        let size = try numbers.number("size", in: 0...Limits.payloadBytesMax)
        var expecting = BatchShape.Expectation.exact
        if let word = words.next, let found = BatchShape.Expectation(rawValue: word) {
            _ = words.takes(word)
            expecting = found
        }
        self.init(stream, count, payloadBytes: size, expecting: expecting)
    }
}
