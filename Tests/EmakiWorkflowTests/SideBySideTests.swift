import EmakiWorkflow
import EmakiWorkflowTesting
import Testing

/// Several versions of a workflow in one engine.
@Suite struct SideBySideTests {
    typealias Old = VersionTests.Old
    /// Does not follow what `Old` did.
    typealias Changed = VersionTests.Changed
    /// Follows what `Old` did before its wait.
    typealias Longer = VersionTests.Longer

    private static let old = WorkflowDefinition(Old.self, fingerprint: "one")
    private static let changed = WorkflowDefinition(Changed.self, fingerprint: "two")
    private static let longer = WorkflowDefinition(Longer.self, fingerprint: "three")

    private static func pinned(_ definition: WorkflowDefinition) -> WorkflowDefinition {
        var pinned = definition
        pinned.versioning = .pinned
        return pinned
    }

    private static func marked(_ definition: WorkflowDefinition) -> WorkflowDefinition {
        var marked = definition
        marked.isCurrent = true
        return marked
    }

    private func engine(
        _ definitions: [WorkflowDefinition], on store: MemoryHistoryStore = MemoryHistoryStore(),
        evicts: Bool = false
    ) async throws -> WorkflowEngine {
        var options = EngineOptions()
        options.clock = SkippingClock()
        options.evictsAlways = evicts
        return try await WorkflowEngine(
            store: store.session(), definitions: definitions, options: options)
    }

    /// A store in which a run of `Old` waits.
    private func waiting(
        _ definition: WorkflowDefinition = old, _ options: RunOptions = RunOptions()
    ) async throws -> MemoryHistoryStore {
        let store = MemoryHistoryStore()
        let engine = try await engine([definition], on: store)
        let handle = try await engine.start(Old.self, id: "v", Nothing(), options: options)
        while try await handle.history().count < 3 { await Task.yield() }
        engine.close()
        return store
    }

    private func finish<W: Versioned>(_ handle: WorkflowHandle<W>) async throws -> String {
        try await handle.signal(W.go, Nothing())
        return try await handle.result()
    }

    @Test(
        "a run that the current version does not follow goes on with its own, new ones with that",
        arguments: [false, true])
    func ownVersion(evicts: Bool) async throws {
        let store = try await waiting()
        let engine = try await engine([Self.old, Self.changed], on: store, evicts: evicts)
        let before = engine.handle(Old.self, id: "v")
        #expect(try await before.query(Old.isGoing, Nothing()) == false)
        #expect(try await before.describe().versionNeeded == nil)
        let new = try await engine.start(Changed.self, id: "w", Nothing())
        #expect(try await new.describe().fingerprint == "two")
        #expect(try await finish(before) == "12")
        #expect(try await finish(new) == "III")
        #expect(try await before.history().allSatisfy { !$0.isOfVersions })
        #expect(try await before.describe().fingerprint == "one")
        let replayer = Replayer(definitions: [Self.old, Self.changed])
        try replayer.check(try await before.history())
        try replayer.check(try await new.history())
        engine.close()
    }

    @Test("a run that the current version follows goes over to it", arguments: [false, true])
    func upgraded(evicts: Bool) async throws {
        let store = try await waiting()
        let engine = try await engine([Self.old, Self.longer], on: store, evicts: evicts)
        #expect(try await finish(engine.handle(Longer.self, id: "v")) == "1three2")
        #expect(try await engine.handle(Longer.self, id: "v").describe().fingerprint == "three")
        engine.close()
    }

    @Test("new runs begin with the version that is marked, wherever it stands")
    func current() async throws {
        for definitions in [[Self.marked(Self.old), Self.longer], [Self.longer, Self.old]] {
            let engine = try await engine(definitions)
            let handle = try await engine.start(Old.self, id: "v", Nothing())
            #expect(try await handle.describe().fingerprint == "one")
            #expect(try await finish(handle) == "12")
            engine.close()
        }
    }

    @Test(
        "a pinned run stays on its version, in its continuation too, and waits where that is not",
        arguments: [false, true])
    func pinned(evicts: Bool) async throws {
        let byDefinition = try await waiting(Self.pinned(Self.old))
        let byOptions = try await waiting(Self.old, RunOptions(versioning: .pinned))
        for store in [byDefinition, byOptions] {
            // What the definitions say now does not matter any more.
            let without = try await engine([Self.longer], on: store, evicts: evicts)
            let handle = without.handle(Longer.self, id: "v")
            try await handle.signal(Longer.go, Nothing())
            let description = try await handle.describe()
            #expect(description.isPinned)
            let needed = try #require(description.versionNeeded)
            #expect(needed.message.contains("the code of one, to which it is pinned"))
            #expect(description.explanation.contains("needs the code of one"))
            without.close()
            let both = try await engine([Self.old, Self.longer], on: store, evicts: evicts)
            #expect(try await both.handle(Old.self, id: "v").result() == "12")
            both.close()
        }
    }

