import EmakiLog
import EmakiWorkflow
import EmakiWorkflowTesting

/// A real process's view of an event log: when it is gone, it is gone.
struct LogSession: ForwardingStore, ProcessSession {
    let base: EventLogStore

    init(_ log: EventLog) { base = EventLogStore(log) }

    var isOver: Bool { false }

    func mayHave(_ stream: String) -> Bool { base.mayHave(stream) }
}
