import EmakiPlatform

/// A disk in memory that keeps apart what is written and what is durable, for every byte, size and
/// name, and loses power on command.
///
/// Every call through the door is counted and hashed. A power cut is set for the n-th call; from it
/// on every call fails. Then `losePower` decides, for each effect that no sync had made durable,
/// what became of it; what is left is durable, and the disk has power again. A clone costs nothing
/// until one of the two is written.
///
/// May be used from several threads; it is a function of its seed if the order of the calls is.
package final class SimulatedFileSystem: FileSystem, @unchecked Sendable {
    /// When the power goes.
    package enum PowerCut: Sendable, Equatable {
        case never
        /// With the n-th call, from 1, counted since the disk was made. That call has begun: what
        /// it would write is among what is not synced.
        case atCall(Int)

        /// The same, by so many calls later.
        func later(by calls: Int) -> PowerCut {
            switch self {
            case .never: .never
            case .atCall(let number): .atCall(number + calls)
            }
        }
    }

    /// What it is like, for ever.
    let traitsOfDisk: SimulatedTraits
    private let lock = Lock()
    /// Bumped when calls may go on that stall, and when one begins to stall.
    private let release = WaitWord()
    private let arrival = WaitWord()
    private let seed: UInt64

    // Guarded by `lock`.
    private var state: DiskState
    private var counts = [Int](repeating: 0, count: DoorCall.allCases.count)
    private var totalCount = 0
    private var hash: TraceHash
    private var cut: PowerCut?
    private var hasPower = true
    private var plan = FaultPlan()
    /// Calls that stalled so far.
    private var stallCount = 0
    /// Rises with each power loss: handles of an earlier life are dead.
    private var life = 0
    private var witness: Witness?

    package init(_ traits: SimulatedTraits = .init(), seed: UInt64 = 0) {
        traitsOfDisk = traits
        state = DiskState(traits)
        hash = TraceHash(seed: seed)
        self.seed = seed
    }

    /// A disk that is in this state. Nothing is open in it.
    init(_ state: DiskState) {
        traitsOfDisk = state.traits
        self.state = state
        self.state.dropHandles()
        hash = TraceHash(seed: 0)
        seed = 0
    }

    private init(cloning other: SimulatedFileSystem) {
        traitsOfDisk = other.traitsOfDisk
        state = other.state
        state.dropHandles()
        counts = other.counts
        totalCount = other.totalCount
        hash = other.hash
        cut = other.cut
        plan = other.plan
        hasPower = other.hasPower
        seed = other.seed
    }

    // MARK: For whoever drives the disk

    /// Calls so far, those that failed included.
    package var callCount: Int { lock.withLock { totalCount } }

    package func callCount(of call: DoorCall) -> Int {
        lock.withLock { counts[Int(call.rawValue)] }
    }

    /// A hash over every call so far: kind, path, range, bytes and outcome.
    package var traceHash: UInt64 { lock.withLock { hash.value } }

    package var powerCut: PowerCut? {
        get { lock.withLock { cut } }
        set { lock.withLock { cut = newValue } }
    }

    /// Takes the power away now. Calls that stall go on, and fail.
    package func cutPower() {
        lock.withLock { hasPower = false }
        releaseStalled()
    }

    /// What goes wrong; each fault counts calls from when the plan is set.
    package var faults: FaultPlan {
        get { lock.withLock { plan } }
        set { lock.withLock { plan = newValue } }
    }

    /// Space on the disk; nil: never full.
    package var capacityBytes: Int? {
        get { lock.withLock { state.capacityBytes } }
        set { lock.withLock { state.capacityBytes = newValue } }
    }

    package var usedBytes: Int { lock.withLock { state.usedBytes } }

    typealias Witness = (DoorCall, String, _ callNumber: Int, DiskState) -> Void

    /// Sees each call that can change what is on the disk or what is durable, and the disk as it
    /// would be if the power went with that call: begun, and nothing of it durable.
    ///
    /// It is not in clones, and runs under the lock: it must not use the disk.
    func setWitness(_ witness: Witness?) {
        lock.withLock { self.witness = witness }
    }

    /// Changes the medium behind everybody's back.
    /// - Returns: false if there is no such file.
    @discardableResult
    package func damage(_ path: String, _ damage: Damage) throws(DiskError) -> Bool {
        lock.lock()
        defer { lock.unlock() }
        return try state.damage(path, damage)
    }

    /// Lets every call go on that stalls now.
    package func releaseStalled() {
        release.bump()
        release.wakeAll()
    }

    /// Blocks until so many calls have stalled since the disk was made.
    package func waitForStalled(_ count: Int) {
        while true {
            let seen = arrival.value
            if lock.withLock({ stallCount >= count }) { return }
            arrival.wait(while: seen)
        }
    }

    /// False from a power cut until `losePower`.
    package var isPowered: Bool { lock.withLock { hasPower } }

    /// What is not durable now, in the order of the calls.
    package var pending: [PendingEffect] { lock.withLock { state.pending } }

    /// The same, with the parts of each that may be lost by themselves.
    var uncertain: [UncertainEffect] { lock.withLock { state.uncertain } }

    /// Ends this life of the disk: each effect that is not durable gets its fate, what is left is
    /// durable, open files and locks are gone, and there is power again.
    ///
    /// Effects on one file are independent. So are names, but changes to one name are kept in
    /// order: to keep one is to keep the earlier ones on the same names. What was synced stays.
    package func losePower(_ fate: (PendingEffect) -> Fate) {
        lock.withLock {
            state.losePower(fate)
            life += 1
            hasPower = true
            cut = nil
        }
        releaseStalled()
    }

    /// The same disk, untouched by what happens to this one later. Nothing is open in it.
    package func clone() -> SimulatedFileSystem {
        lock.withLock { SimulatedFileSystem(cloning: self) }
    }

    var presentState: DiskState { lock.withLock { state } }

    package func contents() -> SimulatedContents { lock.withLock { state.contents } }

    // MARK: Calls

    /// Counts and hashes a call and lets it happen, unless there is no power or a fault strikes.
    /// - Parameter body: does the call, in the course that it takes. It runs under the lock, so it
    ///   must not end the life of a handle.
    func perform<R>(
        _ call: DoorCall, _ path: String, to target: String = "", range: Range<Int> = 0..<0,
        digest: UInt32 = 0, inLife: Int? = nil,
        _ body: (inout DiskState, CallCourse) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        lock.lock()
        defer { lock.unlock() }
        let handleLife = inLife ?? life
        try checkLife(handleLife, call)
        count(call, path, target, range, digest)
        guard hasPower else { throw failed(call, SystemCode.powerLoss) }
        var course = CallCourse()
        if case .atCall(let number) = cut, totalCount >= number {
            hasPower = false
            course.makesDurable = false
        } else if let (fault, random) = plan.strike(call, path) {
            course = CallCourse(fault, random)
            if fault.action == .stall { try stall(call, handleLife) }
        }
        return try perform(call, path, course, body)
    }

    private func show<R>(
        _ witness: Witness, _ call: DoorCall, _ path: String,
        _ body: (inout DiskState, CallCourse) throws(DiskError) -> R
    ) {
        var begun = state
        var course = CallCourse()
        course.makesDurable = false
        // A call that the system refuses has changed nothing.
        _ = try? body(&begun, course)
        witness(call, path, totalCount, begun)
    }

    private func perform<R>(
        _ call: DoorCall, _ path: String, _ course: CallCourse,
        _ body: (inout DiskState, CallCourse) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        if let witness, call.changesDisk { show(witness, call, path, body) }
        do throws(DiskError) {
            if case .fail(let code, .nothing) = course.action {
                throw DiskError(call.operation, code)
            }
            state.isFull = course.action == .noSpace
            defer { state.isFull = false }
            let result = try body(&state, course)
            guard hasPower else { throw DiskError(call.operation, SystemCode.powerLoss) }
            if case .fail(let code, _) = course.action { throw DiskError(call.operation, code) }
            hash.add(0)
            return result
        } catch {
            throw hasPower ? failed(error) : failed(call, SystemCode.powerLoss)
        }
    }

    private func checkLife(_ handleLife: Int, _ call: DoorCall) throws(DiskError) {
        guard handleLife == life else { throw DiskError(call.operation, SystemCode.powerLoss) }
    }

    /// Gives the lock back while the call stalls. Afterwards the power may be gone, or another life
    /// have begun.
    private func stall(_ call: DoorCall, _ handleLife: Int) throws(DiskError) {
        stallCount += 1
        let number = totalCount
        let seen = release.value
        lock.unlock()
        arrival.bump()
        arrival.wakeAll()
        release.wait(while: seen)
        lock.lock()
        state.callNumber = number
        try checkLife(handleLife, call)
        guard hasPower else { throw failed(call, SystemCode.powerLoss) }
    }

    /// Where a write is divided that a fault makes two of; a multiple of the sector.
    func splitPoint(of call: DoorCall, _ path: String, _ byteCount: Int) -> Int? {
        lock.lock()
        defer { lock.unlock() }
        let sectorCount = byteCount / SimulatedTraits.sectorBytes
        guard sectorCount > 1, hasPower, !plan.isEmpty,
            let (_, random) = plan.strike(call, path, splitting: true)
        else { return nil }
        return (1 + Int(random % UInt64(sectorCount - 1))) * SimulatedTraits.sectorBytes
    }

    private func count(
        _ call: DoorCall, _ path: String, _ target: String, _ range: Range<Int>, _ digest: UInt32
    ) {
        totalCount += 1
        counts[Int(call.rawValue)] += 1
        state.callNumber = totalCount
        hash.add(Int(call.rawValue))
        hash.add(path)
        hash.add(target)
        hash.add(range.lowerBound)
        hash.add(range.count)
        hash.add(Int(digest))
    }

    private func failed(_ call: DoorCall, _ code: Int32) -> DiskError {
        failed(DiskError(call.operation, code))
    }

    private func failed(_ error: DiskError) -> DiskError {
        hash.add(Int(error.code))
        return error
    }

    // MARK: Handles

    func closeHandle(_ number: Int, inLife handleLife: Int) {
        lock.withLock { if handleLife == life { state.dropHandle(number) } }
    }

    func unlockFile(_ number: Int, inLife handleLife: Int) {
        lock.withLock { if handleLife == life { state.unlockFile(number) } }
    }

    /// What a mapping shows; nothing is counted, as the system counts nothing.
    func look(
        _ number: Int, inLife mappedLife: Int, into bytes: inout MutableRawSpan, at offset: Int
    ) {
        lock.lock()
        defer { lock.unlock() }
        guard mappedLife == life else { return }
        _ = state.files[number]?.visible.read(into: &bytes, at: offset)
    }

    /// The life that a handle belongs to which is made within `perform`.
    var currentLife: Int { life }

    /// The same, for whoever does not hold the lock.
    var presentLife: Int { lock.withLock { life } }
}
