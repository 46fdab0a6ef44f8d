/// What one commit of a host consists of, and what is to be done once it is durable.
struct CommitDraft {
    /// Events of the current run, and as they are stored.
    private(set) var events: [HistoryEvent] = []
    private(set) var stored: [StoredEvent] = []
    private(set) var byteCount = 0
    /// For observers, beside each of the events: the step that it is about.
    private(set) var steps: [ObservedStep?] = []
    /// What the run's code wrote, for observers.
    var lines: [WorkflowLogLine] = []
    /// When it was begun, and handed to the store; 0 where nobody observes.
    let begunAt: Int64
    var submittedAt: Int64 = 0
    /// Records of the workflow id.
    var records: [IDRecord] = []
    /// The run that begins after this one ended, with its first events.
    var successor: [HistoryEvent] = []
    /// Of these, so many are in its stream already, which is there then.
    var copied: (count: Int, token: VersionToken?) = (0, nil)
    /// Nothing more is let in: the workflow is deleted.
    var isLast = false
    /// In the order of what they answer. The argument says how the commit ended.
    var replies: [@Sendable (WorkflowError?) -> Void] = []
    /// What was let in, to be let in again if the draft is not committed.
    var inputs: [HostInput] = []
    /// Whose waiting began with this draft.
    var waiterTokens: Set<Int> = []
    /// Attempts of which this draft records the end.
    var ended: [RunHost.AttemptKey] = []

    init(begunAt: Int64) { self.begunAt = begunAt }

    var isEmpty: Bool { events.isEmpty && records.isEmpty && successor.isEmpty }

    mutating func append(_ event: HistoryEvent) {
        let bytes = event.stored()
        events.append(event)
        byteCount += bytes.metadata.count + bytes.payload.count + Self.eventBytes
        stored.append(bytes)
    }

    /// For observers: before the event is appended.
    mutating func note(_ step: ObservedStep?) { steps.append(step) }

    /// What the log and the event's type take beside metadata and payload, generously.
    static let eventBytes = 96

    mutating func answer<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ value: Value
    ) {
        replies.append { error in
            if let error { reply(.failure(error)) } else { reply(.success(value)) }
        }
    }

    /// An answer that rests on nothing that is not durable, but keeps its place in the order.
    mutating func refuse<Value: Sendable>(
        _ reply: @escaping HostInput.Reply<Value>, _ error: WorkflowError
    ) {
        replies.append { _ in reply(.failure(error)) }
    }
}
