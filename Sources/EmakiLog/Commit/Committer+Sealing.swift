import EmakiPlatform

/// Sealing in the background: a thread of its own makes the file; the worker, which alone replaces
/// MANIFEST, switches to it.
extension Committer {
    /// Events leave the index in pieces, so that no append waits for many of them.
    private static let droppedAtOnce = 64

    /// Asks the sealer to look for full segments.
    func kickSealer() {
        guard core.configuration.sealsInBackground else { return }
        _ = sealer.run { [self] in seal() }
    }

    private func seal() {
        let sealing = lock.withLock { queue.isClosing ? nil : core.planSealing() }
        guard let sealing else { return }
        let made: Sealing.Made
        do throws(LogError) {
            made = try sealing.run(in: core.files) { [self] in
                lock.withLock { queue.isClosing }
            }
        } catch {
            lock.lock()
            core.fail(sealing, with: error)
            tellSealingFailed(error)
            return
        }
        let isTaken = worker.run { [self] in change(to: made, by: sealing) }
        // The log is being closed: what is not switched to is made again some other time.
        if !isTaken { made.file?.pages.close() }
    }

    /// Runs on the worker, like every other replacement of MANIFEST.
    private func change(to made: Sealing.Made, by sealing: Sealing) {
        let step = lock.withLock { core.beginSwitch(sealing, to: made) }
        do throws(DiskError) {
            try step.perform(in: core.files)
        } catch {
            lock.lock()
            core.fail(step, of: sealing, to: made, with: error)
            tellSealingFailed(LogError(error, file: Manifest.twin.name))
            return
        }
        lock.withLock { core.finish(step, of: sealing, to: made) }
        while !lock.withLock({ core.dropSealed(sealing, limit: Self.droppedAtOnce) }) {}
        prepareSegments()
    }

    /// Those who wait for a segment that only sealing could give back are told. Called with the
    /// lock; returns without it.
    private func tellSealingFailed(_ error: LogError) {
        guard core.isAtUnsealedLimit, core.readyCount == 0 else {
            lock.unlock()
            return
        }
        tellWaitingForSegment(before: .max, .refused(error), others: 0)
    }
}
