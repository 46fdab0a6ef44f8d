import EmakiPlatform

/// What the code of one run shares with the executor of its run: what it asked for, and where it
/// waits.
///
/// Only touched by the thread that executes the run. Every call of a context comes through
/// `enter`, which notices one that comes from elsewhere.
final class RunScope: @unchecked Sendable {
    /// What a waiting place is woken with.
    enum Resolution: Sendable {
        case completed(Payload)
        case failed(Failure)
        /// A timer ran off.
        case fired
        /// An operator said how to go on.
        case resumed(Resumption)
        case cancelled
        case evicted
    }

    /// A place where code waits.
    final class Wait: @unchecked Sendable {
        let identity: Identity
        let cancellation: CancellationType
        /// The call in the code.
        let place: SourcePlace?
        var slot: WaitSlot<Resolution>?
        /// The condition that ends it, where it is one.
        var condition: (() -> Bool)?
        /// Somebody else waits for the same.
        var next: Wait?
        /// Its task was cancelled.
        var isMarked = false
        /// Cancelling does not end it.
        var isDeaf = false
        /// The command that takes it back.
        var takeBack: Command?

        init(_ identity: Identity, _ cancellation: CancellationType, at place: SourcePlace?) {
            self.identity = identity
            self.cancellation = cancellation
            self.place = place
        }
    }

    /// Throws of an evicted run before it is given up.
    static let evictedThrowsMax = 1_000
    /// Calls of cancelled code that throw at once, before it is taken for code that never ends.
    static let cancelledThrowsMax = 10_000
    /// Of the key of the message with which a child's handle cancels the child.
    static let cancelSuffix = "+cancel"

    let start: RunStart
    let codec: any PayloadCodec
    let executor: RunExecutor
    let root: Branch
    var now: Int64
    /// The code has been here before.
    var isReplay = false
    /// Sagas that have not ended, by what they would undo.
    var openSagas: [any OpenSaga] = []
    /// Recorded at the first call that was true.
    var patches: Set<String> = []
    /// Recorded with what the code is seeing again.
    var recordedPatches: Set<String> = []
    /// Answers of `patched` that were false.
    var declinedPatches: Set<String> = []
    private var commands: [Command] = []
    /// Where the code made each of them, in a replay: nobody else asks.
    private var places: [SourcePlace?] = []
    private var log = WorkflowLog()
    var closures: [String: StepClosure] = [:]
    private(set) var waits: [String: Wait] = [:]
    /// What came before the code waited for it.
    private var early: [String: Resolution] = [:]
    private var conditions: [Wait] = []
    private var marked: [Wait] = []
    private(set) var isEvicted = false
    private(set) var evictedThrows = 0
    /// Some of its code never runs again.
    private(set) var isParked = false
    /// Calls that threw at once since the last event, because the code is cancelled.
    private var cancelledThrows = 0
    /// The first rule that was broken.
    var misuse: Failure?
    /// Acknowledged messages come before the run may end or begin anew.
    var hasMoreMessages = false
    /// Where sagas wait for an operator, by the step that they cannot undo.
    var pauses: [String: String] = [:]
    /// Of handlers that have not returned and are waited for.
    var handlerCount = 0
    /// What the code wants to begin anew from, once it is quiescent.
    var wantedCheckpoint: WantedCheckpoint?
    /// Of all handlers that have not returned.
    var handlingCount = 0
    /// Messages that handlers were given, and events in all, since the code began.
    var messageCount = 0
    private var eventCount = 0
    /// Identities of steps, timers and messages that the code asked for and has not seen end, and
    /// of children that it has not seen begin.
    private var openKeys: Set<String> = []

    /// - Parameter checkpoint: where it begins, if not at the run's start.
    init(
        _ start: RunStart, codec: any PayloadCodec, executor: RunExecutor,
        from checkpoint: RunCheckpoint? = nil
    ) {
        self.start = start
        self.codec = codec
        self.executor = executor
        root = Branch(epoch: checkpoint?.epoch ?? 0)
        patches = Set(checkpoint?.patches ?? [])
        now = start.startsAt ?? 0
    }

    /// The code asks for something.
    /// - Parameter place: where it does, if that is a call.
    func ask(_ command: Command, at place: SourcePlace?) {
        commands.append(command)
        if isReplay { places.append(place) }
    }

    /// What the code asks for now, in order, and where it does if that is a replay.
    func takeCommands() -> ([Command], [SourcePlace?]) {
        defer { (commands, places) = ([], []) }
        openKeys = openNow
        return (commands, places)
    }

    /// Where code of a branch waits; of several places that of the first identity.
    func place(inBranch prefix: String) -> SourcePlace? {
        waits.values.filter { $0.identity.branch.prefix == prefix && $0.place != nil }
            .min { $0.identity < $1.identity }?.place
    }

