import EmakiPlatform

/// Merging in the background: a thread of its own makes the file, at a pace that leaves device and
/// cores to others; the worker switches to it.
extension Committer {
    /// The first thing that is done in an open log: what earlier stops left goes, and then sealing
    /// and merging may begin.
    func startSealing() {
        let sealed = core.sealed
        if !sealed.isEmpty { _ = lookups.run { sealed.loadFilters() } }
        guard !core.configuration.isReadOnly else { return }
        // Taken before anybody can take a number, and nobody can until it is done: a file that is
        // being made now is no leftover.
        let manifest = core.manifest
        core.isCleaning = true
        core.hasSealer = core.configuration.sealsInBackground
        _ = sealer.run { [self] in
            do {
                let leftovers = try SealedLeftovers.find(
                    in: core.files, notIn: manifest, before: manifest.nextSealedNumber)
                SealedLeftovers.remove(leftovers, in: core.files)
            } catch {
                // They cost space, and are found again at the next opening.
            }
            lock.withLock { core.isCleaning = false }
            kickSealer()
            kickMerger()
        }
    }

    /// Called with the lock.
    var mergeDemand: MergeDemand {
        MergeDemand(isOfAll: !mergeWaiters.isEmpty, isOfOne: !rewriteWaiters.isEmpty)
    }

    /// Asks the merger to look for files to merge.
    func kickMerger() {
        let isWanted = lock.withLock {
            core.configuration.mergesInBackground || mergeDemand.isAny
        }
        if isWanted { _ = merger.run { [self] in merge() } }
    }

    /// Merges all that fits into one file, and returns when that is done.
    nonisolated(nonsending) func mergeAll() async throws(LogError) {
        let result = await WaitSlot<Result<Void, LogError>>.wait { slot in
            let refusal: LogError? = lock.withLock {
                if let refusal = maintenanceRefusal { return refusal }
                // However many are sealed meanwhile.
                mergeWaiters.append((core.sealed.endPosition, slot))
                mayEmptyForMerge = true
                if !core.isMerging { core.forgetLackOfRoom() }
                return nil
            }
            if let refusal { slot.resume(returning: .failure(refusal)) }
            kickMerger()
        }
        try result.get()
    }

    /// Writes a sealed file again, without what was removed of it; nothing if there is none of that
    /// number any more.
    nonisolated(nonsending) func rewrite(_ number: UInt64) async throws(LogError) {
        let result = await WaitSlot<Result<Void, LogError>>.wait { slot in
            let refusal: LogError? = lock.withLock {
                if let refusal = maintenanceRefusal { return refusal }
                rewriteWaiters.append((number, slot))
                mayEmptyForMerge = true
                return nil
            }
            if let refusal { slot.resume(returning: .failure(refusal)) }
            kickMerger()
        }
        try result.get()
    }

    /// Tells those whose file is not there any more. Called with the lock, which it gives up for a
    /// moment.
    private func tellRewritten() {
        let there = Set(core.sealed.files.map(\.footer.number))
        let done = rewriteWaiters.filter { !there.contains($0.number) }
        rewriteWaiters.removeAll { !there.contains($0.number) }
        lock.unlock()
        for waiter in done { waiter.slot.resume(returning: .success(())) }
        lock.lock()
    }

    /// Why no file may be made now. Called with the lock.
    var maintenanceRefusal: LogError? {
        if queue.isClosing { return .closed }
        if core.isPoisoned { return .poisoned }
        return core.configuration.isReadOnly ? .readOnly : nil
    }

