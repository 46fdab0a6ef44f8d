extension RunStart {
    /// The run whose events a run begins with, because it was reset or forked.
    ///
    /// What those events asked for is that run's doing: a step that it had executed keeps its
    /// idempotency key, a child or a message that it had sent is not sent again.
    public struct Origin: Sendable, Hashable {
        /// The other run's workflow.
        public var workflowID: String
        /// The other run.
        public var runID: String
        /// The last event of it that was taken over, under its number.
        public var lastEvent: Int
        /// It was not ended for this one.
        public var isFork: Bool

        /// A run's beginning.
        public init(workflowID: String, runID: String, lastEvent: Int, isFork: Bool) {
            self.workflowID = workflowID
            self.runID = runID
            self.lastEvent = lastEvent
            self.isFork = isFork
        }

        var encoded: [UInt8] {
            var fields = FieldWriter()
            fields.put(1, workflowID)
            fields.put(2, runID)
            fields.put(3, UInt64(lastEvent))
            fields.put(4, ifTrue: isFork)
            return fields.bytes
        }

        init(_ content: [UInt8]) throws(HistoryError) {
            let fields = try FieldReader(content)
            workflowID = try fields.need(fields.text(1), "the origin's workflow")
            runID = try fields.need(fields.text(2), "the origin's run")
            lastEvent = try fields.need(fields.int(3), "the origin's last event")
            isFork = fields.flag(4)
        }
    }

    /// Whose doing an event of this run is, if it is not its own.
    func origin(of event: Int) -> Origin? { origins.first { event <= $0.lastEvent } }

    /// Which run's attempts at a step count, if not this one's: that of the run that began it. A
    /// fork makes attempts of its own at what was open in the run before.
    /// - Parameter end: the event that ended the step; nil: it is open.
    func origin(ofStep scheduled: Int, endedBy end: Int?) -> Origin? {
        let forked = origins.lastIndex {
            $0.isFork && scheduled <= $0.lastEvent && end ?? .max > $0.lastEvent
        }
        return origins[(forked.map { $0 + 1 } ?? 0)...].first { scheduled <= $0.lastEvent }
    }

    /// Where the events stop that were taken over from a run that was reset; 0: none were.
    func keptEvents(of runID: String) -> Int {
        origins.first { $0.runID == runID && !$0.isFork }?.lastEvent ?? 0
    }

    /// A run began with the commit that has the first event behind those that were copied ahead:
    /// its id's record is in the same one. So a run's own stream says whether it has begun.
    /// - Parameter last: the number of its newest event.
    package func hasBegun(by last: Int) -> Bool { last > copiedAhead }

    /// This run, and those whose place it took: what they began is its own.
    var familyRunIDs: [String] { [runID] + origins.reversed().prefix { !$0.isFork }.map(\.runID) }
}

extension [HistoryEvent] {
    /// It is the history of a run that has begun, and not what was copied ahead for one.
    package var isOfBegunRun: Bool {
        guard let last, case .started(let start) = first?.body else { return true }
        return start.hasBegun(by: last.id)
    }
}
