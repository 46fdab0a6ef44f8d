import EmakiPlatform

/// What the log does when the disk is full, or the store as large as it may be: events are refused
/// before anything of them is written, and what gives space back goes on.
///
/// So that removals always find a place, the last segment is kept from events: as long as the
/// reserve is not whole, which it is not if a segment was made of it, or while the store is above
/// its quota.
extension LogCore {
    /// Events leave the last segment to removals.
    var keepsLastSegment: Bool { !isReserveWhole || isAboveQuota }

    /// Ready segments that events may go on in.
    var readyForEvents: Int { readyCount - (keepsLastSegment ? 1 : 0) }

    /// Ready segments that there should be.
    private var readyWanted: Int {
        configuration.readySegmentCount + (keepsLastSegment ? 1 : 0)
    }

    /// A segment may be made ready, and should be.
    var hasUseForSegment: Bool {
        guard readyCount < readyWanted, !isPoisoned, !configuration.isReadOnly,
            manifest.segments.count < Limits.segmentCountMax || !filesInPreparation.isEmpty
        else { return false }
        // One for removals there must be.
        if keepsLastSegment, readyCount == 0 { return true }
        return !isAboveQuota && !isAtUnsealedLimit
    }

    /// What the files of the store take: segments, sealed files, and the reserve.
    var storeBytes: Int {
        manifest.segments.count * layout.segmentBytes + sealed.byteCount + reserve.wantedBytes
    }

    /// With another segment full of events the store would be larger than it may be.
    private var isAboveQuota: Bool {
        configuration.storeBytesMax.map { storeBytes > $0 } ?? false
    }

    /// Why no event finds a place, if that is the quota.
    var quotaRefusal: LogError? {
        guard isAboveQuota, readyForEvents <= 0, let limit = configuration.storeBytesMax else {
            return nil
        }
        return .tooLarge(.storeBytes, limit: limit, value: storeBytes)
    }

    /// To be called when segments, sealed files or the reserve changed.
    func lookAtSpace() {
        staging.takesEvents = !keepsLastSegment || readyCount > 0
    }

    /// The reserve was drawn on, or made whole, or could not be.
    package func noteReserve(isWhole: Bool) {
        isReserveWhole = isWhole
        lookAtSpace()
    }

    /// Makes the reserve whole, for callers that hold the core alone.
    package func refillReserve() {
        guard !isPoisoned, !configuration.isReadOnly, !reserve.isWhole else { return }
        // What fails here leaves the log as it is, and is tried again.
        try? reserve.refill()
        noteReserve(isWhole: reserve.isWhole)
    }
}
