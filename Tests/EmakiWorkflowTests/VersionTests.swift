import EmakiWorkflow
import EmakiWorkflowTesting
import Synchronization
import Testing

/// Runs that meet other code than they began with.
@Suite struct VersionTests {
    /// Two steps around a wait, in this order.
    enum Old: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one = try await context.step("one") { _ in "1" }
            try await context.wait { $0 }
            return one + (try await context.step("two") { _ in "2" })
        }
    }

    /// The first step has another name.
    enum Changed: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one = try await context.step("eins") { _ in "I" }
            try await context.wait { $0 }
            return one + (try await context.step("two") { _ in "II" })
        }
    }

    /// The change is guarded.
    enum Patched: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one: String
            if context.patched("eins") {
                one = try await context.step("eins") { _ in "I" }
            } else {
                one = try await context.step("one") { _ in "1" }
            }
            try await context.wait { $0 }
            return one + (try await context.step("two") { _ in "II" })
        }
    }

    /// A step more after the wait, and then another signal.
    enum Longer: Versioned {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let one = try await context.step("one") { _ in "1" }
            try await context.wait { $0 }
            let three = try await context.step("three") { _ in "three" }
            try await context.sleep(for: .seconds(3_600))
            return one + three + (try await context.step("two") { _ in "2" })
        }
    }

    /// Another workflow.
    enum Other: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> Nothing {
            Nothing()
        }
    }

    /// A store in which a run of the old code waits.
    private func waiting() async throws -> MemoryHistoryStore {
        let store = MemoryHistoryStore()
        let engine = try await makeEngine([Old.self], on: store.session())
        let handle = try await engine.start(Old.self, id: "v", Nothing())
        while try await handle.history().count < 3 { await Task.yield() }
        engine.close()
        return store
    }

    @Test("changed code is told where it differs, from both sides, and the old code goes on")
    func divergence() async throws {
        let store = try await waiting()
        let changed = try await makeEngine(
            [Changed.self], on: store.session(), clock: SkippingClock(skips: false))
        let handle = changed.handle(Changed.self, id: "v")
        try await handle.signal(Changed.go, Nothing())
        let failure = try #require(try await handle.describe().taskFailure)
        #expect(failure.type == "Divergence")
        #expect(failure.message.contains("StepScheduled one (one)"))
        #expect(failure.message.contains("StepScheduled eins (eins)"))
        #expect(failure.message.contains("after event 1"))
        changed.close()
        let old = try await makeEngine([Old.self], on: store.session())
        #expect(try await old.handle(Old.self, id: "v").result() == "12")
        old.close()
    }

    @Test(
        "a patch is false for runs that came by before it, and true for new ones",
        arguments: [false, true])
    func patches(evicts: Bool) async throws {
        let store = try await waiting()
        let engine = try await makeEngine(
            [Patched.self], on: store.session(), evictsAlways: evicts)
        let old = engine.handle(Patched.self, id: "v")
        try await old.signal(Patched.go, Nothing())
        #expect(try await old.result() == "1II")
        let new = try await engine.start(Patched.self, id: "w", Nothing())
        try await new.signal(Patched.go, Nothing())
        #expect(try await new.result() == "III")
        let replayer = Replayer(workflows: [Patched.self])
        try replayer.check(try await old.history())
        try replayer.check(try await new.history())
        let history = try await old.history()
        #expect(throws: Failure.self) {
            try Replayer(workflows: [Changed.self]).check(history)
        }
        engine.close()
    }

    // MARK: Other versions

    /// What an engine tells of runs that wait for other code.
    final class Watcher: EngineObserver {
        private let needs = Mutex<[String]>([])
        var needed: [String] { needs.withLock { $0 } }

        func waitsForVersion(
            workflowID: String, runID: String, needed: String, _ failure: Failure
        ) {
            needs.withLock { $0.append("\(workflowID): \(needed), \(failure.type)") }
        }
    }

    private func engine(
        _ code: [WorkflowDefinition], on store: MemoryHistoryStore, _ watcher: Watcher,
        evicts: Bool = false
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = SkippingClock()
        options.observer = watcher
        options.evictsAlways = evicts
        return try await WorkflowEngine(
            store: store.session(), definitions: code, options: options)
    }

    /// A store in which a run of version “one” waits.
    private func waiting(_ watcher: Watcher) async throws -> MemoryHistoryStore {
        let store = MemoryHistoryStore()
        let first = try await engine([version(Old.self, "one")], on: store, watcher)
        let begun = try await first.start(Old.self, id: "v", Nothing())
        while try await begun.history().count < 3 { await Task.yield() }
        first.close()
        return store
    }

    private func version<W: Workflow>(_ code: W.Type, _ version: String) -> WorkflowDefinition {
        WorkflowDefinition(code, fingerprint: version)
    }

    @Test(
        "a run that other code does not follow waits for the code that it needs, and goes on there",
        arguments: [false, true])
    func otherVersion(evicts: Bool) async throws {
        let watcher = Watcher()
        let store = try await waiting(watcher)

        let changed = try await engine(
            [version(Changed.self, "two")], on: store, watcher, evicts: evicts)
        let handle = changed.handle(Changed.self, id: "v")
        for number in 0..<8 {
            try await handle.signal(Changed.go, Nothing(), requestID: "go \(number)")
        }
        let description = try await handle.describe()
        #expect(description.taskFailure == nil && description.pause == nil)
        #expect(description.fingerprint == "one")
        let needed = try #require(description.versionNeeded)
        #expect(needed.type == "VersionNeeded")
        #expect(needed.message.contains("needs the code of one; two does not follow"))
        #expect(needed.message.contains("StepScheduled eins (eins)"))
        await #expect(throws: WorkflowError.refused(needed)) {
            try await handle.query(Changed.isGoing, Nothing())
        }
        #expect(watcher.needed == ["v: one, Divergence"])
        changed.close()

        // It is not in the way of what has the code.
        let old = try await engine([version(Old.self, "one")], on: store, watcher)
        let again = old.handle(Old.self, id: "v")
        #expect(try await again.result() == "12")
        let history = try await again.history()
        #expect(history.allSatisfy { $0.versionAdopted == nil && !$0.isTaskFailure })
        old.close()
    }

    @Test(
        "the version that a run needs is the last that went on with it",
        arguments: [false, true])
    func adoptedVersion(evicts: Bool) async throws {
        let watcher = Watcher()
        let store = try await waiting(watcher)

        // Asking changes nothing; going on is recorded, once.
        let second = try await engine(
            [version(Longer.self, "two")], on: store, watcher, evicts: evicts)
        let longer = second.handle(Longer.self, id: "v")
        #expect(try await longer.query(Longer.isGoing, Nothing()) == false)
        #expect(try await longer.describe().fingerprint == "one")
        try await longer.signal(Longer.go, Nothing())
        while try await longer.history().count(where: \.isOutcomeOfStep) < 2 { await Task.yield() }
        #expect(try await longer.describe().fingerprint == "two")
        #expect(try await longer.history().compactMap(\.versionAdopted) == ["two"])
        second.close()

        let third = try await engine([version(Old.self, "one")], on: store, watcher)
        let old = third.handle(Old.self, id: "v")
        try await old.signal(Old.go, Nothing())
        let needed = try #require(try await old.describe().versionNeeded)
        #expect(needed.message.contains("the code of two; one"))
        third.close()

        let fourth = try await engine([version(Longer.self, "two")], on: store, watcher)
        let last = fourth.handle(Longer.self, id: "v")
        #expect(try await last.result() == "1three2")
        let history = try await last.history()
        #expect(history.compactMap(\.versionAdopted) == ["two"])
        try Replayer(workflows: [Longer.self]).check(history)
        fourth.close()
    }

    /// An attempt that never ends, and a second one that does.
    enum Hesitant: Versioned {
        static let never = AsyncStream<Int> { _ in }
        static let begun = AsyncStream<Int>.makeStream()

        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let options = StepOptions(retry: RetryPolicy(maximumAttempts: 2))
            return try await context.step("slow", options: options) { info in
                begun.continuation.yield(info.attempt)
                if info.attempt == 1 { for await _ in never {} }
                return "attempt \(info.attempt)"
            }
        }
    }

    @Test("an engine that cannot go on with a run uses none of its attempts up")
    func attemptsKept() async throws {
        let store = MemoryHistoryStore()
        let watcher = Watcher()
        let first = try await engine([version(Hesitant.self, "one")], on: store, watcher)
        _ = try await first.start(Hesitant.self, id: "h", Nothing())
        for await _ in Hesitant.begun.stream { break }
        first.close()
        let codes = [version(Changed.self, "two"), version(Other.self, "x")]
        for (signals, code) in codes.enumerated() {
            let other = try await engine([code], on: store, watcher)
            let handle = other.handle(Changed.self, id: "h")
            #expect(try await handle.describe().eventCount == 2 + signals)
            try await handle.signal(Changed.go, Nothing())
            #expect(try await handle.describe().versionNeeded != nil)
            other.close()
        }
        let last = try await engine([version(Hesitant.self, "one")], on: store, watcher)
        #expect(try await last.handle(Hesitant.self, id: "h").result() == "attempt 2")
        last.close()
    }

    @Test("the run that follows another has the fingerprint of the code that began it")
    func successor() async throws {
        let store = MemoryHistoryStore()
        let watcher = Watcher()
        let first = try await engine(
            [version(EdgeTests.Restarting.self, "one")], on: store, watcher)
        let begun = try await first.start(EdgeTests.Restarting.self, id: "r", 3)
        let before = try await begun.describe().runID
        first.close()
        let second = try await engine(
            [version(EdgeTests.Restarting.self, "two")], on: store, watcher)
        let handle = second.handle(EdgeTests.Restarting.self, id: "r")
        try await handle.signal(EdgeTests.Restarting.restart, Nothing())
        while try await handle.describe().runID == before { await Task.yield() }
        #expect(try await handle.query(EdgeTests.Restarting.total, Nothing()) == 3)
        let history = try await handle.history()
        guard case .started(let start) = history.first?.body else {
            Issue.record("\(history)")
            return
        }
        #expect(start.fingerprint == "two")
        #expect(history.allSatisfy { $0.versionAdopted == nil })
        second.close()
    }

    /// Waits for a child, and for an update's handler.
    enum Mother: Workflow {
        static let wish = Update<Self, Nothing, Bool>("wish")
        static func initialState(for input: Nothing) -> Bool { false }
        static func handle(_ handlers: inout MessageHandlers<Self>) {
            handlers.on(
                wish,
                perform: { context, _ in
                    try await context.wait { $0 }
                    return true
                })
        }
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.runChild(Old.self, id: "v", Nothing())
        }
    }

    /// The same without the child.
    enum Childless: Workflow {
        static var workflowName: String { "Mother" }
        static let wish = Update<Self, Nothing, Bool>("wish")
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            try await context.step("alone") { _ in "alone" }
        }
    }

    @Test("who repeats an update is told that other code is needed, and children are left alone")
    func updateOfBefore() async throws {
        let store = MemoryHistoryStore()
        let watcher = Watcher()
        let codes = [version(Mother.self, "one"), version(Old.self, "one")]
        let first = try await engine(codes, on: store, watcher)
        let begun = try await first.start(Mother.self, id: "m", Nothing())
        try await begun.startUpdate(Mother.wish, Nothing(), requestID: "w")
        while try await !begun.history().contains(where: \.isChildStarted) { await Task.yield() }
        first.close()

        // It has no child's code either, which is no reason to say that the child failed.
        let other = try await engine([version(Childless.self, "two")], on: store, watcher)
        let handle = other.handle(Childless.self, id: "m")
        await #expect(throws: WorkflowError.self) {
            try await handle.update(Childless.wish, Nothing(), requestID: "w")
        }
        let needed = try #require(try await handle.describe().versionNeeded)
        #expect(needed.message.contains("needs the code of one"))
        let count = try await handle.describe().eventCount
        other.close()

        let last = try await engine(codes, on: store, watcher)
        let mother = last.handle(Mother.self, id: "m")
        #expect(try await mother.describe().eventCount == count)
        try await last.handle(Old.self, id: "v").signal(Old.go, Nothing())
        while try await !mother.history().contains(where: \.isChildClosed) { await Task.yield() }
        last.close()
    }

    @Test("who asks a closed run of other code is refused, and the id may be used anew")
    func closedBefore() async throws {
        let watcher = Watcher()
        let store = try await waiting(watcher)
        let old = try await engine([version(Old.self, "one")], on: store, watcher)
        let ended = old.handle(Old.self, id: "v")
        try await ended.signal(Old.go, Nothing())
        #expect(try await ended.result() == "12")
        old.close()
        let changed = try await engine([version(Changed.self, "two")], on: store, watcher)
        let handle = changed.handle(Changed.self, id: "v")
        await #expect(throws: WorkflowError.self) {
            try await handle.query(Changed.isGoing, Nothing())
        }
        let next = try await changed.start(Changed.self, id: "v", Nothing(), reuse: .allow)
        #expect(try await next.query(Changed.isGoing, Nothing()) == false)
        #expect(try await next.describe().versionNeeded == nil)
        try await next.signal(Changed.go, Nothing())
        #expect(try await next.result() == "III")
        changed.close()
    }

    @Test("a run whose workflow the engine does not have waits, and takes messages")
    func absentType() async throws {
        let watcher = Watcher()
        let store = try await waiting(watcher)
        let without = try await engine([version(Other.self, "x")], on: store, watcher)
        let handle = without.handle(Old.self, id: "v")
        for _ in 0..<8 { try await handle.signal(Old.go, Nothing()) }
        let description = try await handle.describe()
        #expect(description.taskFailure == nil && description.pause == nil)
        #expect(description.versionNeeded?.message.contains("one; there is none here") == true)
        #expect(watcher.needed == ["v: one, UnknownWorkflow"])
        without.close()
        let old = try await engine([version(Old.self, "one")], on: store, watcher)
        #expect(try await old.handle(Old.self, id: "v").result() == "12")
        old.close()
    }
}

