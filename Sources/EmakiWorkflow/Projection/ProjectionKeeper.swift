import EmakiPlatform

/// Keeps a store's projection true, on a thread of its own: it reads what became durable, now and
/// then and when somebody asks, and writes a checkpoint when that has become worth while.
///
/// Nobody's commit waits for it, and nothing that is recorded rests on it. Where it cannot be had,
/// because a part of the log cannot be read for instance, histories are read instead.
final class ProjectionKeeper: @unchecked Sendable {
    /// Recorded events after which what is new is read: while it still is in memory.
    private static let eventsPerLook = 4_096
    /// A checkpoint is written after so many events, or after so many for each open run, whichever
    /// are more: so it costs no more than a part of what they did, and the next engine has no more
    /// than that to read.
    static let eventsPerCheckpoint: UInt64 = 262_144
    private static let eventsPerRun: UInt64 = 2
    /// When an engine is closed, sooner.
    private static let eventsPerLastCheckpoint: UInt64 = 1_024
    /// Beside the work of an engine: 16 MB a second.
    private static let nanosecondsPerByte: Int64 = 60
    /// Times in a row that the whole is made anew after it could not be brought up to date.
    private static let failuresMax = 3
    /// Times that who asks waits for it to be made anew as streams were forgotten meanwhile.
    private static let stopsMax = 8

    private let journal: any HistoryJournal
    private let observer: any EngineObserver
    /// More workflows that have ended are not kept.
    private let endedMost: Int
    /// Instead of the numbers above; for tests.
    private let eventsMin: UInt64?
    private let writesCheckpoints: Bool
    private let worker = WorkerThread(name: "emaki-projection")

    /// Of the worker's jobs.
    private struct State {
        var fold: ProjectionFold?
        /// Where the newest checkpoint ends that was written, or is being written.
        var checkpointEnd: UInt64 = 0
        var isWriting = false
        var isCounting = false
        /// What was removed while all is counted anew.
        var goneMeanwhile: [@Sendable (inout Projection) -> Void] = []
        var writer: WorkerThread?
        var failures = 0
    }
    private let state = Guarded(State())

    private let lock = Lock()
    // Guarded by `lock`.
    private var newEvents = 0
    private var isLooking = false
    private var isClosed = false
    /// Bumped when it is closed.
    private let closing = WaitWord()

    /// - Returns: nil if the store's events have no positions.
    init?(
        _ store: any HistoryStore, observer: any EngineObserver, writesCheckpoints: Bool,
        endedMost: Int = Projection.remembered, eventsMin: UInt64?
    ) {
        guard let journal = (store as? any JournaledStore)?.journal else { return nil }
        self.journal = journal
        self.observer = observer
        self.endedMost = endedMost
        self.eventsMin = eventsMin
        self.writesCheckpoints = writesCheckpoints && journal.checkpoints?.isWritable == true
    }

    private var isOpen: Bool { lock.withLock { !isClosed } }

    // MARK: Being told and asked

    /// So many events became durable.
    func recorded(_ count: Int) {
        let mustLook = lock.withLock { () -> Bool in
            newEvents += count
            let limit = min(eventsMin ?? .max, UInt64(Self.eventsPerLook))
            guard newEvents >= limit, !isLooking, !isClosed else { return false }
            isLooking = true
            return true
        }
        if mustLook { worker.run { [weak self] in self?.look() } }
    }

    /// Runs of a deleted workflow are gone: see `Projection.areGone`.
    func areGone(_ workflowID: String, _ runIDs: [String], deletion: String?) {
        worker.run { [weak self] in
            self?.takeOut { $0.areGone(workflowID, runIDs, deletion: deletion) }
        }
    }

    /// What was copied ahead for a run that did not begin is gone: see `Projection.isGone`.
    func isGone(_ run: Projection.Unbegun) {
        worker.run { [weak self] in
            guard let self else { return }
            // What comes in later does not have it any more.
            if state.value.fold != nil { _ = bringUpToDate() }
            takeOut { $0.isGone(run) }
        }
    }

    private func takeOut(_ body: @escaping @Sendable (inout Projection) -> Void) {
        if let fold = state.value.fold { body(&fold.projection.value) }
        // What is being read may have it still.
        if state.value.isCounting { state.value.goneMeanwhile.append(body) }
    }

    private func look() {
        lock.withLock {
            isLooking = false
            newEvents = 0
        }
        // Who never asked for it does not need it.
        guard state.value.fold != nil else { return }
        _ = bringUpToDate()
        writeIfWorthWhile()
    }

    /// Brings what there is into memory: the checkpoint, if there is one that holds.
    /// - Returns: how many positions are behind it.
    func prepare() async -> UInt64 {
        await onWorker { [self] in
            load()
            guard let fold = state.value.fold, let end = try? journal.end() else { return 0 }
            return end - min(end, fold.projection.value.end)
        } ?? 0
    }

