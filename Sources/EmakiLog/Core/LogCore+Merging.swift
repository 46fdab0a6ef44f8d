import EmakiPlatform

/// Merging, as seen from the core. Files of one tier that are neighbours become one of the next, so
/// that the history of a stream comes to lie in few places, and there are few files to ask. Each
/// event is written again once for each tier (O'Neil and others, 1996).
extension LogCore {
    /// The next files to merge; or nil.
    /// - Parameters:
    ///   - end: take all neighbours up to a position that fit into one file, whatever their tiers;
    ///     nil: as many of one tier as make a file of the next.
    ///   - number: of a file that is to be written again, by itself, before all others.
    package func planMerging(upTo end: Position?, rewriting number: UInt64? = nil) -> Merging? {
        // Only a tolerant opening leaves files out, and that is for reading only.
        guard !isMerging, !isCleaning, !isPoisoned, !configuration.isReadOnly else { return nil }
        let alone = number.flatMap { number in
            sealed.files.firstIndex {
                $0.footer.number == number && SealedMerge.canMerge([$0])
            }
        }
        let range = alone.map { $0..<$0 + 1 } ?? (end.map { mergeableRun(upTo: $0) } ?? fullTier())
        guard let range else { return nil }
        let tiers = manifest.sealedFiles[range].map(\.tier)
        isMerging = true
        removalsOfMerge = manifest.removalFile?.path
        let number = takeSealedNumber()
        numbersInWork.insert(number)
        return Merging(
            inputs: Array(sealed.files[range]), number: number,
            tier: range.count == 1 ? tiers[0] : min((tiers.max() ?? 0) + 1, .max - 1),
            storeID: store.storeID, isDirect: syncMethod == .direct,
            removals: manifest.removalFile,
            givesSpaceBack: sealed.files[range].contains { mayHoldRemoved($0) })
    }

    /// As `planMerging(upTo:rewriting:)`, of all files or as in the background.
    package func planMerging(all: Bool = false) -> Merging? {
        planMerging(upTo: all ? sealed.endPosition : nil)
    }

