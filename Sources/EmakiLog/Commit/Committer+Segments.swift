import EmakiPlatform

/// Background work: keeps segments ready, on a thread that never holds the lock while it waits for
/// the disk.
extension Committer {
    /// Asks the worker to look whether a segment is wanted.
    func kickWorker() {
        _ = worker.run { [self] in prepareSegments() }
    }

    func prepareSegments() {
        closeFullSegments()
        // Before those are told who waited for sealing: they count on what it gave back.
        emptySpareFiles()
        kickSealer()
        refillReserve()
        while let preparation = lock.withLock({ beginPreparation() }) {
            let result: Result<Segment, DiskError>
            do {
                var pace = FillPace(committer: self)
                result = .success(
                    try preparation.run(in: core.files) { pace.rest() })
            } catch {
                // What it drew was in vain.
                if core.reserve.isShort { try? core.reserve.refill() }
                result = .failure(error)
            }
            guard finish(preparation, result) else { return }
            closeFullSegments()
            kickSealer()
        }
        // Sealing or merging may have made one ready for events that was kept from them.
        lock.lock()
        guard core.readyForEvents > 0 else { return lock.unlock() }
        tellWaitingForSegment(before: .max, .retry, others: 0)
    }

    /// While space is short, what spare files hold goes back to the disk. Runs on the worker.
    func emptySpareFiles() {
        for file in lock.withLock({ core.spareFilesToEmpty() }) {
            guard (try? file.makeEmpty(in: core.files)) != nil else { return }
            lock.withLock { core.finishEmptying(file) }
        }
    }

    /// Space that has returned goes there first.
    private func refillReserve() {
        lock.lock()
        let isWanted = maintenanceRefusal == nil
        let needsRefill = core.reserve.needsRefill
        if needsRefill { preparationCount += 1 }
        let attempt = preparationCount
        lock.unlock()
        guard isWanted else { return }
        var failure: DiskError?
        if needsRefill {
            do throws(DiskError) { try core.reserve.refill() } catch { failure = error }
        }
        lock.lock()
        let news = core.noteRefill(failure: failure, isMergeAwaited: mergeDemand.isAny)
        switch news {
        case nil: lock.unlock()
        case .mayGoOn: tellWaitingForSegment(before: .max, .retry, others: 0)
        case .refused(let error):
            tellWaitingForSegment(before: attempt, .refused(error), others: 0)
        }
    }

    /// Called with the lock.
    private func beginPreparation() -> SegmentPreparation? {
        guard !queue.isClosing, let preparation = core.planSegment() else { return nil }
        preparationCount += 1
        return preparation
    }

    private func closeFullSegments() {
        let files = lock.withLock { core.takeFilesToClose() }
        for file in files { file.close() }
    }

    /// - Returns: true if it went well, and more may be wanted.
    private func finish(
        _ preparation: SegmentPreparation, _ result: Result<Segment, DiskError>
    ) -> Bool {
        switch result {
        case .success(let segment):
            lock.lock()
            core.finish(preparation, with: segment)
            tellWaitingForSegment(before: .max, .retry, others: 0)
            return true
        case .failure(let error):
            lock.lock()
            core.fail(preparation, with: error)
            guard let refusal = core.segmentRefusal else {
                tellWaitingForSegment(before: .max, .retry, others: 0)
                return false
            }
            // Those who wait for something else wait for a commit. If none will come, they try
            // again, and find that it is a segment that they lack.
            let isIdle = queue.isIdle(hasStaged: core.hasStaged)
            // Whoever came while the attempt was under way may have come after what it lacked was
            // there again, and has an attempt coming.
            tellWaitingForSegment(
                before: preparationCount, .refused(refusal),
                others: isIdle ? Limits.admissionsPerCommitMax : 0)
            return false
        }
    }