extension HistoryEvent {
    fileprivate var versionAdopted: String? {
        if case .versionAdopted(let version) = body { return version }
        return nil
    }

    fileprivate var isChildStarted: Bool {
        if case .childStarted = body { return true }
        return false
    }

    fileprivate var isChildClosed: Bool {
        if case .childClosed = body { return true }
        return false
    }

    fileprivate var isTaskFailure: Bool {
        if case .taskFailed = body { return true }
        return false
    }
}

/// A loop whose rounds are changed while a run is in it.
@Suite struct LoopVersionTests {
    enum Old: Rounds {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            var text = ""
            for round in 1...input {
                text += try await context.step("old") { _ in "o" }
                try await context.wait { $0 >= round }
            }
            return text
        }
    }

    enum Once: Rounds {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await changed(context, input) { context.patched("round") }
        }
    }

    enum Each: Rounds {
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await changed(context, input) { context.patched("round", each: true) }
        }
    }

    /// A run of four rounds: two of the old code, the others of another.
    private func change<New: Rounds>(
        to type: New.Type, evicts: Bool
    ) async throws -> (String, [HistoryEvent]) {
        let store = MemoryHistoryStore()
        let before = try await makeEngine([Old.self], on: store.session())
        let old = try await before.start(Old.self, id: "r", 4)
        try await old.signal(Old.go, Nothing())
        // Two rounds have begun, and the second waits.
        while try await old.history().count(where: \.isOutcomeOfStep) < 2 {
            await Task.yield()
        }
        before.close()
        let after = try await makeEngine([type], on: store.session(), evictsAlways: evicts)
        let new = after.handle(type, id: "r")
        for _ in 0..<3 { try await new.signal(New.go, Nothing()) }
        let result = try await new.result()
        let history = try await new.history()
        try Replayer(workflows: [type]).check(history)
        after.close()
        return (result, history)
    }

    @Test(
        "a patch that is decided at each call is true from the next round on",
        arguments: [
            false, true,
        ])
    func rounds(evicts: Bool) async throws {
        let (each, history) = try await change(to: Each.self, evicts: evicts)
        #expect(each == "oonn")
        #expect(try await change(to: Once.self, evicts: evicts).0 == "oooo")
        #expect(throws: Failure.self) { try Replayer(workflows: [Old.self]).check(history) }
    }
}

