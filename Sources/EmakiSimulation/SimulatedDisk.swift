public import EmakiLog
import EmakiPlatform

/// A disk in memory on which an event log lives, for testing what you built on top of one: take its
/// power away at any moment, let it fail, and look whether your program finds its way back.
///
///     let disk = SimulatedDisk(seed: 7)
///     let log = try await disk.open()
///     disk.cutPower(withinCalls: 100)
///     var acknowledged = 0
///     while disk.hasPower {
///         let event = Event(type: "Counted", text: "\(acknowledged + 1)")
///         guard (try? await log.append(event, to: "counter")) != nil else { break }
///         acknowledged += 1
///     }
///     await log.close()
///     disk.restorePower()
///     let reopened = try await disk.open()
///     let version = try reopened.version(of: "counter")
///     #expect(version.rawValue >= acknowledged)
///
/// It behaves like a disk, a file system and a page cache. What was not synced when the power goes
/// is kept, dropped, torn or left as zeros, each write for itself; what was synced stays. The seed
/// decides what becomes of it, and which calls fail. It does not decide how threads take turns: an
/// open log makes segments ready on a thread of its own, so the n-th call can be another one in
/// another run. Try many seeds and many moments.
///
/// One disk holds one store. May be used from any thread.
public final class SimulatedDisk: Sendable {
    /// What becomes of what was not synced when the power went.
    public enum PowerLoss: Sendable {
        /// Each write, size and name for itself, by the seed: kept, dropped, torn, zeros or noise.
        case random
        /// All of it reached the disk.
        case keepEverything
        /// None of it did.
        case dropEverything
    }

    private let disk: SimulatedFileSystem
    private let random: LockedRandom

    /// An empty disk.
    /// - Parameters:
    ///   - seed: decides everything that is left to chance.
    ///   - capacityBytes: nil: never full.
    ///   - supportsDirect: whether the page cache can be bypassed, as on most file systems. Commits
    ///     take another way where it cannot.
    public convenience init(
        seed: UInt64 = 0, capacityBytes: Int? = nil, supportsDirect: Bool = true
    ) {
        var traits = SimulatedTraits()
        traits.capacityBytes = capacityBytes
        traits.supportsDirect = supportsDirect
        self.init(
            SimulatedFileSystem(traits, seed: seed), LockedRandom(SeededRandom(seed: seed)))
    }

    private init(_ disk: SimulatedFileSystem, _ random: LockedRandom) {
        self.disk = disk
        self.random = random
    }

    // MARK: The store

    /// What `open` uses unless told otherwise: a store is made if there is none, with segments of
    /// 128 KiB, so that a test fills several of them.
    public static var smallStore: Configuration {
        .creating(StoreOptions(segmentBytes: 128 << 10))
    }

    /// Opens the log on this disk, as `EventLog.open(at:)` does on a real one.
    ///
    /// A log that is open when the power goes is dead: its appends fail, and nothing that it still
    /// does reaches the disk. Close it all the same, which ends its threads.
    /// - Throws: what `EventLog.open` throws; `.disk` while there is no power.
    public func open(
        _ configuration: Configuration = SimulatedDisk.smallStore
    ) async throws(LogError) -> EventLog {
        try await SystemThread.offload(name: "emaki-open") { () throws(LogError) in
            try self.openBlocking(configuration)
        }
    }

    /// The same on this thread, for callers without tasks.
    public func openBlocking(
        _ configuration: Configuration = SimulatedDisk.smallStore
    ) throws(LogError) -> EventLog {
        try EventLog.open(in: SimulatedMachine(disk), configuration, entropy: random)
    }

    /// The same disk at this moment, untouched by what happens to this one later. No log is open on
    /// it. Costs next to nothing, so a test may try many endings of one beginning.
    public func copy() -> SimulatedDisk {
        SimulatedDisk(disk.clone(), LockedRandom(random.fork()))
    }

    // MARK: Power

    /// Takes the power away now.
    public func cutPower() { disk.cutPower() }

    /// Takes the power away in the middle of the n-th call to the disk from now, from 1.
    public func cutPower(afterCalls count: Int) {
        precondition(count > 0, "calls are counted from 1")
        disk.powerCut = .atCall(disk.callCount + count)
    }

    /// Takes the power away in the middle of one of the next calls, by the seed.
    public func cutPower(withinCalls countMax: Int) {
        precondition(countMax > 0, "calls are counted from 1")
        cutPower(afterCalls: 1 + random.below(countMax))
    }

    /// False from a cut until `restorePower`.
    public var hasPower: Bool { disk.isPowered }

    /// Decides what became of all that was not synced, and gives the disk power again; if there is
    /// power, it is cut first. Logs that were open stay dead: open a new one.
    public func restorePower(_ loss: PowerLoss = .random) {
        disk.cutPower()
        disk.losePower { effect in
            switch loss {
            case .keepEverything: .keep
            case .dropEverything: .drop
            case .random: random.fate(of: effect)
            }
        }
    }

    // MARK: Failures

    /// Lets something go wrong, beside what was asked for before.
    public func inject(_ fault: SimulatedFault, _ moment: SimulatedFault.Moment = .always) {
        var plan = disk.faults
        if plan.isEmpty { plan = FaultPlan(seed: random.next()) }
        plan.add(fault.fault(at: moment))
        disk.faults = plan
    }

    /// From now on nothing goes wrong any more. What was damaged stays damaged.
    public func removeFaults() { disk.faults = FaultPlan() }

    /// Space on the disk in bytes; nil: never full.
    public var capacityBytes: Int? {
        get { disk.capacityBytes }
        set { disk.capacityBytes = newValue }
    }

    /// Bytes that files take of it, those that are removed and still open included.
    public var usedBytes: Int { disk.usedBytes }

    /// Calls to the disk so far: what moments and power cuts count.
    public var callCount: Int { disk.callCount }
}
