import EmakiPlatform

/// Sealing, as seen from the core: what to seal, the switch to the sealed file, and the way of the
/// segments back to the pool.
extension LogCore {
    /// Segments that one file is made of at most, so that sealing needs no more memory and time.
    package static let segmentsPerSealingMax = 16

    /// The next piece of sealing: as many full segments as there are, oldest first; or nil.
    /// - Parameter number: of the last segment to seal.
    package func planSealing(upTo number: UInt64 = .max) -> Sealing? {
        guard !isSealing, !isCleaning, !isPoisoned, !configuration.isReadOnly,
            sealedFileRefusal == nil
        else { return nil }
        // Where there was no room for more, one segment needs the least.
        let countMax = sealingFailure == .noSpace ? 1 : Self.segmentsPerSealingMax
        let count = min(sealableCount(upTo: number), countMax)
        guard count > 0 else { return nil }
        isSealing = true
        removalsOfSealing = manifest.removalFile?.path
        let number = takeSealedNumber()
        numbersInWork.insert(number)
        return Sealing(
            segments: segments, segmentCount: count, start: manifest.anchor,
            end: segmentEnds[count - 1], hasRetired: manifest.anchorSegment > 0,
            number: number, storeID: store.storeID, layout: layout,
            options: SealedFileWriter.Options(isDirect: syncMethod == .direct),
            removalsBefore: manifest.removalFile)
    }

    /// Why no further sealed file can be listed, if so.
    var sealedFileRefusal: LogError? {
        let count = manifest.sealedFiles.count
        guard count >= Limits.sealedFileCountMax else { return nil }
        return .tooLarge(.sealedFiles, limit: Limits.sealedFileCountMax, value: count + 1)
    }

    /// Files of removals that a sealing or a merge under way reads; MANIFEST may list another.
    var removalsInUse: Set<String> { Set([removalsOfMerge, removalsOfSealing].compactMap(\.self)) }

    /// Files of switches that failed, and that MANIFEST certainly does not list now.
    func takeOrphans() -> [String] {
        let needed = manifest.sealedPaths.union(removalsInUse)
        defer { orphans.removeAll { !needed.contains($0) || manifest.sealedPaths.contains($0) } }
        return orphans.filter { !needed.contains($0) }
    }

    /// A number for a file that is about to be made: never used twice, whatever becomes of the
    /// file, as long as this log is open. Afterwards only numbers that MANIFEST cannot list are
    /// used again.
    func takeSealedNumber() -> UInt64 {
        manifest.nextSealedNumber += 1
        return manifest.nextSealedNumber - 1
    }

    /// Full segments of which every frame is durable.
    private func sealableCount(upTo number: UInt64) -> Int {
        let end = min(activeIndex, Self.segmentsPerSealingMax)
        var count = 0
        while count < end, segments[count].number <= number,
            // A write that is out may still be in the segment before the active one.
            !(isWriting && segments[count].number == writingSegment),
            segmentEnds[count].nextPosition <= durableEnd
        {
            count += 1
        }
        return count
    }

    /// The sealing failed; nothing has changed.
    package func fail(_ sealing: Sealing, with error: LogError) {
        isSealing = false
        removalsOfSealing = nil
        sealingFailure = error
        numbersInWork.remove(sealing.number)
        lookAtSpace()
    }

    // MARK: The switch

    /// The MANIFEST that lists a sealed file instead of its segments. To be written by the caller,
    /// while nobody else replaces MANIFEST.
    package func beginSwitch(_ sealing: Sealing, to made: Sealing.Made) -> ManifestSwitch {
        var next = manifest
        next.generation += 1
        next.anchor = sealing.end
        next.anchorSegment = segments[sealing.segmentCount - 1].number
        let retired = Array(next.segments.prefix(sealing.segmentCount))
        next.segments.removeFirst(sealing.segmentCount)
        next.segments += retired.map {
            Manifest.Entry(number: 0, incarnation: .zero, fileIndex: $0.fileIndex)
        }
        if let entry = made.entry {
            next.sealedFiles.append(entry)
        }
        if let removals = made.removals { next.removalFileNumber = removals.number }
        return ManifestSwitch(manifest: next)
    }

    /// MANIFEST could not be replaced, or was and nobody knows: the segments stay as they are, and
    /// so does the file.
    package func fail(
        _ step: ManifestSwitch, of sealing: Sealing, to made: Sealing.Made, with error: DiskError
    ) {
        fail(sealing, with: LogError(error, file: Manifest.twin.name))
        manifest.generation = step.manifest.generation
        orphans += [made.entry?.path, made.removals?.path].compactMap(\.self)
        made.file?.pages.close()
    }

    /// MANIFEST was replaced: readers find the events in the file from here on. They are still in
    /// memory, too, until `dropSealed` says that it is done.
    package func finish(_ step: ManifestSwitch, of sealing: Sealing, to made: Sealing.Made) {
        if made.removals != nil, let old = manifest.removalFile { orphans.append(old.path) }
        take(step)
        removalsOfSealing = nil
        sealingFailure = nil
        numbersInWork.remove(sealing.number)
        if let file = made.file { sealed = sealed.adding(file) }
        counters.sealedSegments += UInt64(sealing.segmentCount)
        counters.sealedEvents += UInt64(made.eventCount)
        counters.sealedBytes += UInt64(made.fileBytes)
        counters.sealingDifferences += UInt64(made.differences.count)
        lookAtSpace()
    }

