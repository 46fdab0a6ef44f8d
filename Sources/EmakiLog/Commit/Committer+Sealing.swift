import EmakiPlatform

/// Sealing in the background: a thread of its own makes the file; the worker, which alone replaces
/// MANIFEST, switches to it.
extension Committer {
    /// Events leave the index in pieces, so that no append waits for many of them.
    private static let droppedAtOnce = 64

    /// Asks the sealer to look for full segments.
    func kickSealer() {
        let isWanted = lock.withLock {
            core.configuration.sealsInBackground || !sealWaiters.isEmpty
        }
        if isWanted { _ = sealer.run { [self] in seal() } }
    }

    /// Goes on in the next segment, so that what is in the active one can be sealed.
    nonisolated(nonsending) func leaveActiveSegment() async throws(LogError) {
        let number = lock.withLock { core.activeNumber }
        while true {
            let signal = await WaitSlot<Signal>.wait { slot in leave(number, slot) }
            switch signal {
            case .durable: return
            case .retry, .cancelled: continue
            case .poisoned: throw notLeft(number, .poisoned)
            case .closed: throw notLeft(number, .closed)
            case .refused(let error): throw notLeft(number, error)
            }
        }
    }

    /// Nobody waits for it any more.
    private func notLeft(_ number: UInt64, _ error: LogError) -> LogError {
        lock.withLock { if core.segmentToLeave == number { core.segmentToLeave = nil } }
        return error
    }

    /// Answers the slot with `.durable` once the segment is left.
    private func leave(_ number: UInt64, _ slot: WaitSlot<Signal>) {
        lock.lock()
        let refusal = maintenanceRefusal
        if refusal != nil || core.leaveSegment(number) {
            let baton = nextAdmission(answered: true)
            lock.unlock()
            baton?.resume(returning: .retry)
            return slot.resume(returning: refusal.map { .refused($0) } ?? .durable)
        }
        let reason = core.reasonToStay(in: number)
        admissions.append(slot, reason: reason, attempt: preparationCount)
        let mustPrepare = core.wantsSegment(for: reason)
        let mustWake = loopIsNeeded()
        lock.unlock()
        if mustWake { loop.wake() }
        if mustPrepare { kickWorker() }
    }

    /// Seals what is full, and returns when that is done.
    nonisolated(nonsending) func sealAll() async throws(LogError) {
        let result = await WaitSlot<Result<Void, LogError>>.wait { slot in
            let refusal: LogError? = lock.withLock {
                if let refusal = maintenanceRefusal { return refusal }
                // However many become full meanwhile.
                sealWaiters.append((core.lastFullNumber, slot))
                return nil
            }
            if let refusal { slot.resume(returning: .failure(refusal)) }
            kickSealer()
        }
        try result.get()
    }

    /// Tells those who wait for sealing. Called with the lock; returns without it.
    private func tellSealWaiters(_ result: Result<Void, LogError>) {
        let waiting = sealWaiters
        sealWaiters.removeAll()
        lock.unlock()
        for waiter in waiting { waiter.slot.resume(returning: result) }
    }

    /// Tells those whose segments are sealed. Called with the lock, which it gives up for a moment.
    private func tellSealed() {
        let first = core.firstNumber
        let done = sealWaiters.filter { $0.number < first }
        sealWaiters.removeAll { $0.number < first }
        lock.unlock()
        for waiter in done { waiter.slot.resume(returning: .success(())) }
        lock.lock()
    }

    private func seal() {
        removeExpiredInBackground()
        lock.lock()
        tellSealed()
        let sealing = queue.isClosing ? nil : core.planSealing()
        guard let sealing else {
            // One that is under way comes back here when it is done. (What earlier stops left is
            // gone: it is this thread that removes it.)
            guard !core.isSealing else { return lock.unlock() }
            let refusal = maintenanceRefusal ?? core.sealedFileRefusal
            return tellSealWaiters(refusal.map { .failure($0) } ?? .success(()))
        }
        // For what seals by itself the reserve is not there: it would go with the last event.
        let reserve = sealWaiters.isEmpty ? nil : core.reserve
        lock.unlock()
        let made: Sealing.Made
        do throws(LogError) {
            made = try make(sealing, drawingOn: reserve)
        } catch {
            lock.lock()
            core.fail(sealing, with: error)
            return afterFailure(error, sealing, drewOnReserve: reserve != nil)
        }
        made.file?.prepareFilter()
        let isTaken = worker.run { [self] in change(to: made, by: sealing) }
        // The log is being closed: what is not switched to is made again some other time.
        if !isTaken { made.file?.pages.close() }
    }

