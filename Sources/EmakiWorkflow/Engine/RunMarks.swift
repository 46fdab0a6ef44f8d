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

    private let numbers: SharedNumbers
    private let lock = Lock()
    private let free: Guarded<[Int]>
    /// Of the process before.
    let found: [Suspect]

    /// - Returns: nil where no such file can be made; then nobody is suspected.
    init?(folder: String) {
        guard
            let numbers = try? SharedNumbers(
                path: "\(folder)/\(Self.fileName)", count: Place.end)
        else { return nil }
        let boot = SystemProcess.bootNumber
        let process = UInt64(SystemProcess.number)
        let isOwn =
            numbers[Place.magic] == Self.magic && numbers[Place.boot] == boot
            && numbers[Place.process] != process
        found = isOwn ? Self.suspects(in: numbers) : []
        for index in 0..<Place.end { numbers[index] = 0 }
        numbers[Place.boot] = boot
        numbers[Place.process] = process
        numbers[Place.magic] = Self.magic
        self.numbers = numbers
        free = Guarded((0..<Place.slotsMax).reversed().map { Place.slots + 2 * $0 })
        keep(found)
    }

    private static func suspects(in numbers: SharedNumbers) -> [Suspect] {
        var suspects: [UInt64: Suspect] = [:]
        for index in 0..<Place.suspectsMax {
            let hash = numbers[Place.suspects + 2 * index]
            guard hash != 0 else { continue }
            let word = numbers[Place.suspects + 2 * index + 1]
            suspects[hash] = Suspect(
                hash: hash, step: Int(word >> 32), tries: Int(word & 0xffff))
        }
        var steps: [UInt64: Int] = [:]
        for index in 0..<Place.slotsMax {
            let hash = numbers[Place.slots + 2 * index]
            guard hash != 0 else { continue }
            // An attempt may be under way beside a turn of the run.
            let step = Int(numbers[Place.slots + 2 * index + 1] & 0x7fff_ffff)
            steps[hash] = max(steps[hash] ?? 0, step)
        }
        let current = numbers[Place.current]
        for (hash, step) in steps {
            guard var suspect = suspects[hash] else {
                suspects[hash] = Suspect(hash: hash, step: step, tries: 0)
                continue
            }
            suspect.step = step
            // Caught alone: of those who were suspected it was the one tried, or nobody else was at
            // work at all.
            if hash == current || steps.count == 1 { suspect.tries += 1 }
            suspects[hash] = suspect
        }
        // Those that were tried most come last.
        return suspects.values.sorted { ($0.tries, $0.hash) < ($1.tries, $1.hash) }
    }

    private func keep(_ suspects: [Suspect]) {
        for (index, suspect) in suspects.prefix(Place.suspectsMax).enumerated() {
            numbers[Place.suspects + 2 * index] = suspect.hash
            numbers[Place.suspects + 2 * index + 1] =
                UInt64(suspect.step) << 32 | UInt64(min(suspect.tries, 0xffff))
        }
    }

    /// The one suspect that is tried now; 0: none.
    func tries(_ hash: UInt64) { numbers[Place.current] = hash }

    /// Not suspected any more.
    func clear(_ hash: UInt64) {
        for index in 0..<Place.suspectsMax where numbers[Place.suspects + 2 * index] == hash {
            numbers[Place.suspects + 2 * index] = 0
        }
    }

    /// The process does not end in the middle of anything.
    func close() { numbers[Place.magic] = 0 }

    // MARK: Marks

    /// A place for marks; nil: there are too many.
    func takeSlot() -> Int? { lock.withLock { free.value.popLast() } }

    /// Gives a place back.
    func giveBack(_ slot: Int?) {
        guard let slot else { return }
        numbers[slot] = 0
        lock.withLock { free.value.append(slot) }
    }

    /// The run's code is about to be executed.
    func mark(_ slot: Int?, _ hash: UInt64, step: Int = 0) {
        guard let slot else { return }
        numbers[slot + 1] = UInt64(step)
        numbers[slot] = hash
    }

    /// It is not any more.
    func unmark(_ slot: Int?) {
        guard let slot else { return }
        numbers[slot] = 0
    }
}