    /// What follows from everything that is durable now.
    /// - Parameter needsEndings: if those are not counted right, they are counted anew, for who
    ///   asks later.
    /// - Returns: nil if that cannot be had.
    func ask<R: Sendable>(
        needsEndings: Bool = false, _ body: @escaping @Sendable (Projection) -> R
    ) async -> R? {
        await onWorker { [self] in
            guard let fold = bringUpToDate() else { return nil }
            if needsEndings, !fold.projection.value.knowsEnded,
                fold.projection.value.hasOldEndings
            {
                countAnew()
            }
            return body(fold.projection.value)
        } ?? nil
    }

    private func onWorker<R: Sendable>(_ job: @escaping @Sendable () -> R) async -> R? {
        await withCheckedContinuation { continuation in
            let isTaken = worker.run { continuation.resume(returning: job()) }
            if !isTaken { continuation.resume(returning: nil) }
        }
    }

    /// Returns once a last checkpoint was written, if that is worth while.
    func close() {
        lock.withLock { isClosed = true }
        closing.bump()
        closing.wakeAll()
        worker.run { [self] in
            state.value.writer?.stop()
            writeTheLast()
        }
        worker.stop()
    }

    // MARK: Of the worker

    /// - Returns: nil if it cannot be brought up to date.
    private func bringUpToDate() -> ProjectionFold? {
        var stops = 0
        while state.value.failures < Self.failuresMax, stops < Self.stopsMax {
            load()
            guard let fold = state.value.fold else { return nil }
            do {
                try fold.read(from: journal) { [self] in isOpen }
                guard !fold.projection.value.isOverfull else {
                    state.value.failures = Self.failuresMax
                    return nil
                }
                state.value.failures = 0
                return fold
            } catch is ScanStopped {
                // Streams were forgotten meanwhile: next time it is as it is then.
                state.value.fold = nil
                guard isOpen else { return nil }
                stops += 1
            } catch {
                // Some of it may be in and some not.
                state.value.fold = nil
                guard isOpen else { return nil }
                // What is damaged is so the next time, too.
                state.value.failures =
                    EngineCore.isForGood(error) ? Self.failuresMax : state.value.failures + 1
                observer.storeFailed(error)
            }
        }
        return nil
    }

    private func load() {
        guard state.value.fold == nil else { return }
        do {
            let forgottenCount = journal.forgottenCount
            let digests = try ProjectionFold.Digests(journal)
            let (known, isBrief) = try checkpoint(digests)
            state.value.fold = ProjectionFold(
                known ?? Projection(endedMost: endedMost), digests, forgottenCount)
            state.value.checkpointEnd = known?.end ?? 0
            if isBrief, writesCheckpoints { countAnew() }
        } catch {
            state.value.failures = Self.failuresMax
            if isOpen { observer.storeFailed(error) }
        }
    }

    /// - Returns: nil if there is none that holds for this store as it is; and whether it could
    ///   have kept fewer workflows that have ended than are wanted now.
    private func checkpoint(
        _ digests: ProjectionFold.Digests
    ) throws -> (known: Projection?, isBrief: Bool) {
        guard let input = try? journal.checkpoints?.read() else { return (nil, false) }
        var decoder = ProjectionDecoder(input, endedMost: endedMost)
        var hasNewRemovals = false
        do {
            var known = try decoder.decode { head in
                hasNewRemovals = head.removalDigest != digests.removals
                guard head.storeID == journal.storeID, head.lossDigest == digests.losses,
                    head.end > 0, head.end <= (try journal.end())
                else { return false }
                return try journal.witness(at: head.end - 1) == head.witness
            }
            if hasNewRemovals { try journal.forEachRemoval { known?.lost($0, $1) } }
            return (known, known != nil && decoder.isBrief)
        } catch is ProjectionDecoder.Damage {
            return (nil, false)
        } catch is DiskError {
            return (nil, false)
        }
    }

    /// Reads the whole log once more, beside all else.
    private func countAnew() {
        guard !state.value.isCounting else { return }
        state.value.isCounting = useWriter { [weak self] in
            guard let self else { return }
            var new: ProjectionFold?
            do {
                let forgottenCount = journal.forgottenCount
                let fold = ProjectionFold(
                    Projection(endedMost: endedMost), try ProjectionFold.Digests(journal),
                    forgottenCount)
                try fold.read(from: journal) { [self] in isOpen }
                new = fold
            } catch {
                if isOpen, !(error is ScanStopped) { observer.storeFailed(error) }
            }
            let fold = new
            worker.run { [weak self] in
                guard let self else { return }
                state.value.isCounting = false
                if let fold {
                    for takeOut in state.value.goneMeanwhile { takeOut(&fold.projection.value) }
                }
                state.value.goneMeanwhile = []
                if let fold { state.value.fold = fold }
            }
        }
    }

    /// Does something that takes long on a thread of its own.
    private func useWriter(_ job: @escaping @Sendable () -> Void) -> Bool {
        let writer = state.value.writer ?? WorkerThread(name: "emaki-checkpoint")
        state.value.writer = writer
        return writer.run(job)
    }

    // MARK: Checkpoints

