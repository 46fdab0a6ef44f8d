/// What goes wrong with the disk while the power stays.
extension Driver {
    /// A fault struck while the log was being opened. That a disk is full is none: opening needs no
    /// space.
    var wasStruckWhileOpening: Bool {
        !isDiskFull && disk.faults.strikeCount > strikesBeforeOpening
    }

    /// Reads everything while nothing goes wrong: what is held against the reference is what the
    /// log says, not what a failing disk lets it say. Damage that was done stays, and is named.
    func look(_ body: () throws(Violation) -> Void) throws(Violation) {
        let mayBeDamaged = mayBeDamaged
        let (faults, cut, callCount) = (disk.faults, disk.powerCut, disk.callCount)
        disk.faults = FaultPlan()
        disk.powerCut = nil
        isLooking = true
        defer {
            disk.faults = faults
            disk.powerCut = cut?.later(by: disk.callCount - callCount)
            isLooking = false
        }
        do throws(Violation) {
            try body()
        } catch {
            if error.isReadFailure, !disk.isPowered { return }
            guard error.isNamedDamage, mayBeDamaged else { throw error }
            counts.damagesFound += 1
            isOver = true
        }
    }

    /// Counts the faults that happened, before they are forgotten.
    func countFaults() -> Int {
        let struck = disk.faults.strikeCount
        if !isDiskFull { counts.faults += struck }
        return struck
    }

    func setFaults(_ shape: FaultShape) {
        let struck = countFaults()
        strikesBeforeOpening -= struck
        if isDamaging { damageCountBefore += struck }
        isDamaging = shape.kind.isDamage
        isLying = isLying || shape.kind == .lyingSync
        if shape.kind != .none { hadFaults = true }
        isDiskFull = shape.kind == .fullDisk
        disk.faults = FaultPlan(
            shape.kind.faults(at: shape.moment),
            seed: SeededRandom.mixed(script.store.seed) ^ UInt64(cursor))
    }

    /// Something of what was written may not be there, and nobody was told.
    var mayBeDamaged: Bool { damageCount > 0 }

    /// How often something was damaged without a word.
    var damageCount: Int { damageCountBefore + (isDamaging ? disk.faults.strikeCount : 0) }
}

extension FaultShape.Kind {
    func faults(at moment: FaultShape.Moment?) -> [Fault] {
        let (kinds, share) =
            switch self {
            case .none: ([FaultShape.Kind](), 1.0)
            // A write is concerned by about four kinds, a sync by three.
            case .failures: (Self.everyFailure, 4.0)
            case .damage: (Self.everyDamage, 5.0)
            default: ([self], 1.0)
            }
        guard let moment else { return [] }
        return kinds.map { kind in
            let (action, calls) = kind.actionAndCalls
            return switch moment {
            case .call(let number) where kind == .fullDisk: .diskFull(fromCall: number)
            case .call(let number): Fault(action, at: .call(number), of: calls)
            case .rate(let perThousand):
                Fault(action, at: .rate(Double(perThousand) / 1000 / share), of: calls)
            }
        }
    }

    private var actionAndCalls: (Fault.Action, Set<DoorCall>) {
        let failure = Fault.Action.fail(SystemCode.inputOutput)
        let error = SystemCode.inputOutput
        let writes: Set<DoorCall> = [.write, .writeDurably]
        let syncs: Set<DoorCall> = [.sync, .writeDurably]
        return switch self {
        case .none, .failures, .damage: (failure, [])
        case .failedRead: (failure, [.read, .byteCount, .dropCache, .traits])
        case .failedOpen: (failure, [.open])
        case .failedList: (failure, [.list, .kind])
        case .failedRename: (failure, [.rename])
        case .failedRemove: (failure, [.remove])
        case .failedResize: (failure, [.resize])
        case .failedWrite: (failure, writes)
        case .partWrite: (.fail(error, after: .bytes(1536)), writes)
        case .lateError:
            (
                .fail(error, after: .everything),
                [.write, .writeDurably, .rename, .remove, .resize, .syncFolder]
            )
        case .noSpace:
            (.fail(SystemCode.noSpace), [.open, .write, .makeFolder, .rename])
        case .fullDisk: (.noSpace, Fault.callsThatNeedSpace)
        case .failedSync: (.failSync(error, pages: .kept), [.sync, .syncFolder, .writeDurably])
        case .droppedSync: (.failSync(error, pages: .dropped), syncs)
        case .revertedSync: (.failSync(error, pages: .reverted), syncs)
        case .splitWrite: (.split, writes)
        case .flippedBit: (.flipBit, [.read, .write, .writeDurably])
        case .zeroedSector: (.zeroSector, writes)
        case .swappedSectors: (.swapSectors, writes)
        case .misdirectedWrite: (.misdirect, writes)
        case .lostWrite: (.loseWrite, writes)
        case .shortRead: (.shortRead(700), [.read])
        case .lyingSync: (.lie, [.sync, .syncFolder, .writeDurably])
        }
    }
}
