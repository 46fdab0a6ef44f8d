import EmakiLog
import EmakiPlatform

/// Opening the log, which decides what was stored, and which must change nothing when it is done
/// again.
extension Driver {
    /// An opening makes so many calls at most.
    private static let openingCallsMax = 100_000
    /// Openings that faults may refuse before the faults stop.
    private static let refusalsMax = 3
    /// Files that are replaced as a whole.
    private static let replaced: Set<String> = ["STORE", "MANIFEST"]

    var configuration: Configuration {
        var configuration = Configuration()
        configuration.readySegmentCount = script.store.readyCount
        configuration.reserveBytes = script.store.reserveBytes
        configuration.filesPerMerge = 2
        configuration.cachedHeadsMax = 2
        return configuration
    }

    /// Opens the log if it is not open.
    /// - Returns: false if the process was stopped while it opened.
    func isOpen() throws(Violation) -> Bool {
        guard core == nil else { return true }
        let found = isOver || !disk.isPowered ? nil : try look()
        for attempt in 0... {
            guard !isOver else { return false }
            startProcess()
            do throws(LogError) {
                core = try LogCore.open(
                    in: process, configuration: configuration, entropy: entropy(attempt))
                break
            } catch {
                if isStopped {
                    if !disk.isPowered { counts.cutsWhileOpening += 1 }
                    noticeStop()
                    return false
                }
                try checkRefusal(error, attempt)
            }
        }
        guard let core else { return false }
        hash.add(core.durableEnd.rawValue)
        try checkRecovered(core)
        try check(core, against: found)
        guard isStopped else { return true }
        // What it could not read any more it did not need.
        noticeStop()
        return false
    }

    /// Each opening draws identities of its own.
    private func entropy(_ attempt: Int) -> ScriptEntropy {
        ScriptEntropy(seed: SeededRandom.mixed(script.store.seed) ^ UInt64(life << 4 + attempt))
    }

    private func startProcess() {
        hasRemovedLeftovers = false
        openingCalls = 0
        strikesBeforeOpening = disk.faults.strikeCount
        let started = life
        process = GatedDisk(disk) { [unowned self] call throws(DiskError) in
            guard life == started else {
                throw DiskError(.open, SystemCode.powerLoss)
            }
            if isLooking { return }
            guard callsUntilKill != 0 else {
                throw DiskError(.open, SystemCode.powerLoss)
            }
            if let calls = callsUntilKill { callsUntilKill = calls - 1 }
            openingCalls += 1
            guard core != nil || openingCalls < Self.openingCallsMax else {
                throw DiskError(.open, SystemCode.tooManyFiles)
            }
            tell?("    \(call)")
            if call.changesDisk { noteWrite(call) }
        }
    }

    /// A block that holds acknowledged bytes is not written again in the life of its segment.
    private func noteWrite(_ call: GatedCall) {
        // Where a frame was damaged, a cut may be.
        guard let ranges = acknowledged[call.path], !mayBeDamaged else {
            lastWrite = call
            return
        }
        if call.range.lowerBound == 0 {
            // Headers: the file begins another life.
            acknowledged[call.path] = nil
        } else if let range = ranges.first(where: { $0.overlaps(call.range) }) {
            heldViolation = Violation(
                .blocksStay, "\(call) touches the acknowledged frame at \(range)")
        }
        lastWrite = call
    }

    /// Only faults justify a refusal, and only damage a `corrupt` for good: after any stop the log
    /// opens.
    private func checkRefusal(_ error: LogError, _ attempt: Int) throws(Violation) {
        hash.add("refused \(error)")
        if openingCalls >= Self.openingCallsMax {
            throw Violation(.bytesAreNotTrusted, "opening made \(openingCalls) calls, and no end")
        }
        guard wasStruckWhileOpening || mayBeDamaged else {
            if case .corrupt(let corruption) = error, Self.replaced.contains(corruption.file) {
                throw Violation(.replacedAtOnce, "the log does not open: \(error)")
            }
            throw Violation(.acknowledgedSurvives, "the log does not open: \(error)")
        }
        counts.refusals += 1
        guard attempt >= Self.refusalsMax else { return }
        if mayBeDamaged, case .corrupt(let corruption) = error, !corruption.file.isEmpty {
            // The place is named, and that is all that can be asked for.
            counts.damagesFound += 1
            isOver = true
            try checkRepair()
        }
        setFaults(FaultShape(.none))
    }

    private func checkRecovered(_ core: LogCore) throws(Violation) {
        counts.states += 1
        let receipt = core.receipt
        try checkReceipt(receipt)
        let endBefore = reference.acknowledgedEnd
        let mayLackLast = mayBeDamaged && !provesEnd
        do throws(Violation) {
            try look { () throws(Violation) in
                try reference.recover(core, mayLackLast: mayLackLast)
            }
        } catch {
            throw wasStruckWhileOpening && !isLying ? error.afterReadError : error
        }
        // A mark that something was written behind proves the end again if that is gone.
        let isMarkLast = end.mayBeMarked && reference.acknowledgedEnd == endBefore
        if mayBeDamaged {
            for (follower, next) in followers {
                followers[follower] = min(next, core.durableEnd.rawValue)
            }
        }
        end = LogEndKnowledge(
            isMarked: receipt.end == .marked, isClosed: receipt.wasClosed,
            mayBeMarked: receipt.end == .marked || isMarkLast, mayBeTorn: false)
        // Rot that a read brought about is on the disk now, and without power nothing is read.
        let canOpenAgain = disk.isPowered && !(isDamaging && wasStruckWhileOpening)
        if canOpenAgain {
            try checkOpenedAgain(core)
            if !mayBeDamaged, !isLying { try checkIsOnDevice() }
        }
    }

    /// One damaged place cannot hide a group behind which the end was marked in two places.
    private var provesEnd: Bool {
        end.isMarked && damageCount <= 1
    }

    private func checkReceipt(_ receipt: RecoveryReceipt) throws(Violation) {
        let cuts = receipt.cuts.filter { !$0.isRemembered }
        counts.tornCuts += cuts.count
        if receipt.end == .damaged || !receipt.damages.isEmpty || !receipt.losses.isEmpty {
            throw Violation(.damageIsRefused, "an opening that stepped over damage")
        }
        guard !mayBeDamaged else { return }
        // A copy that could not be read just now counts as bad, and is written again.
        if !wasStruckWhileOpening,
            let half = receipt.mended.first(where: Self.replaced.contains)
        {
            throw Violation(.replacedAtOnce, "a stop left one copy of \(half) bad")
        }
        if end.isMarked, receipt.end != .marked {
            throw Violation(.endIsProven, "the end was marked, and the receipt says \(receipt.end)")
        }
        if end.isClosed, !receipt.wasClosed {
            throw Violation(.endIsProven, "the log was closed, and the receipt does not say so")
        }
        if receipt.end == .marked, !end.mayBeMarked {
            throw Violation(.endIsProven, "the receipt says marked, and no mark was written")
        }
        if let cut = cuts.first, !end.mayBeTorn {
            throw Violation(
                .cutsAreRemembered,
                "group \(cut.group) at \(cut.file):\(cut.fileOffset) was cut, and nothing was torn")
        }
    }
}