    /// Goes on with fewer segments, or tells those who wait. Called with the lock; returns without
    /// it.
    private func afterFailure(_ error: LogError, _ sealing: Sealing, drewOnReserve: Bool) {
        let failure = SealingFailure(
            isForWantOfRoom: error == .noSpace, segmentCount: sealing.segmentCount,
            drewOnReserve: drewOnReserve)
        guard failure.leavesHope(isAwaited: !sealWaiters.isEmpty) else {
            tellSealingFailed(error)
            if drewOnReserve { kickWorker() }
            return
        }
        lock.unlock()
        kickSealer()
    }

    private func make(
        _ sealing: Sealing, drawingOn reserve: Reserve?
    ) throws(LogError) -> Sealing.Made {
        let run = { [self] () throws(LogError) in
            try sealing.run(in: core.files) { [self] in lock.withLock { queue.isClosing } }
        }
        guard let reserve, sealing.segmentCount == 1 else { return try run() }
        return try reserve.drawing(sealing.byteCountMax, for: .file, run)
    }

    /// Runs on the worker, like every other replacement of MANIFEST.
    private func change(to made: Sealing.Made, by sealing: Sealing) {
        var made = made
        do throws(LogError) {
            // Streams may have been forgotten since the sealing was planned.
            let before = lock.withLock { core.manifest.removalFile }
            try sealing.renewRemovals(&made, before: before, in: core.files)
        } catch {
            made.file?.pages.close()
            lock.lock()
            core.fail(sealing, with: error)
            return tellSealingFailed(error)
        }
        let step = lock.withLock { core.isPoisoned ? nil : core.beginSwitch(sealing, to: made) }
        guard let step else {
            made.file?.pages.close()
            lock.lock()
            core.fail(sealing, with: .poisoned)
            return tellSealingFailed(.poisoned)
        }
        do throws(DiskError) {
            try step.perform(in: core.files, drawingOn: core.reserve)
        } catch {
            lock.lock()
            core.fail(step, of: sealing, to: made, with: error)
            tellSealingFailed(LogError(error, file: Manifest.twin.name))
            return
        }
        let orphans = lock.withLock {
            core.finish(step, of: sealing, to: made)
            return core.takeOrphans()
        }
        SealedLeftovers.remove(orphans, in: core.files)
        while !lock.withLock({ core.dropSealed(sealing, limit: Self.droppedAtOnce) }) {}
        prepareSegments()
        kickMerger()
    }

    /// Those who wait for a segment that only sealing could give back are told. Called with the
    /// lock; returns without it.
    private func tellSealingFailed(_ error: LogError) {
        tellSealWaiters(.failure(error))
        lock.lock()
        guard core.waitsForSealing else { return lock.unlock() }
        // If there is none, one for removals is made first; who waits for one for events learns of
        // it then.
        guard core.hasUseForSegment else {
            return tellWaitingForSegment(before: .max, .refused(error), others: 0)
        }
        lock.unlock()
        kickWorker()
    }
}

/// A sealing that failed.
struct SealingFailure {
    var isForWantOfRoom: Bool
    var segmentCount: Int
    var drewOnReserve: Bool

    /// There may be room for one of the segments, or in the reserve for who came meanwhile.
    func leavesHope(isAwaited: Bool) -> Bool {
        isForWantOfRoom && (segmentCount > 1 || (isAwaited && !drewOnReserve))
    }
}

extension LogCore {
    /// Whoever waits for a segment for events waits for one that only sealing could give back.
    var waitsForSealing: Bool { isAtUnsealedLimit && readyForEvents <= 0 }

    /// With a segment to go on in, the group that gathers takes the log there; and what is out
    /// comes back.
    func reasonToStay(in number: UInt64) -> WaitReason {
        readyCount > 0 || activeNumber != number ? .groupBytes : .segment
    }
}
