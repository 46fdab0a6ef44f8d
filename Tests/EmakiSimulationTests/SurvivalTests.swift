import EmakiPlatform
import EmakiSimulation
import Testing

@Suite("What must survive a power loss, whatever is kept or dropped")
struct SurvivalTests {
    /// A story on an empty disk, and what it has made durable: nil stands for a path that must be
    /// gone, and a list for the contents that are allowed.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let story: @Sendable (SimulatedFileSystem) throws -> Void
        let allowed: [String: [[UInt8]?]]

        init(
            _ name: String, _ allowed: [String: [[UInt8]?]],
            _ story: @escaping @Sendable (SimulatedFileSystem) throws -> Void
        ) {
            testDescription = name
            self.story = story
            self.allowed = allowed
        }
    }

    static let cases = [
        Case("a synced file with a synced name", ["a": [[1]]]) { try $0.file("a", holding: [1]) },
        Case("a synced file without a synced name", ["a": [[1], nil]]) { disk in
            let file = try disk.open("a", OpenMode(.mustBeNew))
            try file.put([1], at: 0)
            try file.sync()
        },
        Case("a synced name without a synced file", ["a": [[1], []]]) { disk in
            try disk.open("a", OpenMode(.mustBeNew)).put([1], at: 0)
            try disk.syncFolder("")
        },
        Case("an overwrite after a sync", ["a": [[1, 1], [2, 1]]]) { disk in
            try disk.file("a", holding: [1, 1]).put([2], at: 0)
        },
        Case("two overwrites of one byte", ["a": [[1], [2], [3]]]) { disk in
            let file = try disk.file("a", holding: [1])
            try file.put([2], at: 0)
            try file.put([3], at: 0)
        },
        Case("a durable write beside one that is not", ["a": [[1, 2], [3, 2]]]) { disk in
            let file = try disk.file("a", holding: [1, 1])
            try file.put([3, 3], at: 0)
            try file.putDurably([2], at: 1)
        },
        Case("a write over a durable one", ["a": [[1, 2], [1, 3]]]) { disk in
            let file = try disk.file("a", holding: [1, 1])
            try file.putDurably([2], at: 1)
            try file.put([3], at: 1)
        },
        Case("a size after a durable write", ["a": [[2], [2, 0, 0]]]) { disk in
            let file = try disk.file("a", holding: [1])
            try file.putDurably([2], at: 0)
            try file.resize(to: 3)
        },
        Case("a replacement in order", ["a": [[1], [2]], "a.new": [[2], nil]]) { disk in
            try disk.file("a", holding: [1])
            let file = try disk.open("a.new", OpenMode(.mustBeNew))
            try file.put([2], at: 0)
            try file.sync()
            try disk.rename("a.new", to: "a")
        },
        Case("a replacement in order, synced", ["a": [[2]], "a.new": [nil]]) { disk in
            try disk.file("a", holding: [1])
            try disk.file("a.new", holding: [2])
            try disk.rename("a.new", to: "a")
            try disk.syncFolder("")
        },
        Case("a replacement without a sync", ["a": [[1], [2], []]]) { disk in
            try disk.file("a", holding: [1])
            try disk.open("a.new", OpenMode(.mustBeNew)).put([2], at: 0)
            try disk.rename("a.new", to: "a")
        },
        Case("a removal, and a new file of that name", ["a": [[1], nil, [], [2]]]) { disk in
            try disk.file("a", holding: [1])
            try disk.remove("a")
            try disk.open("a", OpenMode(.mustBeNew)).put([2], at: 0)
        },
        Case("a synced removal", ["a": [nil], "b": [[2], nil]]) { disk in
            try disk.file("a", holding: [1])
            try disk.remove("a")
            try disk.syncFolder("")
            let file = try disk.open("b", OpenMode(.mustBeNew))
            try file.put([2], at: 0)
            try file.sync()
        },
        Case("a synced folder with a synced file", ["d/a": [[1]], "d/b": [[], nil]]) { disk in
            try disk.makeFolder("d")
            try disk.syncFolder("")
            try disk.file("d/a", holding: [1])
            _ = try disk.open("d/b", OpenMode(.mustBeNew))
        },
        Case("a file moved to another folder", ["a": [[1], nil], "d/a": [[1], nil]]) { disk in
            try disk.makeFolder("d")
            try disk.syncFolder("")
            try disk.file("a", holding: [1])
            try disk.rename("a", to: "d/a")
        },
    ]

    @Test("each sync keeps its promise under every choice", arguments: cases)
    func table(_ row: Case) throws {
        let disk = SimulatedFileSystem()
        try row.story(disk)
        let ids = disk.pending.map(\.id)
        try #require(ids.count <= 8)
        var seen: [String: Set<[UInt8]?>] = [:]
        for kept in 0..<1 << ids.count {
            let clone = disk.clone()
            clone.losePower { effect in
                kept >> (ids.firstIndex(of: effect.id) ?? 0) & 1 == 1 ? .keep : .drop
            }
            for path in row.allowed.keys { seen[path, default: []].insert(clone.bytes(of: path)) }
        }
        // Also that each of them happens: a disk that keeps too much would hide mistakes.
        for (path, allowed) in row.allowed { #expect(seen[path] == Set(allowed), "\(path)") }
    }

    @Test("a file that moves is in one of the two places, never in both or none", arguments: 0..<4)
    func moving(kept: Int) throws {
        let disk = SimulatedFileSystem()
        try disk.makeFolder("d")
        try disk.file("a", holding: [1])
        try disk.rename("a", to: "d/a")
        let ids = disk.pending.map(\.id)
        disk.losePower { kept >> (ids.firstIndex(of: $0.id) ?? 0) & 1 == 1 ? .keep : .drop }
        let places = ["a", "d/a"].filter { disk.bytes(of: $0) != nil }
        #expect(places.count == 1)
    }

    @Test("after random calls, keeping all keeps what is seen, and dropping all what is durable")
    func extremes() throws {
        for seed in 0..<300 as Range<UInt64> {
            let disk = SimulatedFileSystem(seed: seed)
            let hash = try run(seed, on: disk)
            let contents = disk.contents()
            let (kept, dropped) = (disk.clone(), disk.clone())
            kept.losePower(.keep)
            #expect(kept.contents().visible == contents.visible, "seed \(seed)")
            dropped.losePower(.drop)
            #expect(dropped.contents().visible == contents.durable, "seed \(seed)")
            for settled in [kept, dropped] {
                #expect(settled.pending == [], "seed \(seed)")
                #expect(settled.contents().visible == settled.contents().durable, "seed \(seed)")
            }
            #expect(try run(seed, on: SimulatedFileSystem(seed: seed)) == hash, "seed \(seed)")
        }
    }

    @Test("random calls and any fates: what was synced by itself stays")
    func randomFates() throws {
        var tornCount = 0
        for seed in 0..<300 as Range<UInt64> {
            let disk = SimulatedFileSystem(seed: seed)
            try disk.file("kept", holding: filled(7, 5000))
            _ = try run(seed, on: disk)
            var random = SeededRandom(seed: seed)
            disk.losePower { effect in
                guard effect.isWrite, random.oneIn(2) else {
                    return random.oneIn(2) ? .keep : .drop
                }
                tornCount += 1
                let set = SectorSet(count: effect.sectorCount) { _ in random.oneIn(2) }
                let fates: [Fate] = [
                    .zero, .tear(.sectors(set)), .tear(.bytes(random.below(9000))),
                    .zeroOutside(set), .noiseOutside(set, seed: seed),
                ]
                return fates[random.below(fates.count)]
            }
            #expect(disk.bytes(of: "kept") == filled(7, 5000), "seed \(seed)")
            #expect(try tree(disk).count == disk.contents().visible.count, "seed \(seed)")
        }
        #expect(tornCount > 300)
    }

    private func run(_ seed: UInt64, on disk: SimulatedFileSystem) throws -> UInt64 {
        var run = try DoorRun(on: disk)
        for step in DoorScript(seed: seed, stepCount: 60, hasDirect: true).steps {
            _ = run.run(step)
        }
        return disk.traceHash
    }
}
