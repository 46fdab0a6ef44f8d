/// One thing that a script does. To add one: a case here, its line in `Step+Text`, what it does in
/// `Driver+Steps`, and how often in `RandomScript`.
package enum Step: Equatable, Sendable {
    // MARK: Clients
    /// Offers a batch; its client waits to be answered.
    case stage(BatchShape)
    /// Offers a batch and writes it.
    case append(BatchShape)
    /// Offers the batch once more that was offered so many batches ago; if `changed`, with the same
    /// ids and other bytes.
    case retry(back: Int, changed: Bool)
    /// Stages a batch that leaves so many blocks of the active segment.
    case fill(blocksLeft: Int)
    /// Reads everything by position, by stream in both directions, and lists all streams.
    case read
    /// Removes all events of a stream but the newest.
    case truncate(String, keeping: Int)
    /// Deletes a stream.
    case delete(String)
    /// Deletes a stream, and makes all files anew that hold something of it, or may.
    case purge(String)
    /// Forgets a stream, if it is deleted and nothing of it is in segments.
    case forget(String)
    /// Lets the events that a stream has go at an instant.
    case expire(String, at: Int)
    /// Removes what has expired at an instant.
    case removeExpired(at: Int)
    /// Stores a snapshot of a stream where it is.
    case snapshot(String, payloadBytes: Int)
    /// A follower goes on to the end.
    case follow(Int)

    // MARK: The commit path
    /// Begins the write of what is staged. Batches may be staged until it comes back.
    case begin
    /// Starts to mark the end of the log.
    case beginMark
    /// The write that was begun reaches the disk.
    case perform
    /// The write that was performed comes back.
    case finish
    /// Begins, performs and finishes a group.
    case write
    /// Marks the end, if it can be.
    case idle

    // MARK: Segments
    /// Makes a segment ready, if one is wanted. If `paused`, the disk sees nothing of it until it
    /// is let on, and what follows happens meanwhile.
    case prepare(paused: Bool)
    /// Lets a paused preparation make so many calls to the disk.
    case advance(calls: Int)
    /// Forgets all full segments but the newest, and gives them back.
    case retire(keeping: Int)
    /// Seals all full segments but the newest.
    case seal(keeping: Int)
    /// Merges sealed files once, if enough of one tier are there.
    case merge

    // MARK: Ends and beginnings
    /// Closes the log in order. What follows opens it again.
    case close
    /// The process ends between two calls, and the log is opened again.
    case reopen

    // MARK: The disk
    /// The power goes at the n-th call to the disk from here on; 0: now. What comes next opens the
    /// log again.
    case crash(at: Int, FateRule)
    /// The process ends before the n-th call to the disk from here on.
    case kill(at: Int)
    /// What goes wrong from here on.
    case fault(FaultShape)
}

/// What a power cut does to what was not synced.
package struct FateRule: Equatable, Sendable {
    package enum Style: String, Sendable, CaseIterable {
        /// Everything reaches the disk.
        case keep
        /// Nothing does.
        case drop
        /// Each effect by itself is kept or dropped.
        case mix
        /// Each write is torn in some way; the rest is mixed.
        case torn
        /// Dropped writes leave zeros.
        case zeros
        /// The state of this number among all that there may be (`FatePlan`).
        case state
    }
    package var style: Style
    /// Of what is random in it; or the number of the state.
    package var seed: UInt64

    package init(_ style: Style, seed: UInt64 = 0) {
        self.style = style
        self.seed = seed
    }
}

/// A batch, by its shape: the bytes and ids follow from the number of the batch in the run.
package struct BatchShape: Equatable, Sendable {
    package enum Expectation: String, Sendable, CaseIterable {
        /// The version that the stream is at, staged events included.
        case exact
        /// A stream that was never written.
        case none
        /// Nothing.
        case any
        /// The version before the one that the stream is at.
        case behind
        /// The version after the one that the stream is at.
        case ahead
    }

    package struct Section: Equatable, Sendable {
        package var stream: String
        package var eventCount: Int
        package var payloadBytes: Int
        package var expecting: Expectation

        package init(
            _ stream: String, _ eventCount: Int, payloadBytes: Int,
            expecting: Expectation = .exact
        ) {
            self.stream = stream
            self.eventCount = eventCount
            self.payloadBytes = payloadBytes
            self.expecting = expecting
        }
    }
    package var sections: [Section]
    /// Events with ids.
    package var hasIDs: Bool

    package init(_ sections: [Section], hasIDs: Bool = true) {
        self.sections = sections
        self.hasIDs = hasIDs
    }
}