    private func writeIfWorthWhile() {
        guard writesCheckpoints, !state.value.isWriting, let fold = state.value.fold else { return }
        let new = newPositions(fold)
        let runs = UInt64(fold.projection.value.runCount)
        let wanted = eventsMin ?? max(Self.eventsPerCheckpoint, Self.eventsPerRun * runs)
        guard new >= wanted, let encoder = encoder(of: fold) else { return }
        let end = fold.projection.value.end
        state.value.isWriting = useWriter { [weak self] in
            let isWritten = self?.write(encoder, isPaced: true) == true
            self?.worker.run { [weak self] in
                self?.state.value.isWriting = false
                if isWritten { self?.state.value.checkpointEnd = end }
            }
        }
    }

    private func writeTheLast() {
        guard writesCheckpoints, let fold = state.value.fold else { return }
        do {
            try fold.read(from: journal) { true }
        } catch {
            return
        }
        guard newPositions(fold) >= eventsMin ?? Self.eventsPerLastCheckpoint,
            let encoder = encoder(of: fold)
        else { return }
        _ = write(encoder, isPaced: false)
    }

    /// Positions behind the newest checkpoint.
    private func newPositions(_ fold: ProjectionFold) -> UInt64 {
        let end = fold.projection.value.end
        return end - min(end, state.value.checkpointEnd)
    }

    private func encoder(of fold: ProjectionFold) -> ProjectionEncoder? {
        // Once a stream was forgotten, nothing says that what it had is to be taken out.
        guard journal.forgottenCount == fold.forgottenCount else {
            state.value.fold = nil
            return nil
        }
        let end = fold.projection.value.end
        guard end > 0, !fold.projection.value.isOverfull,
            let witness = try? journal.witness(at: end - 1)
        else { return nil }
        var copy = fold.projection.value
        copy.runs.dropIndex()
        copy.ended.dropIndex()
        return ProjectionEncoder(
            copy,
            ProjectionHead(
                storeID: journal.storeID, end: end, witness: witness,
                lossDigest: fold.digests.losses, removalDigest: fold.digests.removals),
            forgottenCount: fold.forgottenCount,
            fileNumber: UInt32(truncatingIfNeeded: SystemEntropy().next()))
    }

    /// - Returns: false if it could not be written: what was there before holds, or nothing does.
    private func write(_ first: ProjectionEncoder, isPaced: Bool) -> Bool {
        var encoder = first
        let forgottenCount = first.forgottenCount
        var byteCount: Int64 = 0
        let start = SystemClock.monotonicNanoseconds()
        do {
            try journal.checkpoints?.replace {
                guard let piece = encoder.next() else {
                    // What was forgotten meanwhile, and is in there, nothing would take out.
                    guard journal.forgottenCount == forgottenCount else { throw ScanStopped() }
                    return nil
                }
                byteCount += Int64(piece.count)
                guard isPaced else { return piece }
                let due = start + byteCount * Self.nanosecondsPerByte
                let rest = due - SystemClock.monotonicNanoseconds()
                if rest > 0, closing.wait(while: 0, nanoseconds: rest) { throw ScanStopped() }
                return piece
            }
            return true
        } catch {
            if isOpen, !(error is ScanStopped) { observer.storeFailed(error) }
            return false
        }
    }
}

/// A projection that takes in what a journal shows. Of one thread at a time.
final class ProjectionFold: JournalScanner, @unchecked Sendable {
    /// What was gone from a journal at a moment.
    struct Digests: Sendable {
        let losses: UInt64
        let removals: UInt64

        init(_ journal: any HistoryJournal) throws {
            losses = try journal.lossDigest()
            var removals: UInt64 = 0
            try journal.forEachRemoval { stream, count in
                guard StreamParts(stream) != nil else { return }
                removals &+= StableMix.mix(StableHash.hash(stream) ^ StableMix.mix(count))
            }
            self.removals = removals
        }
    }

    let projection: Guarded<Projection>
    /// Before the first event was read.
    let digests: Digests
    let forgottenCount: UInt64
    private var isWanted: () -> Bool = { true }

    /// - Parameter forgottenCount: of the journal, before it was read.
    init(_ projection: consuming Projection, _ digests: Digests, _ forgottenCount: UInt64) {
        self.projection = Guarded(projection)
        self.digests = digests
        self.forgottenCount = forgottenCount
    }

    /// Takes in what became durable.
    /// - Throws: then some of it is in, and some is not.
    func read(from journal: any HistoryJournal, while isWanted: @escaping () -> Bool) throws {
        let start = projection.value.end
        let end = try journal.end()
        guard start < end else { return }
        self.isWanted = isWanted
        defer { self.isWanted = { true } }
        if let newest = try journal.scan(start..<end, into: self) {
            projection.value.end = newest
        }
    }

    func begin(_ stream: RawSpan) -> Bool { projection.value.begin(stream) }
    func take(version: UInt64, _ metadata: RawSpan) {
        projection.value.take(version: version, metadata)
    }
    func goesOn() -> Bool { isWanted() }
}
