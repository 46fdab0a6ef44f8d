import EmakiWorkflow

/// A process's view of a store that outlives it.
public protocol ProcessSession: HistoryStore {
    /// The process is gone: what it does now reaches nobody.
    var isOver: Bool { get }
}
