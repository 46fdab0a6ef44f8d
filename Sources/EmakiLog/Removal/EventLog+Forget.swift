import EmakiPlatform

/// Forgetting, for the shell: what has to go first goes, and then the table of removals is
/// replaced, by the worker, like every other thing that MANIFEST lists.
extension EventLog {
    /// Forgets a deleted stream. As `forget(_:)` for several.
    /// - Returns: false if there was no such stream.
    @discardableResult
    nonisolated(nonsending) public func forget(
        _ stream: StreamID
    ) async throws(LogError) -> Bool {
        try await forget([stream]) > 0
    }

    /// Forgets deleted streams: durable on return, they are as if they had never been written, and
    /// take no memory any more.
    ///
    /// With the version at which a stream was deleted goes what kept late writers out: an append
    /// that expects no stream, or anything, is accepted again, at version 1, and so is the
    /// repetition of an append that the stream once had.
    ///
    /// What is left of the streams' events and snapshots is erased first: segments are sealed, also
    /// the one in use, and sealed files that hold something are written again. After a merge there
    /// is little to do, so it is better to forget many streams at once than one by one. Streams
    /// that were never written are passed over. Appends to the streams are refused with
    /// `.streamDeleted` for a moment. If it is interrupted, some are forgotten; repeat it.
    /// - Returns: how many streams were forgotten.
    /// - Throws: `.notDeleted` if one of them is not deleted; else as `seal(all:)` and `merge()`.
    ///   If MANIFEST could not be replaced, the next opening tells which streams are forgotten;
    ///   until MANIFEST was replaced by something else, appends to them are refused.
    /// - Complexity: O(bytes of the files that hold something) once, and for each 4,096 streams
    ///   O(streams with removals).
    @discardableResult
    nonisolated(nonsending) public func forget(
        _ streams: [StreamID]
    ) async throws(LogError) -> Int {
        var count = 0
        for start in stride(from: 0, to: streams.count, by: Limits.forgottenAtOnceMax) {
            let some = streams[start..<min(start + Limits.forgottenAtOnceMax, streams.count)]
            var seen: Set<StreamID> = []
            count += try await forgetAtOnce(some.filter { seen.insert($0).inserted })
        }
        return count
    }

    nonisolated(nonsending) private func forgetAtOnce(
        _ streams: [StreamID]
    ) async throws(LogError) -> Int {
        var forgetting = Forgetting(streams: streams, cleanFrom: .max)
        var sealingCount = 0
        while true {
            let set = try committer.reading { $0.sealed }
            let (question, isFirst) = (forgetting, forgetting.cleanFrom == .max)
            let found = try await SystemThread.offload(name: "emaki-forget") {
                () throws(LogError) in try question.find(in: set)
            }
            switch try await committer.forget(question, found, in: set) {
            case .forgotten(let count): return count
            case .outdated: continue
            case .obstacle(.unsealed):
                guard sealingCount < Limits.sealingsPerForgettingMax else {
                    throw .notDeleted(stream: streams[0], version: try version(of: streams[0]))
                }
                sealingCount += 1
                try await seal(all: true)
            case .obstacle(.file(let number)):
                // Everything is sealed by now, so what is made from here on leaves it out.
                if isFirst {
                    forgetting = Forgetting(
                        streams: streams,
                        cleanFrom: try committer.reading { $0.manifest.nextSealedNumber })
                }
                try await committer.rewrite(number)
            }
        }
    }
}

extension Committer {
    fileprivate enum ForgettingOutcome: Sendable {
        case forgotten(Int)
        case outdated
        case obstacle(ForgettingObstacle)
    }

    nonisolated(nonsending) fileprivate func forget(
        _ forgetting: Forgetting, _ found: [Forgetting.Found], in set: SealedSet
    ) async throws(LogError) -> ForgettingOutcome {
        try await workerJob { [self] () throws(LogError) in
            let plan = try lock.withLock { () throws(LogError) in
                if let refusal = maintenanceRefusal { throw refusal }
                return try core.plan(forgetting, found, in: set)
            }
            switch plan {
            case .outdated: return .outdated
            case .obstacle(let obstacle): return .obstacle(obstacle)
            case .nothing: return .forgotten(0)
            case .step(let step):
                try perform(step)
                return .forgotten(step.streams.count)
            }
        }
    }

    /// On the worker.
    private func perform(_ step: ForgettingStep) throws(LogError) {
        do throws(LogError) {
            try step.makeFile(in: core.files, drawingOn: core.reserve)
        } catch {
            lock.withLock { core.fail(step) }
            throw error
        }
        let change = lock.withLock { core.beginSwitch(step) }
        do throws(DiskError) {
            try change.perform(in: core.files, drawingOn: core.reserve)
        } catch {
            lock.withLock { core.fail(change, of: step) }
            throw LogError(error, file: Manifest.twin.name)
        }
        let old = lock.withLock {
            core.finish(change, of: step)
            return core.takeOrphans()
        }
        SealedLeftovers.remove(old, in: core.files)
    }
}
