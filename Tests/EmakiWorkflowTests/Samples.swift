import EmakiPlatform
import EmakiWorkflow
import EmakiWorkflowTesting

/// What activities do to the world outside, counted by idempotency key.
final class World: Sendable {
    private let lock = Lock()
    private let effects = Guarded<[String: Int]>([:])
    private let log = Guarded<[String]>([])
    private let early = Guarded<[String]>([])
    private let undone = Guarded<[String]>([])
    /// Tells whether the attempt is recorded, by which it may have an effect.
    private let isRecorded: (@Sendable (AttemptInfo) -> Bool)?

    init(isRecorded: (@Sendable (AttemptInfo) -> Bool)? = nil) { self.isRecorded = isRecorded }

    /// An effect; what a process that is gone does is not an effect.
    func act(_ name: String, _ info: AttemptInfo, in session: (any ProcessSession)?) {
        let isEarly = isRecorded?(info) == false
        lock.withLock {
            if session?.isOver == true { return }
            if isEarly { early.value.append("\(info)") }
            effects.value[info.idempotencyKey, default: 0] += 1
            log.value.append(name)
            if let key = info.compensatedKey { undone.value.append(key) }
        }
    }

    /// Effects that left before what caused them was recorded.
    var earlyEffects: [String] { lock.withLock { early.value } }
    /// Keys of the steps that were undone, in order.
    var compensated: [String] { lock.withLock { undone.value } }
    var names: [String] { lock.withLock { log.value } }
    var counts: [String: Int] { lock.withLock { effects.value } }
    func count(of name: String) -> Int { names.count { $0 == name } }
}

struct Transfer: Codable, Sendable, Equatable {
    var amount: Int
    var fails = false
}
