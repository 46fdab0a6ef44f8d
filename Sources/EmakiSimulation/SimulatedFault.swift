/// Something that goes wrong on a `SimulatedDisk`.
public enum SimulatedFault: Sendable, CaseIterable {
    /// A write fails, a commit's too, and nothing of it is done.
    case failedWrite
    /// A sync fails, a commit's too, and the system forgets what it should have written.
    case failedSync
    /// A read fails.
    case failedRead
    /// A file cannot be opened.
    case failedOpen
    /// A rename fails.
    case failedRename
    /// A folder cannot be listed.
    case failedList
    /// There is no room for anything new; what was written before can be overwritten.
    case noSpace
    /// A write is done in two steps, between which the power can go.
    case dividedWrite
    /// The disk says that something is durable which is not. No program can withstand that: use it
    /// to see that your test would notice.
    case lostSync
    /// The disk says that something is written which is not. As `lostSync`.
    case lostWrite
    /// A bit flips on the medium, under a read.
    case rottenBit
    /// A sector of what is written becomes zeros.
    case zeroedSector
    /// Two sectors of what is written change places.
    case swappedSectors
    /// A write goes to another place in its file.
    case misdirectedWrite

    /// When a fault comes. Calls are those that it concerns, counted from 1, from now on.
    public enum Moment: Sendable, Equatable {
        /// At each call.
        case always
        /// At one call.
        case call(Int)
        /// At this call and all later ones.
        case fromCall(Int)
        /// At each call with this probability, by the seed.
        case rate(Double)
    }
}

extension SimulatedFault {
    func fault(at moment: Moment) -> Fault {
        let (action, calls) = actionAndCalls
        let inner: Fault.Moment =
            switch moment {
            case .always: .always
            case .call(let number): .call(number)
            case .fromCall(let number): .fromCall(number)
            case .rate(let rate): .rate(rate)
            }
        return Fault(action, at: inner, of: calls)
    }

    private var actionAndCalls: (Fault.Action, Set<DoorCall>) {
        let failure = Fault.Action.fail(SystemCode.inputOutput)
        let writes: Set<DoorCall> = [.write, .writeDurably]
        return switch self {
        case .failedWrite: (failure, writes)
        case .failedSync:
            (
                .failSync(SystemCode.inputOutput, pages: .dropped),
                [.sync, .syncFolder, .writeDurably]
            )
        case .failedRead: (failure, [.read])
        case .failedOpen: (failure, [.open])
        case .failedRename: (failure, [.rename])
        case .failedList: (failure, [.list])
        case .noSpace: (.noSpace, Fault.callsThatNeedSpace)
        case .dividedWrite: (.split, writes)
        case .lostSync: (.lie, [.sync, .syncFolder, .writeDurably])
        case .lostWrite: (.loseWrite, writes)
        case .rottenBit: (.flipBit, [.read])
        case .zeroedSector: (.zeroSector, writes)
        case .swappedSectors: (.swapSectors, writes)
        case .misdirectedWrite: (.misdirect, writes)
        }
    }
}
