extension LogError: CustomStringConvertible {
    /// One sentence: the thing, the value, what to do next.
    public var description: String {
        switch self {
        case .versionConflict(let stream, let actual):
            "stream \"\(stream)\" is at version \(actual), not where the append expected it;"
                + " read it again and decide anew"
        case .idReused(let stream, let version):
            "event \(version) of stream \"\(stream)\" has this id and other bytes; choose a new id"
        case .streamDeleted(let stream, let version):
            "stream \"\(stream)\" was deleted at version \(version); expect that version to go on"
        case .notDeleted(let stream, let version):
            "stream \"\(stream)\" is at version \(version) and not deleted; delete it before it is"
                + " forgotten"
        case .wouldWait(let reason):
            "no room right now (\(reason)); use append, which waits, or try after a commit"
        case .needsLookup(let stream):
            "the version of stream \"\(stream)\" is not in memory; use append, which looks it up"
        case .wouldDeadlock:
            "a blocking call on the commit loop would wait for itself; use the async form"
        case .tooManyFollowers(let limit):
            "there are \(limit) followers already, the limit; end one first"
        case .outcomeUnknown:
            "a write failed while this append was pending; it may or may not be stored:"
                + " reopen the log and repeat it with the same ids"
        case .poisoned:
            "an earlier write or sync failed, so the log takes no more appends; close and reopen it"
        case .closed: "the log was closed"
        case .tooLarge(let name, let limit, let value):
            "\(name.rawValue) is \(value), the limit is \(limit); \(name.advice)"
        case .invalid(let argument): argument.description
        case .readOnly: "the log was opened for reading only, or its disk cannot be written"
        default: surroundings
        }
    }

    private var surroundings: String {
        switch self {
        case .noSpace: "the disk is full; nothing was written: free space and try again"
        case .locked(let path, let holder):
            "\(path) is open" + (holder.map { " in process \($0)" } ?? " elsewhere")
                + "; close it there first"
        case .notAStore(let path, let reason):
            "\(path) is no Emaki store (\(reason)); make one with `emaki create`"
        case .alreadyExists(let path): "\(path) exists already; choose another path"
        case .clockLeap(let now, let latest):
            "the clock says \(now) ns since 1970, more than a day after all that the log knows of"
                + " (\(latest)): set it right, or say that it is"
        case .noPermission(let path): "no permission for \(path)"
        case .unsupportedFormat(let file, let version):
            "\(file) has format \(version), which this version does not know; use a newer Emaki"
        case .disk(let file, let operation, let code):
            "\(operation) of \(file) failed with system error \(code); look at the device"
        case .corrupt(let corruption): corruption.description
        case .beyondRepair(let corruption):
            "\(corruption.finding); a repair cannot mend this: restore a backup, or open read-only"
                + " with damage tolerated and export what is whole to a new store"
        case .lost(let stream, let version):
            "event \(version) of stream \"\(stream)\" was lost to damage; a repair recorded it"
        default: "unknown error"
        }
    }
}

extension LimitName {
    /// What to do about a value beyond the limit.
    var advice: String {
        switch self {
        case .streamIDBytes, .typeBytes: "choose a shorter one"
        case .metadataBytes, .payloadBytes: "store it elsewhere and append a reference to it"
        case .batchBytes, .eventsPerBatch, .streamsPerBatch: "append it in several batches"
        case .segmentBytes, .blockBytes: "choose a smaller one"
        case .segmentCount, .unsealedEvents, .sealedFiles, .removedStreams:
            "the store is full: go on in a new one"
        case .storeBytes:
            "remove streams and merge, or raise storeBytesMax"
        }
    }
}

extension InvalidArgument: CustomStringConvertible {
    /// One sentence.
    public var description: String {
        switch self {
        case .emptyStreamID: "a stream id has at least one byte"
        case .reservedStreamID: "a stream id does not start with a zero byte"
        case .notUTF8: "the bytes are no valid UTF-8"
        case .emptyType: "an event type has at least one byte"
        case .emptyBatch: "a batch, and each stream in it, has at least one event"
        case .duplicateStream(let stream): "stream \"\(stream)\" is twice in the batch"
        case .option(let name, let reason): "\(name) \(reason)"
        case .foreignReservation: "this reservation belongs to another opening of a log"
        }
    }
}

extension WaitReason: CustomStringConvertible {
    /// A few words.
    public var description: String {
        switch self {
        case .pendingEvents: "too many events are pending"
        case .groupBytes: "the gathering group is full"
        case .segment: "the next segment is not ready"
        }
    }
}

extension Corruption: CustomStringConvertible {
    /// The place, what failed, and the proof.
    public var description: String {
        finding + "; open read-only, restore a backup, or run `emaki repair`"
    }

    /// Without what to do.
    var finding: String { "\(file) at byte \(fileOffset): \(reason.rawValue): \(evidence)" }
}
