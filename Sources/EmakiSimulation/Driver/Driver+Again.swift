import EmakiLog
import EmakiPlatform

/// Openings of copies of the disk, beside the one that goes on: before it for reading, after it for
/// a second time, after a power cut, and after a repair.
extension Driver {
    /// The disk as it is, on which nothing goes wrong.
    private func quietCopy() -> SimulatedFileSystem {
        let copy = disk.clone()
        copy.powerCut = .never
        copy.faults = FaultPlan()
        return copy
    }

    // MARK: For reading

    /// What an opening for reading shows, before anything is cut or mended; nil if it is refused.
    /// - Throws: D20, if it changes the disk.
    func look() throws(Violation) -> Range<UInt64>? {
        var change: GatedCall?
        let watched = GatedDisk(quietCopy()) { call throws(DiskError) in
            if call.changesDisk { change = call }
        }
        var seen: Range<UInt64>?
        if let core = try? LogCore.open(
            in: watched, configuration: .readOnly(), entropy: ScriptEntropy(seed: 0))
        {
            seen = core.firstPosition.rawValue..<core.durableEnd.rawValue
            core.closeFiles()
        }
        if let change {
            throw Violation(.readingChangesNothing, "opening for reading changes: \(change)")
        }
        return seen
    }

    /// An opening for reading shows what recovery finds. Where calls failed, the page cache may
    /// have shown it something else (N13).
    func check(_ core: LogCore, against found: Range<UInt64>?) throws(Violation) {
        let range = core.firstPosition.rawValue..<core.durableEnd.rawValue
        guard !hadFaults, found != range else { return }
        throw Violation(
            .readingChangesNothing,
            "opened for reading the log held \(found.map(String.init(describing:)) ?? "nothing"),"
                + " and then \(range)")
    }

    // MARK: For the second time

    /// Opens a copy of the disk: same contents, same receipt, and not a byte changed.
    func checkOpenedAgain(_ core: LogCore) throws(Violation) {
        counts.states += 1
        let copy = quietCopy()
        var change: GatedCall?
        let watched = GatedDisk(copy) { call throws(DiskError) in
            if call.changesDisk { change = call }
        }
        let again: LogCore
        do throws(LogError) {
            again = try LogCore.open(
                in: watched, configuration: configuration, entropy: ScriptEntropy(seed: 0))
        } catch {
            throw Violation(.recoveryRepeats, "the log opens once and then not: \(error)")
        }
        defer { again.closeFiles() }
        if let change {
            throw Violation(.recoveryRepeats, "a second opening changes the disk: \(change)")
        }
        do throws(Violation) {
            try reference.check(again)
        } catch {
            throw Violation(.recoveryRepeats, "a second opening: \(error.text)")
        }
        var expected = core.receipt
        for index in expected.cuts.indices { expected.cuts[index].isRemembered = true }
        expected.mended = []
        expected.repairs = []
        // What there was no room for then may be done now, or have failed only now.
        expected.warnings = again.receipt.warnings
        // A read that failed once may succeed the second time.
        if wasStruckWhileOpening {
            expected.unreadable = []
            if expected.end == .unmarked {
                expected.end = again.receipt.end
                expected.wasClosed = again.receipt.wasClosed
            }
        }
        expected.frameCount = again.receipt.frameCount
        expected.lastGroup = again.receipt.lastGroup
        guard again.receipt == expected else {
            throw Violation(
                .recoveryRepeats,
                "a second opening gives another receipt:\n\(again.receipt)\ninstead of\n\(expected)"
            )
        }
    }

    // MARK: After a power cut

    /// What an opening shows was read from the device: it is there when all that no sync covers is
    /// lost.
    func checkIsOnDevice() throws(Violation) {
        let copy = quietCopy()
        guard !copy.pending.isEmpty else { return }
        copy.losePower { _ in .drop }
        let again: LogCore
        do throws(LogError) {
            again = try LogCore.open(
                in: copy, configuration: configuration, entropy: ScriptEntropy(seed: 0))
        } catch {
            throw Violation(
                .onlyReadIsPromised, "the log opens, and after a power cut not: \(error)")
        }
        defer { again.closeFiles() }
        do throws(Violation) {
            try reference.check(again)
        } catch {
            throw Violation(
                .onlyReadIsPromised, "a power cut right after an opening: \(error.text)")
        }
    }

    // MARK: After a repair

    /// Repairs a copy of a log that was refused for damage.
    func checkRepair() throws(Violation) {
        let copy = quietCopy()
        do throws(LogError) {
            _ = try LogCore.repair(in: copy)
        } catch {
            if case .beyondRepair(let corruption) = error, !corruption.file.isEmpty { return }
            throw Violation(.repairRenumbersNothing, "a repair ends without a place: \(error)")
        }
        let core: LogCore
        do throws(LogError) {
            core = try LogCore.open(
                in: copy, configuration: configuration, entropy: ScriptEntropy(seed: 0))
        } catch {
            throw Violation(.repairRenumbersNothing, "a repaired log does not open: \(error)")
        }
        defer { core.closeFiles() }
        counts.repairs += 1
        try reference.checkRepaired(core)
    }
}

extension Violation {
    /// What is missing after an opening that could not read something was taken for the end.
    var afterReadError: Violation {
        promise == .acknowledgedSurvives ? Violation(.readErrorIsNoEnd, text) : self
    }
}