    /// Tells those who wait for a segment and came before an attempt; the others try again. Called
    /// with the lock; returns without it.
    func tellWaitingForSegment(
        before attempt: UInt64, _ signal: Signal, others otherCountMax: Int
    ) {
        let slots = admissions.takeWaitingForSegment(before: attempt)
        let waiting = threadAdmissions.filter { $0.reason == .segment }
        threadAdmissions.removeAll { $0.reason == .segment }
        let others = admissions.takeWaitingForSegment() + admissions.take(otherCountMax)
        lock.unlock()
        for slot in slots { slot.resume(returning: signal) }
        for thread in waiting {
            thread.signal.send(thread.attempt < attempt ? signal : .retry)
        }
        for other in others { other.resume(returning: .retry) }
    }
}

/// Spreads the filling of a segment over the time that there is for it: it keeps ahead of the
/// appends that use up the active segment, and no more, so that few commits find a piece in their
/// way, on the device or on their core.
struct FillPace {
    private let committer: Committer
    private let word = WaitWord()
    private var doneCount = 0
    private var pieceStart = SystemClock.monotonicNanoseconds()
    /// However slow a piece was, the filling goes on after this long.
    private static let restMax: Int64 = 2_000_000
    /// After a piece that is early; also the pace when nobody appends.
    private static let restWhenEarly: Int64 = 5_000_000
    /// The segment is ready when this share of the active one is used up, as a divisor.
    private static let leastShareOfActive = 2

    init(committer: Committer) { self.committer = committer }

    /// Somebody waits for the segment, or for the log to close.
    static func isUrgent(readyCount: Int, isClosing: Bool) -> Bool {
        readyCount == 0 || isClosing
    }

    mutating func rest() {
        let pieceTime = SystemClock.monotonicNanoseconds() - pieceStart
        doneCount += 1
        let (isUrgent, usedPieces) = committer.lock.withLock {
            let core = committer.core
            return (
                Self.isUrgent(
                    readyCount: core.readyCount, isClosing: committer.queue.isClosing),
                core.gathering.next / SegmentPreparation.pieceBytes
            )
        }
        if !isUrgent {
            let isEarly = doneCount > usedPieces * Self.leastShareOfActive
            _ = word.wait(
                while: word.value,
                nanoseconds: isEarly ? Self.restWhenEarly : min(pieceTime, Self.restMax))
        }
        pieceStart = SystemClock.monotonicNanoseconds()
    }
}

extension LogCore {
    /// The worker should look for a segment that nobody is at: one is to be ready ahead of need,
    /// and the last attempt did not fail; or a batch waits for one, and then an attempt is due also
    /// after one that failed.
    /// - Parameter reason: what the batch at hand waits for; nil: for nothing.
    func wantsSegment(for reason: WaitReason? = nil) -> Bool {
        guard !isPreparing else { return false }
        return (hasUseForSegment && segmentFailure == nil)
            || (reason == .segment && readyForEvents <= 0)
    }

    /// What those who wait for a segment for events are told when one could not be made ready; nil:
    /// with a segment left they wait for no more than the commit that lets the log rotate. (There
    /// may have been none for events before.)
    var segmentRefusal: LogError? {
        readyForEvents > 0 ? nil : segmentFailure ?? .noSpace
    }

    /// News for those who wait for a segment for events.
    enum SegmentNews: Equatable {
        case mayGoOn
        case refused(LogError)
    }

    /// After an attempt to make the reserve whole.
    /// - Returns: nil if those who wait learn of it later, or know already.
    func noteRefill(failure: DiskError?, isMergeAwaited: Bool) -> SegmentNews? {
        let wasWhole = isReserveWhole
        noteReserve(isMergeAwaited: isMergeAwaited)
        guard !isReserveWhole else {
            reserveFailure = nil
            // If there is none to go on in and one is made next, who waits learns of that.
            let goesOn = readyForEvents > 0 || !hasUseForSegment
            return goesOn && !wasWhole ? .mayGoOn : nil
        }
        let error = failure.map { LogError($0, file: Reserve.name) } ?? .noSpace
        reserveFailure = error
        // Without any segment one is made next, and whoever waits learns of that.
        return readyCount > 0 && readyForEvents <= 0 ? .refused(error) : nil
    }
}
