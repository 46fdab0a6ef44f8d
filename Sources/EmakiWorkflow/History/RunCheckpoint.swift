/// What a run goes on from, in place of all that came before: an event that its code asked for.
///
/// A run that is read again begins here. Of what was before only this is left: the state, requests
/// that had their effect and answers to them as far as there is room, children that have not ended,
/// a request to stop.
public struct RunCheckpoint: Sendable, Equatable {
    /// How many checkpoints the run has had, with this one. Part of the identity of what follows.
    public var epoch: Int
    /// The code's state.
    public var state: Payload
    /// Of the code that asked for it.
    public var fingerprint: String = ""
    /// Patches that are true for the run.
    public var patches: [String]
    /// The run was asked to stop.
    public var isCancelRequested = false
    /// Requests that had their effect, with the event that was it.
    var requests: [Request] = []
    /// Answers to updates, by the event that accepted them.
    var answers: [Answer] = []
    /// Children that run.
    var children: [Child] = []

    struct Request: Sendable, Equatable {
        var name: String
        var event: Int
    }

    struct Answer: Sendable, Equatable {
        var update: Int
        var body: HistoryEvent.Body
    }

    struct Child: Sendable, Equatable {
        var event: Int
        var start: ChildStart
        var runID: String
    }

    private enum Field {
        static let epoch: UInt64 = 60
        static let fingerprint: UInt64 = 61
        static let patch: UInt64 = 62
        static let isCancelRequested: UInt64 = 63
        static let request: UInt64 = 64
        static let answer: UInt64 = 65
        static let child: UInt64 = 66
    }

    init(epoch: Int, state: Payload, patches: [String]) {
        self.epoch = epoch
        self.state = state
        self.patches = patches
    }

    func encode(into fields: inout FieldWriter) {
        fields.put(Field.epoch, UInt64(epoch))
        fields.put(Field.fingerprint, notEmpty: fingerprint)
        for patch in patches { fields.put(Field.patch, patch) }
        fields.put(Field.isCancelRequested, ifTrue: isCancelRequested)
        for request in requests {
            var entry = FieldWriter()
            entry.put(1, request.name)
            entry.put(2, UInt64(request.event))
            fields.put(Field.request, entry.bytes)
        }
        for answer in answers {
            var entry = FieldWriter()
            entry.put(1, UInt64(answer.update))
            entry.put(2, HistoryEvent.wire(answer.body))
            fields.put(Field.answer, entry.bytes)
        }
        for child in children {
            var entry = FieldWriter()
            entry.put(1, UInt64(child.event))
            entry.put(2, HistoryEvent.wire(.childInitiated(child.start)))
            entry.put(3, child.runID)
            fields.put(Field.child, entry.bytes)
        }
    }

    init(_ fields: FieldReader, _ payload: Payload) throws(HistoryError) {
        self.init(
            epoch: try fields.need(fields.int(Field.epoch), "the epoch"), state: payload,
            patches: try fields.texts(Field.patch))
        fingerprint = try fields.text(Field.fingerprint) ?? ""
        isCancelRequested = fields.flag(Field.isCancelRequested)
        for content in fields.contents(Field.request) {
            let entry = try FieldReader(content)
            requests.append(
                Request(
                    name: try entry.need(entry.text(1), "a request"),
                    event: try entry.need(entry.int(2), "a request's event")))
        }
        for content in fields.contents(Field.answer) {
            let entry = try FieldReader(content)
            guard [.updateCompleted, .updateFailed].contains(try entry.eventKind(2)) else {
                throw .malformed("an answer")
            }
            answers.append(
                Answer(
                    update: try entry.need(entry.int(1), "an answer's update"),
                    body: try entry.event(2).body))
        }
        for content in fields.contents(Field.child) {
            let entry = try FieldReader(content)
            guard try entry.eventKind(2) == .childInitiated else { throw .malformed("a child") }
            guard case .childInitiated(let start) = try entry.event(2).body else {
                throw .malformed("a child")
            }
            children.append(
                Child(
                    event: try entry.need(entry.int(1), "a child's event"), start: start,
                    runID: try entry.need(entry.text(3), "a child's run")))
        }
    }
}

extension FieldReader {
    /// The kind of an event that is in a field, without reading the event.
    fileprivate func eventKind(_ field: UInt64) throws(HistoryError) -> EventKind? {
        let parts = try FieldReader(try need(content(field), "an event"))
        let fields = try FieldReader(try need(parts.content(1), "an event's fields"))
        return fields.number(CommonField.kind).flatMap(EventKind.init(rawValue:))
    }
}
