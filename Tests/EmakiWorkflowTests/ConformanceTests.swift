import EmakiLog
import EmakiSimulation
import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Testing

/// Every store of histories keeps the same promises.
@Suite struct ConformanceTests {
    typealias Check = HistoryStoreConformance.Check

    @Test("an event log keeps a store's promises", arguments: Check.allCases)
    func eventLog(check: Check) async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/emaki-conform-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let log = try await EventLog.open(
            at: folder, .creating(StoreOptions(segmentBytes: 1 << 20)))
        try await HistoryStoreConformance { (EventLogStore(log), EventLogStore(log)) }.run(check)
        await log.close()
    }

    @Test("an event log on the simulated disk keeps them", arguments: Check.allCases)
    func simulatedDisk(check: Check) async throws {
        let log = try await SimulatedDisk(seed: 3).open()
        try await HistoryStoreConformance { (EventLogStore(log), EventLogStore(log)) }.run(check)
        await log.close()
    }

    @Test("the store in memory keeps them", arguments: Check.allCases)
    func memory(check: Check) async throws {
        let store = MemoryHistoryStore()
        try await HistoryStoreConformance { (store.session(), store.session()) }.run(check)
    }

    @Test("a store on the simulation's reference log keeps them", arguments: Check.allCases)
    func referenceLog(check: Check) async throws {
        let store = ReferenceHistoryStore()
        try await HistoryStoreConformance { (store, store) }.run(check)
    }

    @Test("the hostile store keeps them", arguments: Check.allCases)
    func hostile(check: Check) async throws {
        for seed in TestExtent.seeds(20) {
            var malice = HostileHistoryStore.Malice()
            malice.wrongAnswersMax = .max
            malice.conflict = 0
            let store = HostileHistoryStore(seed: seed, malice: malice)
            try await HistoryStoreConformance { (store.session(), store.session()) }.run(check)
        }
    }
}

/// Stores that break one promise each: the suite has to notice.
@Suite struct ConformanceFailureTests {
    private func isFound(
        _ fault: BrokenStore.Fault, by check: HistoryStoreConformance.Check
    ) async throws -> Bool {
        let conformance = HistoryStoreConformance {
            let memory = MemoryHistoryStore()
            return (BrokenStore(memory.session(), fault), BrokenStore(memory.session(), fault))
        }
        do {
            try await conformance.run(check)
            return false
        } catch is HistoryStoreConformance.Broken {
            return true
        }
    }

    @Test("a store that breaks a promise is found out", arguments: BrokenStore.Fault.allCases)
    func broken(fault: BrokenStore.Fault) async throws {
        var found: [HistoryStoreConformance.Check] = []
        for check in HistoryStoreConformance.Check.allCases
        where try await isFound(fault, by: check) { found.append(check) }
        #expect(!found.isEmpty)
        #expect(found.contains(fault.check), "\(found)")
    }

    @Test("each check finds something")
    func each() {
        #expect(
            Set(BrokenStore.Fault.allCases.map(\.check))
                == Set(HistoryStoreConformance.Check.allCases))
    }
}
