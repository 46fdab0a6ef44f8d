import EmakiPlatform
import Testing

@testable import EmakiSimulation

@Suite struct FatePlanTests {
    /// A file of zeros with these sectors written and not synced, each by a write of its own.
    private static func disk(writing sectors: [Int], count: Int = 1) throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem()
        try disk.file("f", holding: filled(0, 64 * 512))
        let file = try disk.open("f", OpenMode(.mustExist, writable: true))
        for sector in sectors { try file.put(filled(7, count * 512), at: sector * 512) }
        return disk
    }

    /// What each state leaves, by its hash.
    private static func states(of disk: SimulatedFileSystem) -> (plan: FatePlan, hashes: [UInt64]) {
        let plan = FatePlan(disk.uncertain)
        let hashes = (0..<plan.stateCount).map { number in
            let fates = plan.fates(ofState: number)
            let left = disk.clone()
            left.losePower { fates[$0.id] ?? .drop }
            return left.presentState.durableHash
        }
        return (plan, hashes)
    }

    @Test("every subset of a few sectors is a state, and no two are the same")
    func subsets() throws {
        let (plan, hashes) = Self.states(of: try Self.disk(writing: [0, 4, 8, 20]))
        #expect(plan.isComplete)
        #expect(plan.stateCount == 16)
        #expect(Set(hashes).count == 16)
    }

    @Test("a name and a write under it are independent")
    func names() throws {
        let disk = try Self.disk(writing: [3])
        _ = try disk.open("g", OpenMode(.mustBeNew))
        let (plan, hashes) = Self.states(of: disk)
        #expect(plan.stateCount == 4)
        #expect(Set(hashes).count == 4)
    }

    @Test("a long write is none, all, each prefix, suffix, hole and survivor; others every subset")
    func long() throws {
        let disk = try Self.disk(writing: [20], count: 20)
        let file = try disk.open("f", OpenMode(.mustExist, writable: true))
        try file.put(filled(9, 512), at: 0)
        let (plan, hashes) = Self.states(of: disk)
        #expect(plan.isComplete)
        #expect(plan.stateCount == 4 * 20 * 2)
        // Of 20 sectors: none, all, 19 prefixes, 19 suffixes, 18 holes and 18 survivors within.
        #expect(Set(hashes).count == (2 + 19 + 19 + 18 + 18) * 2)
    }

    @Test("a sector that says what is there already is not counted; overlapping ones are")
    func unchanged() throws {
        let disk = try Self.disk(writing: [5])
        let file = try disk.open("f", OpenMode(.mustExist, writable: true))
        try file.put(filled(0, 512), at: 9 * 512)
        #expect(disk.uncertain.map(\.sectors) == [[0], []])
        try file.put(filled(0, 512), at: 5 * 512)
        #expect(disk.uncertain.map(\.sectors) == [[0], [], [0]])
    }

    @Test("too many states are drawn, and the plan says so")
    func drawn() throws {
        let disk = SimulatedFileSystem()
        for number in 0..<20 { _ = try disk.open("f\(number)", OpenMode(.mustBeNew)) }
        let plan = FatePlan(disk.uncertain)
        #expect(!plan.isComplete)
        #expect(plan.stateCount == FatePlan.drawnCount)
        let state = plan.fates(ofState: 7)
        #expect(state == plan.fates(ofState: 7))
        #expect(state != plan.fates(ofState: 8))
    }
}
