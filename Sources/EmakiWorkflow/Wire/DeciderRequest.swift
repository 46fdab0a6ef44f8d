/// What an engine asks of a decider that is elsewhere: in another process, or in another language.
///
/// The wire form is fields, as in `History/HistoryFields.swift`: the version (1), what is asked
/// (2), of which run of the conversation (3), and what belongs to it. Events and parts of events
/// have the form in which they are stored. Whoever reads a version that it does not know refuses
/// it.
public enum DeciderRequest: Sendable {
    /// A run is to be executed from its beginning.
    case begin(RunStart)
    /// See `Decider.activate`.
    case activate(Activation)
    /// See `Decider.validate`.
    case validate(Message, isUpdate: Bool)
    /// See `Decider.uncompensated`.
    case uncompensated
    /// See `Decider.query`.
    case query(String, Payload)
    /// See `Decider.evict`.
    case evict

    /// Of the wire form.
    public static let version: UInt64 = 1

    /// The wire form.
    /// - Parameter run: names the run in this conversation.
    public func encoded(run: UInt64) -> [UInt8] {
        var fields = FieldWriter()
        fields.put(1, Self.version)
        switch self {
        case .begin(let start):
            fields.put(2, 1)
            fields.put(3, run)
            fields.put(4, HistoryEvent.wire(.started(start)))
        case .activate(let activation):
            fields.put(2, 2)
            fields.put(3, run)
            fields.put(4, activation.event.wire)
            fields.put(5, activation.key)
            fields.put(6, ifTrue: activation.isReplay)
            fields.put(7, ifTrue: activation.hasMoreMessages)
            for patch in activation.patches { fields.put(8, patch) }
        case .validate(let message, let isUpdate):
            fields.put(2, 3)
            fields.put(3, run)
            fields.put(4, HistoryEvent.wire(.signalReceived(message)))
            fields.put(9, ifTrue: isUpdate)
        case .uncompensated:
            fields.put(2, 4)
            fields.put(3, run)
        case .query(let name, let input):
            fields.put(2, 5)
            fields.put(3, run)
            fields.put(
                4,
                HistoryEvent.wire(
                    .signalReceived(Message(name: name, requestID: "", input: input))))
        case .evict:
            fields.put(2, 6)
            fields.put(3, run)
        }
        return fields.bytes
    }

    /// Reads the wire form.
    /// - Throws: `HistoryError` for bytes that make no sense, or of another version.
    public static func decode(
        _ bytes: [UInt8]
    ) throws(HistoryError) -> (run: UInt64, request: DeciderRequest) {
        let fields = try FieldReader(bytes)
        try fields.checkVersion()
        return (try fields.need(fields.number(3), "the run"), try DeciderRequest(fields))
    }

    private init(_ fields: FieldReader) throws(HistoryError) {
        switch fields.number(2) {
        case 1:
            guard case .started(let start) = try fields.event(4).body else {
                throw .malformed("a run's start")
            }
            self = .begin(start)
        case 2:
            var activation = Activation(
                event: try fields.event(4), key: try fields.text(5), isReplay: fields.flag(6))
            activation.hasMoreMessages = fields.flag(7)
            activation.patches = try fields.texts(8)
            self = .activate(activation)
        case 3: self = .validate(try Self.message(fields), isUpdate: fields.flag(9))
        case 4: self = .uncompensated
        case 5:
            let message = try Self.message(fields)
            self = .query(message.name, message.input)
        case 6: self = .evict
        default: throw .malformed("a request")
        }
    }

    private static func message(_ fields: FieldReader) throws(HistoryError) -> Message {
        guard case .signalReceived(let message) = try fields.event(4).body else {
            throw .malformed("a message")
        }
        return message
    }
}

extension HistoryEvent {
    /// Metadata and payload, one after the other.
    var wire: [UInt8] {
        let stored = stored()
        var fields = FieldWriter()
        fields.put(1, stored.metadata)
        fields.put(2, stored.payload)
        return fields.bytes
    }

    static func wire(_ body: Body) -> [UInt8] {
        HistoryEvent(id: 0, time: 0, commandCount: nil, body: body).wire
    }
}

extension FieldReader {
    func checkVersion() throws(HistoryError) {
        guard number(1) == DeciderRequest.version else { throw .malformed("another version") }
    }

    func event(_ field: UInt64) throws(HistoryError) -> HistoryEvent {
        let parts = try FieldReader(try need(content(field), "an event"))
        return try HistoryEvent(
            metadata: try need(parts.content(1), "an event's fields"),
            payload: parts.content(2) ?? [])
    }

    func texts(_ field: UInt64) throws(HistoryError) -> [String] {
        var texts: [String] = []
        for content in contents(field) {
            guard let text = String(validating: content, as: UTF8.self) else {
                throw .malformed("field \(field) is no text")
            }
            texts.append(text)
        }
        return texts
    }
}