    /// Lets some sealed events leave the index; once none is left, their segments are for use
    /// again.
    /// - Returns: true if that is done.
    package func dropSealed(_ sealing: Sealing, limit: Int = .max) -> Bool {
        dropEvents(before: sealing.end.nextPosition, limit: limit)
        guard index.positions.lowerBound >= sealing.end.nextPosition else { return false }
        let count = sealing.segmentCount
        for segment in segments.prefix(count) { segment.file.close() }
        filesInPreparation += segments.prefix(count).map {
            SpareFile(fileIndex: $0.fileIndex, isRecycled: purgeCount == 0)
        }
        segments.removeFirst(count)
        segmentEnds.removeFirst(count)
        activeIndex -= count
        closedCount = max(0, closedCount - count)
        isSealing = false
        lookAtSpace()
        return true
    }

    private func dropEvents(before position: Position, limit: Int) {
        var count = 0
        while index.positions.lowerBound < position, count < limit {
            count += 1
            let oldest = index.positions.lowerBound
            guard let place = index.place(at: oldest) else {
                index.dropFirstEmpty()
                continue
            }
            let image = segment(place.segment).image
            index.dropFirst(section: EventRecord(in: image, at: place.offset).section)
        }
    }

    /// A number may have been taken since the switch was planned.
    func take(_ step: ManifestSwitch) {
        let nextNumber = max(manifest.nextSealedNumber, step.manifest.nextSealedNumber)
        manifest = step.manifest
        manifest.nextSealedNumber = nextNumber
        staging.removals.becomeCertain()
    }

    /// After a switch that failed, MANIFEST on the disk may list what the one in memory does not.
    var isManifestInDoubt: Bool { !orphans.isEmpty }

    /// The MANIFEST in memory once more, which ends the doubt.
    func beginRenewal() -> ManifestSwitch {
        var next = manifest
        next.generation += 1
        return ManifestSwitch(manifest: next)
    }

    func finishRenewal(_ step: ManifestSwitch) -> [String] {
        take(step)
        return takeOrphans()
    }

    func failRenewal(_ step: ManifestSwitch) { manifest.generation = step.manifest.generation }

    // MARK: At once

    /// Seals the oldest full segments, up to and including a segment number, for callers that hold
    /// the core alone.
    /// - Returns: false if there is nothing to seal.
    /// - Precondition: no write and no preparation is out.
    @discardableResult
    package func seal(upTo number: UInt64 = .max) throws(LogError) -> Bool {
        precondition(!isWriting && !isPreparing, "sealing at once needs the core alone")
        guard !isPoisoned else { throw .poisoned }
        guard let sealing = planSealing(upTo: number) else { return false }
        let made: Sealing.Made
        do throws(LogError) {
            made = try reserve.drawing(sealing.byteCountMax, for: .file) { () throws(LogError) in
                try sealing.run(in: files)
            }
        } catch {
            fail(sealing, with: error)
            throw error
        }
        try change(to: made, by: sealing)
        return true
    }

    /// Forgets the oldest full segments without sealing them: for tests of segments in their next
    /// life.
    package func retire(upTo number: UInt64) throws(LogError) {
        precondition(!isWriting && !isPreparing, "retiring needs the core alone")
        guard !isPoisoned else { throw .poisoned }
        // It makes no file, so lack of room for one plays no part.
        sealingFailure = nil
        guard let sealing = planSealing(upTo: number) else { return }
        try change(to: Sealing.Made(file: nil, entry: nil), by: sealing)
        index.forgetIdle()
    }

    private func change(to made: Sealing.Made, by sealing: Sealing) throws(LogError) {
        let step = beginSwitch(sealing, to: made)
        do throws(DiskError) {
            try step.perform(in: files, drawingOn: reserve)
        } catch {
            fail(step, of: sealing, to: made, with: error)
            throw LogError(error, file: Manifest.twin.name)
        }
        finish(step, of: sealing, to: made)
        SealedLeftovers.remove(takeOrphans(), in: files)
        while !dropSealed(sealing) {}
        emptySpareFiles()
        refillReserve()
    }
}

/// A replacement of MANIFEST, planned under the log's lock and performed without it.
package struct ManifestSwitch: Sendable {
    let manifest: Manifest

    /// What writing a MANIFEST takes, and a little more.
    private static let roomBytes = 256 << 10

    package func perform(
        in files: any FileSystem, drawingOn reserve: Reserve? = nil
    ) throws(DiskError) {
        guard let reserve else { return try manifest.write(in: files) }
        try reserve.drawing(
            max(Self.roomBytes, manifest.fileBytes), for: .manifest
        ) { () throws(DiskError) in
            try manifest.write(in: files)
        }
    }
}
