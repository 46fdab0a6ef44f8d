import EmakiWorkflow

/// Where large payloads are kept, beside the log: `FolderPayloadStorage`, or one of your own.
///
/// Both calls block, and are made wherever payloads are encoded and decoded: on the thread that
/// gives a run its turn, too, so a storage far away holds others up. They may come from many
/// threads at once.
public protocol PayloadStorage: Sendable {
    /// Keeps bytes. Once this has returned they are durable, whatever happens: an event that refers
    /// to them may be acknowledged next. The same bytes should get the same key, so that a retry or
    /// a replay keeps nothing twice.
    /// - Returns: 1 to 200 of letters and digits of ASCII, `-`, `_` and `.`.
    /// - Throws: an `UnreadablePayload`, for instance an `OffloadError`, if they cannot be kept
    ///   now: a run that wants to encode them rests then, and loses nothing.
    func put(_ bytes: [UInt8]) throws -> String

    /// The bytes of a key, whole.
    /// - Throws: an `UnreadablePayload`; `OffloadError.missing` if there are none.
    func get(_ key: String) throws -> [UInt8]
}

/// Why an offloaded payload could not be read, or not be kept. A run that comes upon one waits, and
/// takes it for nobody's failure: see `UnreadablePayload`.
public enum OffloadError: UnreadablePayload, Equatable {
    /// The storage has nothing of this key. Bring it back, from a backup for instance, and resume
    /// what rests.
    case missing(key: String)
    /// What the storage has of this key is not what was put there. Bring the right bytes back, and
    /// resume what rests.
    case damaged(key: String)
    /// The history says that a payload is elsewhere, but not in a way that this version knows.
    case unusableReference
    /// The storage could not do it; the reason is for people. Mend it, and resume what rests.
    case storage(String)
    /// References of histories cannot be seen, so that nothing can be said to be unreferenced: the
    /// codec that was given does not offload, or another one hides what it does. Give
    /// `OffloadingCodec` as the outermost one.
    case hiddenReferences
}

extension OffloadError: CustomStringConvertible {
    /// What is the matter.
    public var description: String {
        switch self {
        case .missing(let key): "the offloaded payload \(key) is missing"
        case .damaged(let key): "the offloaded payload \(key) is damaged"
        case .unusableReference: "a reference to an offloaded payload makes no sense"
        case .storage(let reason): reason
        case .hiddenReferences:
            "the codec hides references to offloaded payloads, or makes none: give"
                + " OffloadingCodec as the outermost codec"
        }
    }
}