/// Versions of a workflow that goes round once for each signal.
protocol Rounds: Workflow where Input == Int, Output == String, State == Int {}

extension Rounds {
    static var workflowName: String { "Rounds" }
    static var go: Signal<Self, Nothing> { Signal("go") }
    static func initialState(for input: Int) -> Int { 0 }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(go) { state, _ in state += 1 }
    }

    fileprivate static func changed(
        _ context: WorkflowContext<Self>, _ rounds: Int, _ isNew: () -> Bool
    ) async throws -> String {
        var text = ""
        for round in 1...rounds {
            if isNew() {
                text += try await context.step("new") { _ in "n" }
            } else {
                text += try await context.step("old") { _ in "o" }
            }
            try await context.wait { $0 >= round }
        }
        return text
    }
}

/// Versions of one workflow, which waits for a signal in its middle.
protocol Versioned: Workflow where Input == Nothing, Output == String, State == Bool {}

extension Versioned {
    static var workflowName: String { "Versioned" }
    static var go: Signal<Self, Nothing> { Signal("go") }
    static var isGoing: Query<Self, Nothing, Bool> { Query("isGoing") }
    static func initialState(for input: Nothing) -> Bool { false }
    static func handle(_ handlers: inout MessageHandlers<Self>) {
        handlers.on(go) { state, _ in state = true }
        handlers.on(isGoing) { state, _ in state }
    }
}
