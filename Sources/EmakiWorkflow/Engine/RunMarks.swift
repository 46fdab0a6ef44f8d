import EmakiPlatform

/// Which runs' code is being executed, in a file that outlives the process: if that ends in the
/// middle, the next one knows whom to suspect.
///
/// Ignored when the machine was started anew meanwhile, because then it was not the code. A run is
/// known by the hash of its workflow id; two with one hash are suspected together.
final class RunMarks: Sendable {
    /// In the store's folder.
    static let fileName = "workflow-marks"
    private static let magic: UInt64 = 0x656d_616b_692d_6d31

    /// Where what is in the file.
    private enum Place {
        static let magic = 0
        static let boot = 1
        static let process = 2
        static let current = 3
        static let owner = 4
        static let suspects = 8
        static let suspectsMax = 4_096
        static let slots = suspects + 2 * suspectsMax
        static let slotsMax = 4_096
        static let end = slots + 2 * slotsMax
    }

    /// Somebody whose code was being executed when a process ended.
    struct Suspect: Sendable, Equatable {
        var hash: UInt64
        /// The step whose attempt it was; 0: the workflow itself.
        var step: Int
        /// Processes that ended while only this one of the suspects was tried.
        var tries: Int
    }

    /// Another in each process; a process's number may come again, in a container each time.
    private static let ownProcess = SystemEntropy().next() | 1

    private let numbers: SharedNumbers
    /// Of these marks: those of an engine that has lost the file to a newer one do nothing.
    private let owner = SystemEntropy().next() | 1
    private let lock = Lock()
    private let free: Guarded<[Int]>
    /// Of the process before.
    let found: [Suspect]

    /// - Parameter process: another number in each process.
    /// - Returns: nil where no such file can be made; then nobody is suspected.
    init?(folder: String, process: UInt64 = RunMarks.ownProcess) {
        guard
            let numbers = try? SharedNumbers(
                path: "\(folder)/\(Self.fileName)", count: Place.end)
        else { return nil }
        let boot = SystemProcess.bootNumber
        let isOfThisBoot = numbers[Place.magic] == Self.magic && numbers[Place.boot] == boot
        // What was marked by this process is not what ended one.
        found =
            isOfThisBoot
            ? Self.suspects(in: numbers, hasEnded: numbers[Place.process] != process) : []
        for index in 0..<Place.end { numbers[index] = 0 }
        numbers[Place.boot] = boot
        numbers[Place.process] = process
        numbers[Place.owner] = owner
        numbers[Place.magic] = Self.magic
        self.numbers = numbers
        free = Guarded((0..<Place.slotsMax).reversed().map { Place.slots + 2 * $0 })
        keep(found)
    }

    private var isOwner: Bool { numbers[Place.owner] == owner }

    private static func suspects(in numbers: SharedNumbers, hasEnded: Bool) -> [Suspect] {
        var suspects: [UInt64: Suspect] = [:]
        for index in 0..<Place.suspectsMax {
            let hash = numbers[Place.suspects + 2 * index]
            guard hash != 0 else { continue }
            let word = numbers[Place.suspects + 2 * index + 1]
            suspects[hash] = Suspect(
                hash: hash, step: Int(word >> 32), tries: Int(word & 0xffff))
        }
        let marked = hasEnded ? marked(in: numbers) : [:]
        // Of those who were suspected already; one of whom nothing was known may be it as well if
        // it was in the middle of a turn.
        let known = marked.keys.filter { suspects[$0] != nil }
        let hasNewcomer = marked.contains { suspects[$0.key] == nil && $0.value == 0 }
        let current = numbers[Place.current]
        let caught = known.contains(current) ? current : known.count == 1 ? known.first : nil
        for (hash, step) in marked {
            suspects[hash, default: Suspect(hash: hash, step: step, tries: 0)].step = step
        }
        if let caught, !hasNewcomer { suspects[caught]?.tries += 1 }
        // Those that were tried most come last.
        return suspects.values.sorted { ($0.tries, $0.hash) < ($1.tries, $1.hash) }
    }

    /// The step of each that was marked; an attempt may be under way beside a turn of the run.
    private static func marked(in numbers: SharedNumbers) -> [UInt64: Int] {
        var steps: [UInt64: Int] = [:]
        for index in 0..<Place.slotsMax {
            let hash = numbers[Place.slots + 2 * index]
            guard hash != 0 else { continue }
            let step = Int(numbers[Place.slots + 2 * index + 1] & 0x7fff_ffff)
            steps[hash] = max(steps[hash] ?? 0, step)
        }
        return steps
    }

    private func keep(_ suspects: [Suspect]) {
        for (index, suspect) in suspects.suffix(Place.suspectsMax).enumerated() {
            numbers[Place.suspects + 2 * index] = suspect.hash
            numbers[Place.suspects + 2 * index + 1] =
                UInt64(suspect.step) << 32 | UInt64(min(suspect.tries, 0xffff))
        }
    }

    /// The one suspect that is tried now; 0: none.
    func tries(_ hash: UInt64) { if isOwner { numbers[Place.current] = hash } }

    /// Not suspected any more.
    func clear(_ hash: UInt64) {
        guard isOwner else { return }
        for index in 0..<Place.suspectsMax where numbers[Place.suspects + 2 * index] == hash {
            numbers[Place.suspects + 2 * index] = 0
        }
    }

    /// The process does not end in the middle of anything.
    func close() {
        guard isOwner else { return }
        numbers[Place.magic] = 0
        numbers[Place.owner] = 0
    }

    // MARK: Marks

    /// A place for marks; nil: there are too many.
    func takeSlot() -> Int? { lock.withLock { free.value.popLast() } }

    /// Gives a place back.
    func giveBack(_ slot: Int?) {
        guard let slot else { return }
        unmark(slot)
        lock.withLock { free.value.append(slot) }
    }

    /// The run's code is about to be executed.
    func mark(_ slot: Int?, _ hash: UInt64, step: Int = 0) {
        guard let slot, isOwner else { return }
        numbers[slot + 1] = UInt64(step)
        numbers[slot] = hash
    }

    /// It is not any more.
    func unmark(_ slot: Int?) {
        guard let slot, isOwner else { return }
        numbers[slot] = 0
    }
}