    /// With what is asked for in this moment.
    private var openNow: Set<String> {
        var keys = openKeys
        for command in commands {
            switch command {
            case .schedule(let step): keys.insert(step.key)
            case .startTimer(let key, _): keys.insert(key)
            case .send(let message): keys.insert(message.key)
            case .startChild(let child): keys.insert(child.key)
            case .cancelTimer(let key): keys.remove(key)
            default: break
            }
        }
        return keys
    }

    // MARK: Calls of the code

    /// Every call of a context begins here.
    /// - Throws: if the run is let go, or the call comes from a thread that is not executing the
    ///   run.
    func enter(_ call: @autoclosure () -> String) throws {
        guard executor.isCurrent else { throw escaped(call()) }
        guard !isEvicted else {
            evictedThrows += 1
            throw Evicted()
        }
    }

    /// As `enter`, for calls that may suspend: code that goes on and on although it is let go stays
    /// there.
    func enterWaiting(_ call: @autoclosure () -> String) async throws {
        if isEvicted, evictedThrows > Self.evictedThrowsMax, executor.isCurrent {
            isParked = true
            await parkForEver()
        }
        try enter(call())
    }

    /// As `enter`, for calls that cannot throw.
    /// - Returns: whether the call may change anything.
    func mayChange(_ call: @autoclosure () -> String) -> Bool {
        guard executor.isCurrent else {
            _ = escaped(call())
            return false
        }
        return !isEvicted
    }

    private func escaped(_ call: String) -> Failure {
        let branch = Branch.current?.prefix ?? ""
        let failure = Failure(
            .misuse, type: "Escape",
            message: "context.\(call) was called off the run's executor, in branch “\(branch)”: "
                + "by a Task {}, Task.detached, a callback or another actor. Use async let, a "
                + "task group, or an activity.")
        executor.report(failure)
        return failure
    }

    var branch: Branch { Branch.current ?? root }

    /// Before a call that waits.
    /// - Throws: `CancellationError` if the calling part of the run is cancelled.
    func checkCancelled() async throws {
        guard Task.isCancelled else { return }
        cancelledThrows += 1
        if cancelledThrows > Self.cancelledThrowsMax {
            misuse = Failure(
                .misuse, type: "EndlessLoop",
                message: "cancelled code called the context \(cancelledThrows) times and goes on: "
                    + "a loop swallows CancellationError")
            // Until the run is let go.
            let wait = Wait(root.next("endless"), .abandon, at: nil)
            wait.isDeaf = true
            _ = try await park(wait)
        }
        throw CancellationError()
    }

    /// An event comes.
    func begin(_ activation: Activation) {
        now = max(now, activation.event.time)
        eventCount += 1
        if let key = activation.key { openKeys.remove(key) }
        isReplay = activation.isReplay
        recordedPatches = Set(activation.patches)
        (commands, places) = ([], [])
        log = WorkflowLog()
        cancelledThrows = 0
    }

    /// A line for the log.
    func write(_ line: WorkflowLogLine) { log.write(line) }

    /// Since the event that came last.
    var lines: [WorkflowLogLine] { log.lines }

    /// Waits for the result of a command.
    /// - Throws: a `Failure`, a `CancellationError`.
    func wait(
        _ identity: Identity, _ cancellation: CancellationType, takeBack: Command?,
        at place: SourcePlace?
    ) async throws -> Payload {
        let wait = Wait(identity, cancellation, at: place)
        wait.takeBack = takeBack
        guard case .completed(let payload) = try await park(wait) else { return .empty }
        return payload
    }

    /// Suspends the code until what it waits for is resolved.
    /// - Throws: a `Failure`, a `CancellationError`.
    func park(_ wait: Wait) async throws -> Resolution {
        let key = wait.identity.text
        if let early = early[key] { return try value(of: early) }
        let resolution = await withTaskCancellationHandler {
            await WaitSlot<Resolution>.wait { slot in
                if isEvicted { return slot.resume(returning: .evicted) }
                wait.slot = slot
                if wait.condition != nil { insertCondition(wait) }
                wait.next = waits[key]
                waits[key] = wait
                if wait.isMarked { marked.append(wait) }
            }
        } onCancel: {
            mark(wait)
        }
        return try value(of: resolution)
    }

    private func value(of resolution: Resolution) throws -> Resolution {
        switch resolution {
        case .failed(let failure): throw failure
        case .cancelled: throw CancellationError()
        case .evicted:
            evictedThrows += 1
            throw Evicted()
        case .completed, .fired, .resumed: return resolution
        }
    }

    /// Code that goes on and on although it is let go: it never runs again, and its memory is lost.
    private func parkForEver() async {
        _ = await WaitSlot<Nothing>.wait { _ in }
    }

    /// A cancellation only marks the place where code waits; what becomes of it is decided when
    /// the run is quiescent, in the order of identities.
    private func mark(_ wait: Wait) {
        guard executor.isCurrent, !wait.isMarked, !wait.isDeaf else { return }
        wait.isMarked = true
        if wait.slot != nil { marked.append(wait) }
    }