    /// Goes on as a new run once, and says with which version's words.
    enum Turning: Workflow {
        static var workflowName: String { "Turning" }
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await context.sleep(for: .seconds(1))
            if input > 0 { throw try context.continueAsNew(input - 1) }
            return "old"
        }
    }

    enum NewTurning: Workflow {
        static var workflowName: String { "Turning" }
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> String {
            try await context.sleep(for: .seconds(1))
            if input > 0 { throw try context.continueAsNew(input - 1) }
            return "new"
        }
    }

    @Test("what continues a run begins with the current version, or with its own if it is pinned")
    func continued() async throws {
        for versioning in [VersionPolicy.pinned, .autoUpgrade] {
            let store = MemoryHistoryStore()
            let one = WorkflowDefinition(Turning.self, fingerprint: "one")
            let first = try await engine([one], on: store)
            let options = RunOptions(startDelay: .seconds(5), versioning: versioning)
            _ = try await first.start(Turning.self, id: "t", 2, options: options)
            first.close()
            let second = try await engine(
                [one, WorkflowDefinition(NewTurning.self, fingerprint: "two")], on: store)
            let handle = second.handle(Turning.self, id: "t")
            #expect(try await handle.result() == (versioning == .pinned ? "old" : "new"))
            let description = try await handle.describe()
            #expect(description.fingerprint == (versioning == .pinned ? "one" : "two"))
            #expect(description.isPinned == (versioning == .pinned))
            second.close()
        }
    }

    /// Has a child of another type.
    enum Mother: Workflow {
        static func run(context: WorkflowContext<Self>, input: Nothing) async throws -> String {
            let child = try await context.startChild(Old.self, id: "child", Nothing())
            return try await child.result()
        }
    }

    @Test("a child of a pinned run begins with what has the run's fingerprint, or what is current")
    func children() async throws {
        for versioning in [VersionPolicy.pinned, .autoUpgrade] {
            let engine = try await engine([
                WorkflowDefinition(Mother.self, fingerprint: "release 1", versioning: versioning),
                WorkflowDefinition(Old.self, fingerprint: "release 1"),
                WorkflowDefinition(Changed.self, fingerprint: "release 2"),
            ])
            let mother = try await engine.start(Mother.self, id: "m", Nothing())
            while try await mother.history().count < 3 { await Task.yield() }
            let child = engine.handle(Old.self, id: "child")
            let isPinned = versioning == .pinned
            #expect(
                try await child.describe().fingerprint == (isPinned ? "release 1" : "release 2"))
            #expect(try await child.describe().isPinned == isPinned)
            // The next child may begin with it, whatever is open of it now.
            let ending = try await engine.start(
                Old.self, id: "e", Nothing(), options: RunOptions(versioning: .autoUpgrade))
            try await ending.signal(Old.go, Nothing())
            let old = try await engine.versions().first {
                $0.workflowType == Old.workflowName && $0.fingerprint == "release 1"
            }
            #expect(old?.isCompanion == isPinned && old?.mayBeRetired == !isPinned)
            try await child.signal(Old.go, Nothing())
            #expect(try await mother.result() == (isPinned ? "12" : "III"))
            engine.close()
        }
    }

    @Test("versions that cannot be told apart, or are both current, are refused")
    func refused() async throws {
        let fingerprint = WorkflowDefinition(Changed.self, fingerprint: "one")
        for definitions in [
            [Self.old, fingerprint], [Self.marked(Self.old), Self.marked(Self.longer)],
        ] {
            await #expect(throws: WorkflowError.self) { try await engine(definitions) }
        }
    }

    @Test("an engine tells how many open runs are on which version, also on those it has not")
    func counted() async throws {
        let store = try await waiting()
        let first = try await engine([Self.old], on: store)
        let pinned = RunOptions(versioning: .pinned)
        _ = try await first.start(Old.self, id: "w", Nothing(), options: pinned)
        let ended = try await first.start(Old.self, id: "x", Nothing())
        #expect(try await finish(ended) == "12")
        first.close()
        let second = try await engine([Self.changed, Self.longer], on: store)
        _ = try await second.start(Longer.self, id: "y", Nothing())
        let handle = second.handle(Longer.self, id: "v")
        try await handle.signal(Longer.go, Nothing())
        while try await handle.describe().fingerprint == "one" { await Task.yield() }
        let versions = try await second.versions()
        #expect(versions.map(\.fingerprint) == ["one", "three", "two"])
        #expect(versions.map(\.openCount) == [1, 2, 0])
        #expect(versions.map(\.pinnedCount) == [1, 0, 0])
        #expect(versions.map(\.isRegistered) == [false, true, true])
        #expect(versions.map(\.isCurrent) == [false, true, false])
        #expect(versions.map(\.mayBeRetired) == [false, false, true])
        let answer = try await OperatorEngineTests.ask(second, "versions", [])
        #expect(answer.lines.count == 3)
        #expect(
            answer.lines.first == #"{"type":"Versioned","fingerprint":"one","registered":false,"#
                + #""current":false,"open":1,"pinned":1,"mayBeRetired":false}"#)
        second.close()
    }
}

extension HistoryEvent {
    /// Other code went on, or did not follow.
    fileprivate var isOfVersions: Bool {
        switch body {
        case .versionAdopted, .taskFailed: true
        default: false
        }
    }
}