    private func merge() {
        lock.lock()
        tellRewritten()
        let merging =
            queue.isClosing
            ? nil
            : core.planMerging(
                upTo: mergeWaiters.map(\.end).max(), rewriting: rewriteWaiters.first?.number)
        guard let merging else {
            // One that is under way comes back here when it is done.
            guard !core.isMerging, !core.isCleaning else { return lock.unlock() }
            let isStuck = mergeDemand.isStuck(lacksRoom: core.lacksRoomForMerge)
            let refusal = maintenanceRefusal ?? (isStuck ? .noSpace : nil)
            return tellMergeWaiters(refusal.map { .failure($0) } ?? .success(()))
        }
        let drawsOnReserve = mergeDemand.drawsOnReserve(givesSpaceBack: merging.givesSpaceBack)
        lock.unlock()
        let made: Merging.Made
        do throws(LogError) {
            made = try make(merging, drawingOn: drawsOnReserve ? core.reserve : nil)
        } catch {
            lock.lock()
            core.fail(merging, with: error)
            // What sealing left may not be given back yet; the worker does that. Once: a file that
            // it tries to make a segment of in vain is there to be emptied again. If it finds none
            // to empty, the next attempt fails like this one, and is the last.
            if error == .noSpace, mayEmptyForMerge, core.hasSpareBytes {
                mayEmptyForMerge = false
                lock.unlock()
                let isTaken = worker.run { [self] in
                    emptySpareFiles()
                    lock.withLock { core.forgetLackOfRoom() }
                    kickMerger()
                }
                if isTaken { return }
            } else {
                lock.unlock()
            }
            return afterFailure(error, merging, drewOnReserve: drawsOnReserve)
        }
        made.file?.prepareFilter()
        let isTaken = worker.run { [self] in change(to: made, by: merging) }
        if !isTaken { made.file?.pages.close() }
    }

    /// Goes on with fewer files, or tells those who wait.
    private func afterFailure(_ error: LogError, _ merging: Merging, drewOnReserve: Bool) {
        lock.lock()
        let isRewrite = merging.inputs.contains { input in
            rewriteWaiters.contains { $0.number == input.footer.number }
        }
        let goesOn = mergeDemand.goesOn(
            after: .init(
                isForWantOfRoom: error == .noSpace, inputCount: merging.inputs.count,
                isOfWanted: isRewrite, drewOnReserve: drewOnReserve))
        if goesOn { lock.unlock() } else { tellMergeWaiters(.failure(error)) }
        if drewOnReserve { kickWorker() }
        if goesOn { kickMerger() }
    }

    private func make(
        _ merging: Merging, drawingOn reserve: Reserve?
    ) throws(LogError) -> Merging.Made {
        var pace = MergePace(committer: self)
        let run = { [self] () throws(LogError) in
            try merging.run(in: core.files) { pace.goesOn() }
        }
        guard let reserve else { return try run() }
        return try reserve.drawing(merging.byteCountMax, for: .file, run)
    }

    /// Runs on the worker, like every other replacement of MANIFEST.
    private func change(to made: Merging.Made, by merging: Merging) {
        let step = lock.withLock { core.isPoisoned ? nil : core.beginSwitch(merging, to: made) }
        guard let step else {
            made.file?.pages.close()
            lock.lock()
            core.fail(merging, with: .poisoned)
            return tellMergeWaiters(.failure(.poisoned))
        }
        do throws(DiskError) {
            try step.perform(in: core.files, drawingOn: core.reserve)
        } catch {
            lock.lock()
            core.fail(step, of: merging, to: made, with: error)
            tellMergeWaiters(.failure(LogError(error, file: Manifest.twin.name)))
            return
        }
        let old = lock.withLock {
            core.finish(step, of: merging, to: made) + core.takeOrphans()
        }
        merging.letGo()
        SealedLeftovers.remove(old, in: core.files)
        // Where there was no room there may be some now.
        prepareSegments()
        kickMerger()
    }

    /// Called with the lock; returns without it.
    private func tellMergeWaiters(_ result: Result<Void, LogError>) {
        let waiting = mergeWaiters.map(\.slot) + rewriteWaiters.map(\.slot)
        mergeWaiters.removeAll()
        rewriteWaiters.removeAll()
        lock.unlock()
        for slot in waiting { slot.resume(returning: result) }
    }
}

/// Lets a merge rest about as long as it works, unless somebody waits for it.
private struct MergePace {
    private let committer: Committer
    private let word = WaitWord()
    private var workedSince = SystemClock.monotonicNanoseconds()
    private static let restMax: Int64 = 20_000_000

    init(committer: Committer) { self.committer = committer }

    /// - Returns: false if the log is being closed.
    mutating func goesOn() -> Bool {
        let (isClosing, isUrgent) = committer.lock.withLock {
            (committer.queue.isClosing, !committer.mergeWaiters.isEmpty)
        }
        guard !isClosing else { return false }
        let now = SystemClock.monotonicNanoseconds()
        if !isUrgent {
            _ = word.wait(while: word.value, nanoseconds: min(now - workedSince, Self.restMax))
        }
        workedSince = SystemClock.monotonicNanoseconds()
        return true
    }
}