    private func insertCondition(_ wait: Wait) {
        let index = conditions.firstIndex { wait.identity < $0.identity } ?? conditions.count
        conditions.insert(wait, at: index)
    }

    // MARK: The executor's side

    /// Wakes what waits under a key.
    ///
    /// - Parameter keeps: more code may wait for it later.
    func resolve(_ key: String, _ resolution: Resolution, keeps: Bool = false) {
        if keeps { early[key] = resolution }
        var waiting = waits.removeValue(forKey: key)
        while let wait = waiting {
            waiting = wait.next
            wake(wait, resolution)
        }
    }

    private func wake(_ wait: Wait, _ resolution: Resolution) {
        remove(wait)
        if wait.condition != nil { conditions.removeAll { $0 === wait } }
        guard let slot = wait.slot else { return }
        wait.slot = nil
        slot.resume(returning: resolution)
    }

    private func remove(_ wait: Wait) {
        let key = wait.identity.text
        guard let first = waits[key] else { return }
        if first === wait {
            waits[key] = wait.next
            return
        }
        var before = first
        while let next = before.next, next !== wait { before = next }
        before.next = wait.next
    }

    /// At quiescence: does the next thing that follows from what is there.
    /// - Returns: false if nothing does.
    func settle() -> Bool {
        if !marked.isEmpty {
            let cancelled = marked.sorted { $0.identity < $1.identity }
            marked = []
            for wait in cancelled where wait.slot != nil { cancel(wait) }
            return true
        }
        guard let ready = conditions.first(where: { $0.condition?() == true }) else {
            return settleCheckpoint()
        }
        if let command = ready.takeBack { ask(command, at: ready.place) }
        wake(ready, .completed(.empty))
        return true
    }

    /// Nothing that the code began goes on, apart from where it waits itself.
    var hasNothingOpen: Bool {
        handlingCount == 0 && !hasMoreMessages && openSagas.isEmpty && openNow.isEmpty
    }

    func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
        try encoding { try $0.encode(value) }
    }

    /// What cannot be encoded now is not for the code to catch.
    func encoding<R>(_ body: (any PayloadCodec) throws -> R) throws -> R {
        do {
            return try body(codec)
        } catch let error as any UnreadablePayload {
            misuse = misuse ?? Failure(unencodable: error)
            throw error
        }
    }

    /// - Returns: false if the code waits for that, or for nothing.
    private func settleCheckpoint() -> Bool {
        guard let wanted = wantedCheckpoint, !hasMoreMessages else { return false }
        wantedCheckpoint = nil
        let obstacles = obstacles(beside: wanted.wait)
        guard obstacles.isEmpty else {
            resolve(
                wanted.wait.identity.text,
                .failed(
                    Failure(
                        .misuse, type: "CheckpointRefused",
                        message: "no checkpoint beside " + obstacles.joined(separator: ", "))))
            return true
        }
        do {
            let state = try encoding { _ in try wanted.state() }
            ask(
                .checkpoint(state, patches: patches.filter { !$0.hasSuffix("#each") }.sorted()),
                at: wanted.wait.place)
            return false
        } catch {
            resolve(wanted.wait.identity.text, .failed(Failure(describing: error)))
            return true
        }
    }

    /// What goes on, and would be lost if the code began anew.
    private func obstacles(beside own: Wait) -> [String] {
        var list = waits.filter { $0.value !== own || own.next != nil }.keys
            .map { "`\($0)`, which waits" }
        list += openNow.subtracting(waits.keys).map { "`\($0)`, which is open" }
        list.sort()
        if own.identity.branch !== root {
            list.append("the branch “\(own.identity.branch.prefix)”")
        }
        if handlingCount > 0 { list.append("\(handlingCount) handlers at work") }
        if !openSagas.isEmpty { list.append("a saga") }
        if eventCount == 1, root.prefix != "" { list.append("the one before: nothing came since") }
        return list
    }

    private func cancel(_ wait: Wait) {
        if wait.cancellation != .abandon, let command = wait.takeBack {
            ask(command, at: wait.place)
        }
        if wait.cancellation == .wait { return }
        wake(wait, .cancelled)
    }

    /// The code waits for something that the engine will bring about, or for a condition.
    var isWaiting: Bool { !waits.isEmpty }

    /// Lets go: everything that waits is woken with an error that no code should catch.
    func evict() {
        isEvicted = true
        closures = [:]
        for key in waits.keys.sorted() { resolve(key, .evicted) }
    }
}

/// Thrown where a run waits when the engine lets go of it. It is not for the run's code: whatever
/// the code does when it sees this error has no effect.
struct Evicted: Error {}

/// A place where code waits to begin anew.
struct WantedCheckpoint {
    let wait: RunScope.Wait
    /// The state at the moment at which the code is quiescent.
    let state: () throws -> Payload
}

/// A saga that has not ended.
protocol OpenSaga: AnyObject {
    /// Keys of steps that it would undo now.
    var keysToUndo: [String] { get }
}
