import EmakiLog
import EmakiPlatform

/// Making segments ready and giving them back: what the shell's worker does.
extension Driver {
    /// Makes one segment ready. If paused, the steps that follow run between its calls to the disk.
    func prepare(paused: Bool) throws(Violation) {
        guard let core, allowance == nil else { return }
        for file in core.takeFilesToClose() { file.close() }
        core.emptySpareFiles()
        core.refillReserve()
        guard let preparation = core.planSegment() else { return }
        let started = life
        preparationCount += 1
        defer { preparationCount += 1 }
        do {
            let segment = try preparation.run(in: paused ? holdingDisk() : process)
            if life == started { core.finish(preparation, with: segment) }
        } catch {
            hash.add("not prepared \(error.code)")
            if error.isNoSpace { counts.withoutSpace += 1 }
            if life == started { core.fail(preparation, with: error) }
        }
        allowance = nil
        mustLetOn = false
        settleForgettings()
        if let violation = heldViolation { throw violation }
    }

    /// A disk on which each call waits until the script lets it on. The file that is opened through
    /// it is the segment's later; then nothing waits any more.
    private func holdingDisk() -> GatedDisk {
        allowance = 0
        let started = life
        let number = preparationCount
        return GatedDisk(process) { [unowned self] _ throws(DiskError) in
            guard number == preparationCount else { return }
            hold()
            // The process that prepared is gone.
            guard life == started, heldViolation == nil else { throw DiskError(.write, 5) }
            if let calls = allowance, calls > 0 { allowance = calls - 1 }
        }
    }

    /// Runs the script until the preparation may make a call.
    private func hold() {
        let started = life
        while life == started, allowance == 0, !mustLetOn, heldViolation == nil {
            guard cursor < script.steps.count else {
                mustLetOn = true
                return
            }
            do throws(Violation) {
                try runNext()
            } catch {
                heldViolation = error
            }
        }
    }

    /// Seals all full segments but the newest ones, which changes nothing that a reader sees.
    func seal(keeping keptCount: Int) throws(Violation) {
        try settleWrites()
        guard let core, !core.isPoisoned, out == nil else { return }
        let full = core.fullSegments
        guard full.count > keptCount else { return }
        try maintain(\.sealings) { () throws(LogError) in
            try core.seal(upTo: full[full.count - 1 - keptCount].number)
        }
    }

    /// Merges sealed files, which changes nothing that a reader sees.
    func merge() throws(Violation) {
        guard let core, !core.isPoisoned else { return }
        try maintain(\.merges) { () throws(LogError) in try core.merge() }
    }

    /// Runs what makes files, and holds its failure against what there was for a cause.
    func maintain(
        _ count: WritableKeyPath<RunCounts, Int>, _ work: () throws(LogError) -> Bool
    ) throws(Violation) {
        // As the shell does, before any number is taken. Where the switch to a file failed, nobody
        // knows whether MANIFEST lists it, so later would be too late.
        if let core, !hasRemovedLeftovers {
            hasRemovedLeftovers = true
            do throws(DiskError) { try core.removeLeftovers() } catch { hash.add("leftovers") }
        }
        let struckBefore = disk.faults.strikeCount
        do throws(LogError) {
            if try work() { counts[keyPath: count] += 1 }
        } catch {
            hash.add("not maintained")
            if !isStopped, disk.faults.strikeCount == struckBefore, !mayBeDamaged {
                throw Violation(.acknowledgedSurvives, "\(error), without a cause")
            }
        }
        settleForgettings()
    }

    /// Whatever replaced MANIFEST, or failed to, has made sure of streams whose forgetting had
    /// failed there, or has not: the next opening shows which of the two is true.
    private func settleForgettings() {
        if let core { reference.keepUncertain(core.streamsBeingForgotten) }
    }

    /// Gives back the full segments but the newest ones; at most as many as one switch takes.
    func retire(keeping keptCount: Int) throws(Violation) {
        try settleWrites()
        guard let core, !core.isPoisoned, out == nil else { return }
        let full = core.fullSegments
        guard full.count > keptCount else { return }
        let last = full[min(full.count - keptCount, LogCore.segmentsPerSealingMax) - 1]
        reference.beginRetiring(before: last.end.rawValue)
        do throws(LogError) {
            try core.retire(upTo: last.number)
            reference.retire(before: last.end.rawValue)
            settleForgettings()
            counts.retirements += 1
        } catch {
            hash.add("not retired")
        }
    }
}
