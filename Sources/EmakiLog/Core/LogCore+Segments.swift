import EmakiPlatform

/// Which segment is written, and which are made ready.
extension LogCore {
    /// Switches to the next ready segment: memory only, no call to the disk.
    /// - Parameter forEvents: the last segment may be kept for removals.
    /// - Returns: false if there is none, or if the gathering group holds something.
    @discardableResult
    func rotateIfPossible(forEvents: Bool = true) -> Bool {
        // Recovery looks for the next frame in the next segment only, so none is left empty.
        guard gathering.isEmpty, holdsFrames, (forEvents ? readyForEvents : readyCount) > 0
        else { return false }
        isActiveKept = readyForEvents <= 0
        segmentEnds.append(end)
        activeIndex += 1
        staging.activate(active, at: layout.framesOffset)
        counters.rotations += 1
        lookAtSpace()
        return true
    }

    /// Goes on in the next segment though there is room, so that what is in this one can be sealed;
    /// with the next group, if one gathers.
    /// - Parameter number: of the segment to leave.
    /// - Returns: false as long as it is still in use, or a write in it is out.
    package func leaveSegment(_ number: UInt64) -> Bool {
        guard holdsFrames || active.number != number else { return true }
        if active.number == number {
            segmentToLeave = number
            leaveSegmentIfWanted()
        }
        return active.number != number && !(isWriting && writingSegment == number)
    }

    package var activeNumber: UInt64 { active.number }
    /// Of the oldest segment that is in use.
    var firstNumber: UInt64 { segments[0].number }
    /// Of the newest full segment; 0: there is none.
    var lastFullNumber: UInt64 { activeIndex > 0 ? segments[activeIndex - 1].number : 0 }
    private var holdsFrames: Bool {
        gathering.start > layout.framesOffset || !gathering.isEmpty
    }

    /// Called between two groups.
    func leaveSegmentIfWanted() {
        if segmentToLeave == active.number, rotateIfPossible(forEvents: false) {
            segmentToLeave = nil
            // What marked the end is not at the end any more.
            lastKind = .group
        }
    }

    /// Files of full segments that nothing will be written to any more. To be closed by the caller,
    /// off the commit path.
    package func takeFilesToClose() -> [any File] {
        // A write that is out may still be in the segment before the active one.
        let end = max(closedCount, isWriting ? activeIndex - 1 : activeIndex)
        defer { closedCount = end }
        return segments[closedCount..<end].map(\.file)
    }

    /// So many full segments wait to be sealed that no further one is made ready: appends wait.
    var isAtUnsealedLimit: Bool {
        hasSealer && activeIndex >= configuration.unsealedSegmentsMax
    }

    /// Segments that the log can go on in.
    var readyCount: Int { segments.count - activeIndex - 1 - readyInCleaning }

    /// The next piece of background work: a segment to make ready, or nil.
    package func planSegment() -> SegmentPreparation? {
        guard !isPreparing, hasUseForSegment else { return nil }
        isPreparing = true
        var before = manifest
        // One that was written all over, if there is one, needs no space.
        let listed = filesInPreparation.first(where: \.isRecycled) ?? filesInPreparation.first
        let fileIndex = listed?.fileIndex ?? manifest.nextFileIndex
        // A replacement of MANIFEST that failed may have taken place, and list as ready what will
        // be overwritten now.
        let isUncertain = segmentFailure != nil
        if listed == nil || isUncertain { before.generation += 1 }
        if listed == nil {
            before.nextFileIndex += 1
            before.segments.append(
                Manifest.Entry(number: 0, incarnation: .zero, fileIndex: fileIndex))
        }
        let identity = SegmentIdentity(
            storeID: store.storeID, number: before.nextSegmentNumber,
            incarnation: Bits128(random: entropy))
        return SegmentPreparation(
            layout: layout, identity: identity, fileIndex: fileIndex,
            isDirect: syncMethod == .direct, isRecycled: listed?.isRecycled ?? false,
            manifestBefore: listed == nil || isUncertain ? before : nil,
            manifestAfter: before.makingReady(fileIndex, as: identity),
            // One for removals; what else it holds is for merges, which give space back.
            reserve: readyCount == 0 && reserve.isWhole ? reserve : nil)
    }

    /// The segment is ready, and MANIFEST says so.
    package func finish(_ preparation: SegmentPreparation, with segment: Segment) {
        isPreparing = false
        segmentFailure = nil
        take(ManifestSwitch(manifest: preparation.manifestAfter))
        filesInPreparation.removeAll { $0.fileIndex == preparation.fileIndex }
        segments.append(segment)
        noteReserve()
    }

    /// The segment could not be made ready. What MANIFEST lists is the same or the file in
    /// preparation; both are continued from.
    package func fail(_ preparation: SegmentPreparation, with error: DiskError) {
        isPreparing = false
        let path = Manifest.path(ofFile: preparation.fileIndex)
        segmentFailure = LogError(error, file: path)
        manifest.generation = preparation.manifestAfter.generation
        noteReserve()
    }

    /// Makes as many segments ready as are wanted, for callers that hold the core alone.
    package func prepareSegments() throws(DiskError) {
        for file in takeFilesToClose() { file.close() }
        emptySpareFiles()
        refillReserve()
        while let preparation = planSegment() {
            do {
                finish(preparation, with: try preparation.run(in: files))
            } catch {
                fail(preparation, with: error)
                throw error
            }
        }
    }

    /// The segment with a number that the index gave out.
    func segment(_ number: UInt64) -> Segment {
        segments[Int(number - segments[0].number)]
    }
}

extension Manifest {
    /// Lists a file in preparation as ready, behind all usable ones.
    func makingReady(_ fileIndex: UInt32, as identity: SegmentIdentity) -> Manifest {
        var result = self
        result.generation += 1
        result.nextSegmentNumber += 1
        result.segments.removeAll { $0.fileIndex == fileIndex }
        let usableCount = result.segments.prefix { !$0.isInPreparation }.count
        result.segments.insert(
            Entry(
                number: identity.number, incarnation: identity.incarnation, fileIndex: fileIndex),
            at: usableCount)
        return result
    }
}
