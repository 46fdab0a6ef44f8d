/// An event as Temporal's history would have it: its kind, and to which others it refers.
public struct TemporalEvent: Sendable, Equatable {
    /// Its number: 1, 2, 3 … without a gap.
    public var id: Int
    /// Nanoseconds since 1970 UTC.
    public var time: Int64
    /// What happened.
    public var kind: Kind
    /// The event of ours that it is an image of; 0: it is only a boundary.
    public var origin: Int
    /// The completed workflow task whose command this is.
    public var workflowTaskCompletedID: Int?
    /// What it is about: the scheduled activity or task, the timer, the child, the message, the
    /// update.
    public var subject: Int?
    /// The started activity or task that it ends.
    public var startedID: Int?
    /// Of a marker, of a signal, of an activity: its name.
    public var name: String = ""
    /// Of the end of a run that goes on: the next run.
    public var newRunID: String?
}
