import EmakiPlatform

/// Forgets deleted streams: afterwards they are as if they had never been written, and take no
/// memory.
///
/// What is left of a deleted stream is one entry of the file of removals. It hides the events of
/// the stream that are still somewhere, and keeps out writers that know nothing of the deletion. So
/// it can go only when nothing is left to hide, neither events nor snapshots, and when no segment
/// holds a record of the deletion, which a recovery would read again. Then a file of removals
/// without the entry is written, and MANIFEST replaced by one that lists it: before that the stream
/// is deleted, from then on it is not there, and nothing lies between. The log holds no record of
/// it.
///
/// Between the look and the switch appends to the streams are refused, as for a deleted one that is
/// not expected where it is. If the switch fails, nobody knows whether it took place, and they are
/// refused until MANIFEST was replaced once more.
struct Forgetting {
    /// What sealed files know of a stream.
    struct Found {
        var head: StreamVersion
        /// Number of a file that holds events or snapshots of it.
        var file: UInt64?
    }

    /// What comes next.
    enum Plan {
        /// Files changed since they were asked.
        case outdated
        case step(ForgettingStep)
        case obstacle(ForgettingObstacle)
        /// None of the streams was ever written.
        case nothing
    }

    let streams: [StreamID]
    /// Files with this number or a later one were made without snapshots of deleted streams. What
    /// they hold of a stream beside is another stream's: ids of the largest size may share one.
    let cleanFrom: UInt64

    /// Asks sealed files, without any lock.
    func find(in set: SealedSet) throws(LogError) -> [Found] {
        var found: [Found] = []
        for stream in streams {
            let beside = SnapshotStream.id(beside: stream)
            var one = Found(head: try set.head(of: stream) ?? .none)
            for file in set.files where one.file == nil {
                let number = file.footer.number
                var held = try file.find(stream)
                if held == nil, number < cleanFrom { held = try file.find(beside) }
                if held != nil { one.file = number }
            }
            found.append(one)
        }
        return found
    }
}

/// What has to go before a stream can be forgotten.
package enum ForgettingObstacle: Equatable, Sendable {
    /// Events or removals are in segments; or no file may be made yet.
    case unsealed
    /// A sealed file, by its number, holds something.
    case file(UInt64)
}

/// A file of removals with fewer entries, and the switch to it.
struct ForgettingStep: Sendable {
    let streams: [StreamID]
    let before: RemovalFile
    let after: RemovalFile
    let storeID: Bits128

    /// - Throws: `.corrupt`, `.noSpace`, `.disk`; nothing has changed then.
    func makeFile(in files: any FileSystem, drawingOn reserve: Reserve) throws(LogError) {
        try DerivedFiles.remove(in: files)
        var extents = try before.read(in: files, storeID: storeID).extents
        for stream in streams { extents[stream] = nil }
        let left = extents
        try reserve.drawing(RemovalFile.byteCount(of: left), for: .file) { () throws(LogError) in
            try after.make(left, storeID: storeID, in: files)
        }
    }
}

extension LogCore {
    /// - Throws: `.notDeleted`, `.poisoned`, `.readOnly`.
    func plan(
        _ forgetting: Forgetting, _ found: [Forgetting.Found], in set: SealedSet
    ) throws(LogError) -> Forgetting.Plan {
        guard !isPoisoned else { throw .poisoned }
        guard !configuration.isReadOnly else { throw .readOnly }
        guard !isCleaning else { return .obstacle(.unsealed) }
        guard sealed === set else { return .outdated }
        var obstacle: ForgettingObstacle?
        var known: [StreamID] = []
        for (stream, found) in zip(forgetting.streams, found) {
            let extent = removals.stagedExtent(stream).extent
            let inMemory = index.find(stream).map { index.head($0) } ?? .none
            let head = max(inMemory, found.head, extent.through)
            guard head > .none else { continue }
            guard extent.deletedAt == head else {
                throw .notDeleted(stream: stream, version: head)
            }
            known.append(stream)
            if isInSegments(stream) {
                obstacle = .unsealed
            } else if let file = found.file, obstacle == nil {
                obstacle = .file(file)
            }
        }
        if let obstacle { return .obstacle(obstacle) }
        guard !known.isEmpty else { return .nothing }
        // What was sealed is listed.
        guard let before = manifest.removalFile else { return .obstacle(.unsealed) }
        let number = takeSealedNumber()
        numbersInWork.insert(number)
        staging.removals.beginForgetting(known + known.map { SnapshotStream.id(beside: $0) })
        return .step(
            ForgettingStep(
                streams: known, before: before, after: RemovalFile(number: number),
                storeID: store.storeID))
    }

    private func isInSegments(_ stream: StreamID) -> Bool {
        removals.isRecorded(stream, behind: manifest.anchor.nextPosition)
            || [stream, SnapshotStream.id(beside: stream)].contains { stream in
                index.find(stream).flatMap { index.firstVersion($0) } != nil
            }
    }

    /// The MANIFEST that lists the new file.
    func beginSwitch(_ step: ForgettingStep) -> ManifestSwitch {
        var next = manifest
        next.generation += 1
        next.removalFileNumber = step.after.number
        return ManifestSwitch(manifest: next)
    }

    /// The file could not be made: nothing has changed.
    func fail(_ step: ForgettingStep) {
        numbersInWork.remove(step.after.number)
        orphans.append(step.after.path)
        staging.removals.failForgetting(mayBeForgotten: false)
    }

    /// MANIFEST could not be replaced, or was and nobody knows.
    func fail(_ change: ManifestSwitch, of step: ForgettingStep) {
        numbersInWork.remove(step.after.number)
        manifest.generation = change.manifest.generation
        orphans.append(step.after.path)
        staging.removals.failForgetting(mayBeForgotten: true)
    }

    /// MANIFEST was replaced: the streams are not there any more.
    func finish(_ change: ManifestSwitch, of step: ForgettingStep) {
        numbersInWork.remove(step.after.number)
        orphans.append(step.before.path)
        take(change)
        staging.removals.forget(step.streams)
        for stream in step.streams {
            index.forgetHead(of: stream)
            index.forgetHead(of: SnapshotStream.id(beside: stream))
        }
    }

    // MARK: At once

    /// Streams, and those beside them, of which nobody knows whether they are forgotten.
    package var streamsBeingForgotten: Set<StreamID> { removals.leavingStreams }

    /// Forgets streams, for callers that hold the core alone.
    /// - Returns: what has to go first; nil: they are forgotten, or were never there.
    package func forget(
        _ streams: [StreamID], cleanFrom: UInt64 = .max
    ) throws(LogError) -> ForgettingObstacle? {
        precondition(!isPreparing, "forgetting at once needs the core alone")
        let forgetting = Forgetting(streams: streams, cleanFrom: cleanFrom)
        let step: ForgettingStep
        switch try plan(forgetting, try forgetting.find(in: sealed), in: sealed) {
        case .outdated: preconditionFailure("nobody else changes the files")
        case .obstacle(let obstacle): return obstacle
        case .nothing: return nil
        case .step(let planned): step = planned
        }
        do throws(LogError) {
            try step.makeFile(in: files, drawingOn: reserve)
        } catch {
            fail(step)
            throw error
        }
        let change = beginSwitch(step)
        do throws(DiskError) {
            try change.perform(in: files, drawingOn: reserve)
        } catch {
            fail(change, of: step)
            throw LogError(error, file: Manifest.twin.name)
        }
        finish(change, of: step)
        SealedLeftovers.remove(takeOrphans(), in: files)
        return nil
    }
}
