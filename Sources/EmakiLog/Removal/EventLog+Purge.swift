import EmakiPlatform

/// What a purge did.
public struct PurgeReport: Sendable, Equatable, Codable {
    /// Sealed files that held the stream, and were written again without it.
    public var rewrittenFiles = 0
    /// Bytes of these files.
    public var rewrittenBytes = 0
    /// Segment files that may have held the stream in an earlier life, and were emptied or filled
    /// with zeros.
    public var cleanedSegments = 0
    /// The version at which the stream is deleted.
    public var version = StreamVersion.none
    /// Backups that end before this position may hold the stream, and so may those whose files were
    /// taken over from such a backup.
    public var position = Position.start
}

/// Erasure.
extension EventLog {
    /// Deletes a stream, and returns once no file of the store holds a byte of its events and
    /// snapshots any more.
    ///
    /// Its id stays, with the version at which it was deleted. The file system may keep bytes of
    /// files that were removed or overwritten until it uses their place again, and so may the
    /// device; and backups are left as they are: see `PurgeReport.position`. A call that was
    /// interrupted, by a crash for instance, is to be repeated.
    /// - Throws: as `delete(_:expecting:)`, `seal(all:)` and `merge()`; then bytes may be left.
    /// - Complexity: O(bytes of the files that hold the stream, and of the segments).
    @discardableResult
    nonisolated(nonsending) public func purge(
        _ stream: StreamID
    ) async throws(LogError) -> PurgeReport {
        var report = PurgeReport()
        report.version = try await delete(stream)
        guard report.version > .none else {
            report.position = durablePosition
            return report
        }
        // From here on no segment is used again with what was in it; so the one that is active in
        // the end is clean, and all others are sealed.
        committer.endReuse()
        defer { committer.resumeReuse() }
        report.cleanedSegments += try await committer.cleanReadySegments()
        // The active segment holds something now, so it is left; and what was removed before is
        // among what is sealed.
        try await record(.again(through: report.version, ending: true), of: stream)
        try await seal(all: true)
        let (files, bytes) = try await committer.rewriteFiles(
            of: stream, through: report.version)
        report.rewrittenFiles = files
        report.rewrittenBytes = bytes
        report.cleanedSegments += try await committer.cleanSpareFiles()
        // Takes a position, so that every backup until here ends before it.
        try await record(.again(through: report.version, ending: false), of: stream)
        report.position = durablePosition
        return report
    }

    nonisolated(nonsending) private func record(
        _ request: RemovalRequest, of stream: StreamID
    ) async throws(LogError) {
        let source = RemovalSource(stream: stream, expected: .anything, request: request)
        _ = try await committer.commit(MeasuredBatch(removal: source)) { _, _ in }
    }
}

extension Committer {
    fileprivate func endReuse() { lock.withLock { core.endReuse() } }

    fileprivate func resumeReuse() { lock.withLock { core.resumeReuse() } }

    /// Runs a job on the worker, so that no segment is being made ready meanwhile.
    nonisolated(nonsending) func workerJob<R: Sendable>(
        _ body: @escaping @Sendable () throws(LogError) -> R
    ) async throws(LogError) -> R {
        let result = await WaitSlot<Result<R, LogError>>.wait { slot in
            let isTaken = worker.run {
                do throws(LogError) {
                    slot.resume(returning: .success(try body()))
                } catch {
                    slot.resume(returning: .failure(error))
                }
            }
            if !isTaken { slot.resume(returning: .failure(.closed)) }
        }
        return try result.get()
    }

    /// Fills the ready segments with zeros behind their headers, the last first. Meanwhile they are
    /// not to be had: an append that needs one waits.
    nonisolated(nonsending) fileprivate func cleanReadySegments() async throws(LogError) -> Int {
        try await workerJob { [self] () throws(LogError) in
            var count = 0
            defer {
                lock.lock()
                core.readyInCleaning = 0
                core.lookAtSpace()
                tellWaitingForSegment(before: .max, .retry, others: 0)
            }
            while let segment = lock.withLock({ core.nextReadyToClean() }) {
                do throws(DiskError) {
                    try segment.clean(core.layout)
                } catch { throw LogError(error, file: segment.path) }
                count += 1
            }
            return count
        }
    }

    /// Empties the segment files that are not in use, and removes sealed files that are not.
    nonisolated(nonsending) fileprivate func cleanSpareFiles() async throws(LogError) -> Int {
        let count = try await workerJob { [self] () throws(LogError) in
            let spare = lock.withLock { core.filesInPreparation.filter { !$0.isEmpty } }
            for file in spare {
                do throws(DiskError) {
                    try file.makeEmpty(in: core.files)
                } catch { throw LogError(error, file: Manifest.path(ofFile: file.fileIndex)) }
                lock.withLock { core.finishEmptying(file) }
            }
            try removeSealedLeftovers()
            return spare.count
        }
        kickWorker()
        return count
    }

    /// What nobody lists and nobody is making; on the worker, which alone replaces MANIFEST.
    private func removeSealedLeftovers() throws(LogError) {
        try renewDoubtfulManifest()
        let (manifest, inWork, needed) = lock.withLock {
            (core.manifest, core.numbersInWork, core.removalsInUse)
        }
        let end = inWork.min() ?? manifest.nextSealedNumber
        try LogError.translating(StoreFolder.sealed) { () throws(DiskError) in
            let found = try SealedLeftovers.find(in: core.files, notIn: manifest, before: end)
            for path in found {
                let isInWork = path.hasSuffix(SealedEntry.temporarySuffix) && !inWork.isEmpty
                if !needed.contains(path), !isInWork { try core.files.remove(path) }
            }
            try core.files.syncFolder(StoreFolder.sealed)
        }
    }

    /// A file that MANIFEST on the disk may list is no leftover until it certainly does not.
    private func renewDoubtfulManifest() throws(LogError) {
        guard let step = lock.withLock({ core.isManifestInDoubt ? core.beginRenewal() : nil })
        else { return }
        do throws(DiskError) {
            try step.perform(in: core.files, drawingOn: core.reserve)
        } catch {
            lock.withLock { core.failRenewal(step) }
            throw LogError(error, file: Manifest.twin.name)
        }
        SealedLeftovers.remove(lock.withLock { core.finishRenewal(step) }, in: core.files)
    }

    /// Writes each sealed file again that holds events of a stream up to a version, or snapshots.
    nonisolated(nonsending) fileprivate func rewriteFiles(
        of stream: StreamID, through version: StreamVersion
    ) async throws(LogError) -> (files: Int, bytes: Int) {
        // What is made from now on leaves the stream out.
        let end = try reading { $0.manifest.nextSealedNumber }
        var count = 0
        var byteCount = 0
        while true {
            let set = try reading { $0.sealed }
            let found = try await SystemThread.offload(name: "emaki-purge") {
                () throws(LogError) in
                try set.file(before: end, with: stream, through: version)
            }
            guard let found else { return (count, byteCount) }
            count += 1
            byteCount += found.footer.fileBytes
            try await rewrite(found.footer.number)
        }
    }
}
