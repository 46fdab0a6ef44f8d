import EmakiPlatform

/// Which segment is written, and which are made ready.
extension LogCore {
    /// Switches to the next ready segment: memory only, no call to the disk.
    /// - Returns: false if there is none, or if the gathering group holds something.
    @discardableResult
    func rotateIfPossible() -> Bool {
        guard gathering.isEmpty, activeIndex + 1 < segments.count else { return false }
        segmentEnds.append(end)
        activeIndex += 1
        staging.activate(active, at: layout.framesOffset)
        counters.rotations += 1
        return true
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

    var readyCount: Int { segments.count - activeIndex - 1 }

    /// The next piece of background work: a segment to make ready, or nil.
    package func planSegment() -> SegmentPreparation? {
        guard !isPreparing, !isPoisoned, !configuration.isReadOnly,
            readyCount < configuration.readySegmentCount, !isAtUnsealedLimit,
            manifest.segments.count < Limits.segmentCountMax || !filesInPreparation.isEmpty
        else { return nil }
        isPreparing = true
        var before = manifest
        let listed = filesInPreparation.first
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
            manifestAfter: before.makingReady(fileIndex, as: identity))
    }

    /// The segment is ready, and MANIFEST says so.
    package func finish(_ preparation: SegmentPreparation, with segment: Segment) {
        isPreparing = false
        segmentFailure = nil
        take(ManifestSwitch(manifest: preparation.manifestAfter))
        filesInPreparation.removeAll { $0.fileIndex == preparation.fileIndex }
        segments.append(segment)
    }

    /// The segment could not be made ready. What MANIFEST lists is the same or the file in
    /// preparation; both are continued from.
    package func fail(_ preparation: SegmentPreparation, with error: DiskError) {
        isPreparing = false
        let path = Manifest.path(ofFile: preparation.fileIndex)
        segmentFailure = LogError(error, file: path)
        manifest.generation = preparation.manifestAfter.generation
    }

    /// Makes as many segments ready as are wanted, for callers that hold the core alone.
    package func prepareSegments() throws(DiskError) {
        for file in takeFilesToClose() { file.close() }
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
