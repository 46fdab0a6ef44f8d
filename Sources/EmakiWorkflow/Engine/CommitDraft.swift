/// What one commit of a host consists of, and what is to be done once it is durable.
struct CommitDraft {
    /// Events of the current run.
    var events: [HistoryEvent] = []
    /// Records of the workflow id.
    var records: [IDRecord] = []
    /// The run that begins after this one ended, with its first event.
    var successor: HistoryEvent?
    /// In the order of what they answer. The argument says how the commit ended.
    var replies: [@Sendable (WorkflowError?) -> Void] = []
    /// Inputs that this draft rests on, to be let in again if it is not committed.
    var inputs: [HostInput] = []
    /// The code was let go before all of this was committed.
    var isEmpty: Bool { events.isEmpty && records.isEmpty && successor == nil }

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
