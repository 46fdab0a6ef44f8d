import EmakiPlatform

/// What the log does when the disk is full, or the store as large as it may be: events are refused
/// before anything of them is written, and what gives space back goes on.
///
/// So that removals find a place, one more segment is made of the reserve when there is no room for
/// any. From then on, until the reserve is whole again, the last segment is kept from events; so it
/// is while the store is above its quota.
extension LogCore {
    /// Events leave the last segment to removals: also where sealing, which alone would give
    /// another one, does not get on.
    var keepsLastSegment: Bool {
        !isReserveWhole || isAboveQuota || (isAtUnsealedLimit && sealingFailure != nil)
    }

    /// Ready segments that events may go on in.
    var readyForEvents: Int { readyCount - (keepsLastSegment ? 1 : 0) }

    /// A segment may be made ready, and should be.
    var hasUseForSegment: Bool {
        guard !isPoisoned, !configuration.isReadOnly,
            manifest.segments.count < Limits.segmentCountMax || !filesInPreparation.isEmpty
        else { return false }
        // One for removals there must be; for events only once the reserve is whole.
        guard !keepsLastSegment else { return readyCount == 0 }
        return readyCount < configuration.readySegmentCount && !isAtUnsealedLimit
    }

    /// What the files of the store take: segments, sealed files, and the reserve.
    var storeBytes: Int {
        let emptyCount = filesInPreparation.count { $0.isEmpty }
        return (manifest.segments.count - emptyCount) * layout.segmentBytes + sealed.byteCount
            + reserve.wantedBytes
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
        if !keepsLastSegment { isActiveKept = false }
        staging.takesEvents = !keepsLastSegment || (readyCount > 0 && !isActiveKept)
    }

    /// The reserve was drawn on, or made whole, or could not be.
    /// - Parameter isMergeAwaited: somebody waits for merges, which are tried with less and less
    ///   until one finds room. Each that does not gives back what it drew: that says nothing new.
    package func noteReserve(isMergeAwaited: Bool = false) {
        isReserveWhole = !reserve.isShort
        if isReserveWhole, !isMergeAwaited { forgetLackOfRoom() }
        lookAtSpace()
    }

    // MARK: Files that are not in use

    /// Files that hold space for nothing while there is too little of it.
    /// - Returns: files that are not taken for written any more.
    func spareFilesToEmpty() -> [SpareFile] {
        guard keepsLastSegment, !isPreparing, !isPoisoned, !configuration.isReadOnly else {
            return []
        }
        // What is needed for removals needs no space if it is one that was in use.
        let kept = readyCount == 0 ? filesInPreparation.first(where: \.isRecycled) : nil
        var found: [SpareFile] = []
        for place in filesInPreparation.indices
        where !filesInPreparation[place].isEmpty
            && filesInPreparation[place].fileIndex != kept?.fileIndex
        {
            // From here on, whatever becomes of the attempt: no byte of it counts as written.
            filesInPreparation[place].isRecycled = false
            found.append(filesInPreparation[place])
        }
        return found
    }

    /// There are files for `spareFilesToEmpty`, or there will be when nobody prepares a segment.
    var hasSpareBytes: Bool { keepsLastSegment && filesInPreparation.contains { !$0.isEmpty } }

    /// It has no byte any more: it is filled with zeros again before it is used.
    func finishEmptying(_ file: SpareFile) {
        let place = filesInPreparation.firstIndex { $0.fileIndex == file.fileIndex }
        guard let place else { return }
        filesInPreparation[place].isEmpty = true
        lookAtSpace()
    }

    /// Gives the space of spare files back, for callers that hold the core alone.
    package func emptySpareFiles() {
        for file in spareFilesToEmpty() {
            guard (try? file.makeEmpty(in: files)) != nil else { return }
            finishEmptying(file)
        }
    }

    /// Makes the reserve whole, for callers that hold the core alone.
    package func refillReserve() {
        guard !isPoisoned, !configuration.isReadOnly else { return }
        // What fails here leaves the log as it is, and is tried again.
        if reserve.needsRefill { try? reserve.refill() }
        noteReserve()
    }
}

/// A segment file that is listed and not in use.
struct SpareFile {
    var fileIndex: UInt32
    /// Every byte of it was written in an earlier life.
    var isRecycled = false
    /// It has no byte.
    var isEmpty = false

    /// A crash may leave any size: a file in preparation is made anew.
    func makeEmpty(in files: any FileSystem) throws(DiskError) {
        let file = try files.open(
            Manifest.path(ofFile: fileIndex), OpenMode(.createIfMissing))
        defer { file.close() }
        try file.resize(to: 0)
        try file.sync()
    }
}