    /// As many neighbours of one tier as make a file of the next, of the lowest tier that has them.
    private func fullTier() -> Range<Int>? {
        let entries = manifest.sealedFiles
        var found: Range<Int>?
        var start = 0
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end].tier == entries[start].tier { end += 1 }
            let count = configuration.filesPerMerge
            if found.map({ entries[start].tier < entries[$0.lowerBound].tier }) ?? true,
                end - start >= count,
                let first = (start...end - count).first(where: { canMerge($0..<$0 + count) })
            {
                found = first..<first + count
            }
            start = end
        }
        return found
    }

    /// The first neighbours that fit into one file; or one that may hold removed events.
    private func mergeableRun(upTo endPosition: Position) -> Range<Int>? {
        let count = sealed.files.prefix { $0.footer.positions.upperBound <= endPosition }.count
        for start in 0..<count {
            var end = start
            // What does not fit into one file does not with another one more.
            while end < count, canMerge(start..<end + 1) { end += 1 }
            if end - start >= 2 || (end - start == 1 && mayHoldRemoved(sealed.files[start])) {
                return start..<end
            }
        }
        return nil
    }

    /// Streams lost something after the file was made, so a file of its own may get smaller.
    private func mayHoldRemoved(_ file: SealedFile) -> Bool {
        !removals.isEmpty && manifest.removalFileNumber >= file.footer.number
            && !loneWithoutRoom.contains(file.footer.number)
    }

    var lacksRoomForMerge: Bool {
        mergingFailure == .noSpace && (mergedBytesWithRoom != nil || !loneWithoutRoom.isEmpty)
    }

    /// What found no room may find some by now.
    func forgetLackOfRoom() {
        mergedBytesWithRoom = nil
        loneWithoutRoom = []
    }

    private var mergedBytesMax: Int {
        min(configuration.mergedBytesMax, mergedBytesWithRoom ?? .max)
    }

    private func canMerge(_ range: Range<Int>) -> Bool {
        let inputs = Array(sealed.files[range])
        guard inputs.allSatisfy({ !unmergeable.contains($0.pages.path) }) else { return false }
        let byteCount = inputs.reduce(0) { $0 + $1.footer.fileBytes }
        // A file by itself may become much smaller.
        let limit = inputs.count == 1 ? configuration.mergedBytesMax : mergedBytesMax
        return byteCount <= limit && SealedMerge.canMerge(inputs)
    }

    package func fail(_ merging: Merging, with error: LogError) {
        isMerging = false
        removalsOfMerge = nil
        mergingFailure = error
        numbersInWork.remove(merging.number)
        if error == .noSpace {
            if merging.inputs.count == 1 {
                loneWithoutRoom.insert(merging.inputs[0].footer.number)
            } else {
                mergedBytesWithRoom = merging.byteCountMax / 2
            }
        }
        // It would fail again, at the same place.
        if case .corrupt(let corruption) = error { unmergeable.insert(corruption.file) }
    }

    /// The MANIFEST that lists the new file instead of its inputs.
    package func beginSwitch(_ merging: Merging, to made: Merging.Made) -> ManifestSwitch {
        var next = manifest
        next.generation += 1
        let replaced = Set(merging.inputs.map(\.footer.number))
        let place = next.sealedFiles.firstIndex { replaced.contains($0.number) } ?? 0
        next.sealedFiles.removeAll { replaced.contains($0.number) }
        if let entry = made.entry { next.sealedFiles.insert(entry, at: place) }
        return ManifestSwitch(manifest: next)
    }

    /// MANIFEST could not be replaced, or was and nobody knows: inputs and file stay.
    package func fail(
        _ step: ManifestSwitch, of merging: Merging, to made: Merging.Made, with error: DiskError
    ) {
        fail(merging, with: LogError(error, file: Manifest.twin.name))
        manifest.generation = step.manifest.generation
        if let entry = made.entry { orphans.append(entry.path) }
        made.file?.pages.close()
    }

    /// MANIFEST was replaced: whoever begins to read finds the new file. Who reads the old ones
    /// keeps them until the end.
    /// - Returns: the paths of the old ones, which are to be removed.
    package func finish(
        _ step: ManifestSwitch, of merging: Merging, to made: Merging.Made
    ) -> [String] {
        take(step)
        isMerging = false
        numbersInWork.remove(merging.number)
        removalsOfMerge = nil
        mergingFailure = nil
        sealed = sealed.replacing(merging.inputs, by: made.file)
        counters.merges += 1
        counters.mergedBytes += UInt64(made.fileBytes)
        counters.droppedEvents += UInt64(made.droppedCount)
        lookAtSpace()
        return merging.inputs.map(\.pages.path)
    }

    // MARK: At once

    /// Removes what earlier stops left of sealing and merging.
    /// - Precondition: nothing was sealed or merged since the log was opened.
    package func removeLeftovers() throws(DiskError) {
        SealedLeftovers.remove(
            try SealedLeftovers.find(
                in: files, notIn: manifest, before: manifest.nextSealedNumber), in: files)
    }

    /// Merges files once, for callers that hold the core alone.
    /// - Parameter number: of a file that is to be written again by itself.
    /// - Returns: false if there is nothing to merge.
    @discardableResult
    package func merge(
        all: Bool = false, rewriting number: UInt64? = nil
    ) throws(LogError) -> Bool {
        precondition(!isPreparing, "merging at once needs the core alone")
        guard !isPoisoned else { throw .poisoned }
        let end = all ? sealed.endPosition : nil
        guard let merging = planMerging(upTo: end, rewriting: number) else { return false }
        let made: Merging.Made
        do throws(LogError) {
            made = try reserve.drawing(merging.byteCountMax, for: .file) { () throws(LogError) in
                try merging.run(in: files)
            }
        } catch {
            fail(merging, with: error)
            throw error
        }
        let step = beginSwitch(merging, to: made)
        do throws(DiskError) {
            try step.perform(in: files, drawingOn: reserve)
        } catch {
            fail(step, of: merging, to: made, with: error)
            throw LogError(error, file: Manifest.twin.name)
        }
        let old = finish(step, of: merging, to: made) + takeOrphans()
        merging.letGo()
        SealedLeftovers.remove(old, in: files)
        refillReserve()
        return true
    }
}
