/// What goes wrong on a disk, apart from a power loss: nothing, unless it is asked for.
///
/// For each call the faults are looked at in order; the first whose moment has come happens. A plan
/// is a value: its seed and the order of the calls decide everything.
package struct FaultPlan: Sendable {
    private var faults: [Fault] = []
    /// Calls that each fault could have hit.
    private var counts: [Int] = []
    private var random: SeededRandom
    /// Faults that happened.
    package private(set) var strikeCount = 0

    package init(_ faults: [Fault] = [], seed: UInt64 = 0) {
        random = SeededRandom(seed: seed)
        for fault in faults { add(fault) }
    }

    package mutating func add(_ fault: Fault) {
        faults.append(fault)
        counts.append(0)
    }

    package var isEmpty: Bool { faults.isEmpty }

    /// The fault that hits a call, with a random number for what it leaves open.
    mutating func strike(
        _ call: DoorCall, _ path: String, splitting: Bool = false
    ) -> (fault: Fault, random: UInt64)? {
        for index in faults.indices {
            let fault = faults[index]
            guard fault.isSplit == splitting, fault.concerns(call, path) else { continue }
            counts[index] += 1
            let hasCome =
                switch fault.moment {
                case .always: true
                case .call(let number): counts[index] == number
                case .fromCall(let number): counts[index] >= number
                case .rate(let rate): random.chance(rate)
                }
            guard hasCome else { continue }
            strikeCount += 1
            return (fault, random.next())
        }
        return nil
    }
}

/// One way in which calls to a disk go wrong.
package struct Fault: Sendable {
    /// Calls are counted from 1, from when the plan was set: those that the fault concerns.
    package enum Moment: Sendable, Equatable {
        case always
        case call(Int)
        /// That call and all later ones.
        case fromCall(Int)
        /// Each with this probability.
        case rate(Double)
    }

    /// How much of a call is done before it fails.
    package enum Extent: Sendable, Equatable {
        case nothing
        /// The first bytes of a write. They are not durable.
        case bytes(Int)
        /// All of it: only the caller does not know.
        case everything
    }

    /// What a failed sync leaves of the bytes that it should have written.
    package enum FailedPages: Sendable, Equatable {
        /// They are written with the next sync.
        case kept
        /// They are shown until the cache is dropped, and no later sync writes them.
        case dropped
        /// They are gone at once: reads show what the device holds.
        case reverted
    }

    package enum Action: Sendable, Equatable {
        case fail(Int32, after: Extent = .nothing)
        /// Nothing new finds room: no byte of a hole or behind the end, no file, no folder. What
        /// was written before can be overwritten.
        case noSpace
        /// For `sync` and `writeDurably`; `syncFolder` only fails.
        case failSync(Int32, pages: FailedPages)
        /// Says that all is well: a sync makes nothing durable, a durable write is only written.
        case lie
        /// Says that all is well, and writes nothing.
        case loseWrite
        /// A read returns no more than so many bytes, as if the file ended there.
        case shortRead(Int)
        /// A write is two calls, as when the system did a part of it; power can go in between.
        case split
        /// A bit of what is read, or was just written, flips on the medium.
        case flipBit
        /// A sector of what was just written is zeros.
        case zeroSector
        /// Two sectors of what was just written have changed places.
        case swapSectors
        /// What is written goes to another place in the same file.
        case misdirect
        /// The call waits for `releaseStalled`, then goes on.
        case stall
    }

    package var calls: Set<DoorCall>
    package var moment: Moment
    package var action: Action
    /// Only files and folders of which the path begins like this.
    package var pathPrefix: String

    package init(
        _ action: Action, at moment: Moment, of calls: Set<DoorCall>, below pathPrefix: String = ""
    ) {
        self.calls = calls
        self.moment = moment
        self.action = action
        self.pathPrefix = pathPrefix
    }

    /// From the n-th call on that may need space, there is none.
    package static func diskFull(fromCall number: Int) -> Fault {
        Fault(.noSpace, at: .fromCall(number), of: callsThatNeedSpace)
    }

    package static let callsThatNeedSpace: Set<DoorCall> = [
        .open, .write, .writeDurably, .makeFolder, .lock,
    ]

    /// A disk on which no sync means anything.
    package static var lyingDisk: Fault {
        Fault(.lie, at: .always, of: [.sync, .syncFolder, .writeDurably])
    }

    var isSplit: Bool { action == .split }

    func concerns(_ call: DoorCall, _ path: String) -> Bool {
        calls.contains(call) && (pathPrefix.isEmpty || path.hasPrefix(pathPrefix))
    }
}

/// How one call goes: as asked, unless the power fails or a fault strikes.
struct CallCourse {
    /// False: what it would make durable is only written.
    var makesDurable = true
    /// More of it is not done.
    var bytesMax = Int.max
    var action: Fault.Action?
    /// For what the action leaves open.
    var random: UInt64 = 0
}

extension CallCourse {
    init(_ fault: Fault, _ random: UInt64) {
        action = fault.action
        self.random = random
        switch fault.action {
        case .lie, .failSync: makesDurable = false
        case .fail(_, after: .bytes(let count)):
            bytesMax = count
            makesDurable = false
        default: break
        }
    }
}
