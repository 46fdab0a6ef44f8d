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
        /// With the n-th call, from 1, counted since the disk was made. That call has begun: what it
        /// would write is among what is not synced.
        case atCall(Int)
    }

    private let lock = Lock()
    private let seed: UInt64

    // Guarded by `lock`.
    private var state: DiskState
    private var counts = [Int](repeating: 0, count: DoorCall.allCases.count)
    private var totalCount = 0
    private var hash: TraceHash
    private var cut: PowerCut?
    private var hasPower = true
    /// Rises with each power loss: handles of an earlier life are dead.
    private var life = 0

    package init(_ traits: SimulatedTraits = .init(), seed: UInt64 = 0) {
        state = DiskState(traits)
        hash = TraceHash(seed: seed)
        self.seed = seed
    }

    private init(cloning other: SimulatedFileSystem) {
        state = other.state
        state.dropHandles()
        counts = other.counts
        totalCount = other.totalCount
        hash = other.hash
        cut = other.cut
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

    /// False from a power cut until `losePower`.
    package var isPowered: Bool { lock.withLock { hasPower } }

    /// What is not durable now, in the order of the calls.
    package var pending: [PendingEffect] { lock.withLock { state.pending } }

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
    }

    /// The same disk, untouched by what happens to this one later. Nothing is open in it.
    package func clone() -> SimulatedFileSystem {
        lock.withLock { SimulatedFileSystem(cloning: self) }
    }

    package func contents() -> SimulatedContents { lock.withLock { state.contents } }

    // MARK: Calls

    /// Counts and hashes a call and lets it happen, unless there is no power.
    /// - Parameter body: gets true if the power goes during this call: then nothing becomes durable.
    ///   It runs under the lock, so it must not end the life of a handle.
    func perform<R>(
        _ call: DoorCall, _ path: String, range: Range<Int> = 0..<0, digest: UInt32 = 0,
        inLife: Int? = nil, _ body: (inout DiskState, Bool) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        lock.lock()
        defer { lock.unlock() }
        guard inLife == nil || inLife == life else {
            throw DiskError(call.operation, SystemCode.powerLoss)
        }
        count(call, path, range, digest)
        guard hasPower else { throw failed(call, SystemCode.powerLoss) }
        var isCut = false
        if case .atCall(let number) = cut { isCut = totalCount >= number }
        if isCut { hasPower = false }
        do throws(DiskError) {
            let result = try body(&state, isCut)
            if isCut { throw DiskError(call.operation, SystemCode.powerLoss) }
            hash.add(0)
            return result
        } catch {
            throw failed(call, isCut ? SystemCode.powerLoss : error.code)
        }
    }

    private func count(_ call: DoorCall, _ path: String, _ range: Range<Int>, _ digest: UInt32) {
        totalCount += 1
        counts[Int(call.rawValue)] += 1
        state.callNumber = totalCount
        hash.add(Int(call.rawValue))
        hash.add(path)
        hash.add(range.lowerBound)
        hash.add(range.count)
        hash.add(Int(digest))
    }

    private func failed(_ call: DoorCall, _ code: Int32) -> DiskError {
        hash.add(Int(code))
        return DiskError(call.operation, code)
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
}
