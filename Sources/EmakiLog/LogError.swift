/// What went wrong, by what the caller does next.
///
/// Every case but `outcomeUnknown` means that nothing of the refused call is or will be stored.
@nonexhaustive
public enum LogError: Error, Sendable, Equatable {
    // MARK: Reload, decide again
    /// Another writer got there first. Reload the stream and try again.
    case versionConflict(stream: StreamID, actual: StreamVersion)
    /// An event id of this batch is stored at the same version with other bytes. Choose a new id.
    case idReused(stream: StreamID, version: StreamVersion)
    /// The stream was deleted at this version. Expect exactly that version to start it again.
    /// While the stream is being forgotten, that is refused, too.
    case streamDeleted(stream: StreamID, version: StreamVersion)
    /// Only a deleted stream can be forgotten, and this one is at this version, or is purged over
    /// and over meanwhile. Delete it first.
    case notDeleted(stream: StreamID, version: StreamVersion)

    // MARK: Wait, or call another way
    /// `reserve` cannot stage this now. Call `append`, which waits, or try after a commit.
    case wouldWait(WaitReason)
    /// A stream's version is not in memory. Call `append`, which looks it up.
    case needsLookup(stream: StreamID)
    /// A blocking call on the commit loop would wait for itself. Call the `async` form.
    case wouldDeadlock
    /// The log has as many followers as it allows. Let one end first.
    case tooManyFollowers(limit: Int)

    // MARK: Close and reopen
    /// A write failed while this batch was pending: it may or may not be stored. Reopen, then
    /// repeat the append with the same event ids and expectation.
    case outcomeUnknown
    /// An earlier write or sync failed, so what is on disk is unknown. Certainly not stored. Close
    /// and reopen the log.
    case poisoned
    /// The log was closed.
    case closed

    // MARK: Change the call
    /// A named limit and the value that is beyond it.
    case tooLarge(LimitName, limit: Int, value: Int)
    /// An argument that can never be accepted.
    case invalid(InvalidArgument)
    /// The log was opened for reading only, or its disk cannot be written.
    case readOnly

    // MARK: Change the surroundings
    /// The disk is full. Nothing was written; free space and append again.
    case noSpace
    /// Another process, or this one, has the store open; its process id where known.
    case locked(path: String, by: Int32?)
    /// There is no store in this place. Create one, or correct the path.
    case notAStore(path: String, reason: String)
    /// Something is in the place where a store was to be made.
    case alreadyExists(path: String)
    /// The clock is more than a day ahead of the newest commit and the time for which the log has
    /// been open since, in nanoseconds since 1970 UTC. Nothing was removed: set it right, or say
    /// that it is.
    case clockLeap(now: Int64, latest: Int64)
    /// The operating system refuses access to this path.
    case noPermission(path: String)
    /// A file of the store has a format that this version does not know. Use a newer Emaki.
    case unsupportedFormat(file: String, version: UInt32)
    /// A call to the disk failed. Look at the device, then open again.
    case disk(file: String, operation: String, code: Int32)

    // MARK: Get help
    /// Stored bytes fail a check. Open read-only, restore a backup, or run `emaki repair`.
    case corrupt(Corruption)
    /// A repair cannot mend this. Restore a backup; or open read-only with damage tolerated, and
    /// export what is whole.
    case beyondRepair(Corruption)
    /// This event was lost to damage and a repair recorded the loss.
    case lost(stream: StreamID, version: StreamVersion)
}

/// Why an append has to wait.
public enum WaitReason: Sendable, Equatable {
    /// As many events are pending as the configuration allows.
    case pendingEvents
    /// The gathering group holds as many bytes as the configuration allows.
    case groupBytes
    /// The active segment is full and the next one is not yet in use or not yet ready.
    case segment
}

/// The name of a limit, as in `Limits`, `StoreOptions` and `Configuration`.
public enum LimitName: String, Sendable, Codable {
    /// Bytes of a stream id.
    case streamIDBytes
    /// Bytes of an event type.
    case typeBytes
    /// Bytes of an event's metadata.
    case metadataBytes
    /// Bytes of an event's payload.
    case payloadBytes
    /// Bytes of a batch as stored.
    case batchBytes
    /// Events in a batch.
    case eventsPerBatch
    /// Streams in a batch.
    case streamsPerBatch
    /// Bytes of a segment.
    case segmentBytes
    /// Bytes of a block.
    case blockBytes
    /// Segments of a store.
    case segmentCount
    /// Events that are not sealed.
    case unsealedEvents
    /// Sealed files that are not merged.
    case sealedFiles
    /// Streams of which events were removed.
    case removedStreams
    /// Bytes of the store's files.
    case storeBytes
}

/// Arguments that can never be accepted.
public enum InvalidArgument: Sendable, Equatable {
    /// A stream id without a byte.
    case emptyStreamID
    /// A stream id that starts with a zero byte: such streams are the log's own.
    case reservedStreamID
    /// Bytes that are no UTF-8.
    case notUTF8
    /// An event without a type.
    case emptyType
    /// A batch without events, or a stream in it without events.
    case emptyBatch
    /// The same stream twice in a batch.
    case duplicateStream(StreamID)
    /// A store option or configuration value that makes no sense; which, and why.
    case option(name: String, reason: String)
    /// A reservation of another log, or of an earlier opening of this one.
    case foreignReservation
}

/// Where stored bytes fail a check, and which.
public struct Corruption: Sendable, Equatable, Codable {
    /// Path below the store's folder.
    public var file: String
    /// Byte in that file where the damaged unit starts.
    public var fileOffset: Int
    /// What failed.
    public var reason: Reason
    /// What proves that acknowledged bytes are damaged, in words.
    public var evidence: String

    /// What failed.
    public enum Reason: String, Sendable, Codable {
        /// A file that MANIFEST lists is not there.
        case missingFile
        /// A file that is shorter or longer than recorded.
        case wrongSize
        /// Both copies of a header, of STORE or of MANIFEST fail their checks.
        case badHeader
        /// A frame that must be there fails its checks.
        case badFrame
        /// A whole frame in a place where it was not written.
        case misplacedFrame
        /// A frame that does not follow the one before it.
        case brokenChain
        /// A frame whose checksums hold, with contents that make no sense.
        case badBatch
        /// MANIFEST is older than the segments beside it.
        case outdated
        /// Belongs to another store.
        case foreignStore
        /// The device cannot read it.
        case unreadable
    }

    /// Names a damaged place.
    public init(file: String, fileOffset: Int, reason: Reason, evidence: String) {
        self.file = file
        self.fileOffset = fileOffset
        self.reason = reason
        self.evidence = evidence
    }
}
