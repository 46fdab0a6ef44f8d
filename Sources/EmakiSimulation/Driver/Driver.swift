import EmakiLog
import EmakiPlatform

/// Runs a script over a core on a simulated disk, and holds what it sees against the reference.
///
/// The core is driven as the shell drives it, on one thread: batches are staged while a write is
/// out, a write is begun, performed and finished at different times, a segment is made ready in
/// between. Nothing but the script decides what comes next, so a run is a function of its script.
///
/// The log is open (`core`), or it is not: the process ended, or the log was closed. Then the next
/// step that needs the log opens it, which may itself be stopped.
package final class Driver {
    let script: Script
    let disk: SimulatedFileSystem
    var reference = ReferenceLog()
    var counts = RunCounts()
    var hash = RunHash()
    var cursor = 0
    var now: Int64 = 1_700_000_000_000_000_000

    // The process.
    var core: LogCore?
    /// Nothing of an earlier life passes any more.
    var life = 0
    var process: GatedDisk
    /// The log of this process was closed in order.
    var isClosed = false
    /// The process ends before so many more calls to the disk.
    var callsUntilKill: Int?
    /// The power goes at this call to the disk.
    var cut: (call: Int, fate: FateRule)?
    /// Calls of one opening, to notice one without end.
    var openingCalls = 0

    // Faults.
    var strikesBeforeOpening = 0
    /// In this life of the log what earlier ones left was removed.
    var hasRemovedLeftovers = false
    /// The reference is being held against the log: calls pass the gate.
    var isLooking = false
    /// The faults that are set damage what is written, without a word.
    var isDamaging = false
    /// Some were set at some time.
    var hadFaults = false
    /// The disk said at some time that something was durable which was not.
    var isLying = false
    /// There is no space for anything new.
    var isDiskFull = false
    /// By faults that are not set any more.
    var damageCountBefore = 0
    /// The log was refused for good, rightly.
    var isOver = false

    // The commit path.
    var out: WriteOut?
    var end = LogEndKnowledge()
    /// The last write of the commit path, or of an opening, that passed the gate.
    var lastWrite: GatedCall?
    /// By file: where acknowledged frames are.
    var acknowledged: [String: [Range<Int>]] = [:]
    /// The same, in the order of the groups, with the position at which each ends.
    var groups: [(place: GatedCall, end: UInt64)] = []

    // Segments.
    /// Calls that a paused preparation may make; nil if none is paused.
    var allowance: Int?
    var mustLetOn = false
    /// Odd while a preparation is out.
    var preparationCount = 0
    /// What was found within a call to the disk, where only an error of the disk can be thrown.
    var heldViolation: Violation?

    // Clients.
    var offered: [[StreamAppend]] = []
    var waiting: [PendingAnswer] = []
    var followers: [Int: UInt64] = [:]

    /// Gets a line for each step and for each call to the disk.
    let tell: ((String) -> Void)?

    init(_ script: Script, tell: ((String) -> Void)? = nil) throws(LogError) {
        self.script = script
        self.tell = tell
        let shape = script.store
        disk = SimulatedFileSystem(SimulatedTraits(), seed: shape.seed)
        process = GatedDisk(disk) { _ in }
        try LogCore.create(
            StoreOptions(segmentBytes: shape.segmentBytes), blockBytes: shape.blockBytes,
            method: shape.method, in: disk, entropy: ScriptEntropy(seed: shape.seed),
            now: 1_600_000_000_000_000_000)
    }

    /// A driver whose process has just ended, on a disk that has just lost power.
    init(_ script: Script, after point: CrashPoint, _ disk: SimulatedFileSystem) {
        self.script = script
        self.disk = disk
        tell = nil
        process = GatedDisk(disk) { _ in }
        reference = point.reference
        end = point.end
        acknowledged = point.acknowledged
        life = 1
    }

    /// What has to be known of this moment to go on from a crash in it.
    func crashPoint(
        _ call: DoorCall, _ path: String, callNumber: Int, _ state: DiskState
    ) -> CrashPoint {
        CrashPoint(
            call: "\(call) \(path.isEmpty ? "." : path)", callNumber: callNumber,
            stepCount: cursor, state: state, reference: reference, end: end,
            acknowledged: acknowledged)
    }

    /// Runs a script to its end, or to the first broken promise.
    /// - Parameter tell: gets a line for each step, and for each call that it makes to the disk.
    /// - Throws: if no store can be made in the shape that the script asks for.
    package static func run(
        _ script: Script, tell: ((String) -> Void)? = nil
    ) throws(LogError) -> RunReport {
        let driver = try Driver(script, tell: tell)
        var report = RunReport()
        do throws(Violation) {
            try driver.runSteps()
            try driver.checkAtEnd()
        } catch {
            report.violation = error
            report.failedStep = max(0, driver.cursor - 1)
        }
        driver.core?.closeFiles()
        driver.counts.runs = 1
        _ = driver.countFaults()
        driver.counts.calls = driver.disk.callCount
        driver.hash.add(driver.disk.traceHash)
        report.counts = driver.counts
        report.hash = driver.hash.value
        return report
    }

    func runSteps() throws(Violation) {
        while cursor < script.steps.count, !isOver { try runNext() }
    }

    /// Runs the next step, or lets a paused preparation on for which the step has to wait.
    func runNext() throws(Violation) {
        let step = script.steps[cursor]
        if allowance != nil && step.needsTheCoreAlone {
            mustLetOn = true
            return
        }
        cursor += 1
        counts.steps += 1
        tell?(step.text)
        try perform(step)
        if let violation = heldViolation { throw violation }
        noticeStop()
    }

    private func checkAtEnd() throws(Violation) {
        disarm()
        guard try isOpen() else { return }
        try settleWrites()
        if let violation = heldViolation { throw violation }
        try read()
    }
}

extension Step {
    /// No write and no preparation may be out.
    var needsTheCoreAlone: Bool {
        switch self {
        case .close, .reopen, .retire, .seal, .merge, .prepare, .purge, .forget: true
        default: false
        }
    }
}
