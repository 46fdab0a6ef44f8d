import EmakiPlatform
import EmakiSimulation
import Testing

@Suite("What a power loss does to files")
struct PowerLossTests {
    let disk = SimulatedFileSystem()

    @Test("a write is seen at once, and dropped unless it was synced")
    func writes() throws {
        let file = try disk.file("a", holding: [1, 2, 3])
        try file.put([9], at: 1)
        #expect(try file.get(9, at: 0) == [1, 9, 3])
        #expect(disk.pending.map(\.kind) == [.write(1..<2)])
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == [1, 2, 3])
        #expect(disk.pending == [])
    }

    @Test("what was kept is durable afterwards")
    func keeping() throws {
        let file = try disk.file("a", holding: [1, 2, 3])
        try file.put([9], at: 5)
        disk.losePower(.keep)
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == [1, 2, 3, 0, 0, 9])
    }

    @Test("a sync of a file makes its writes and its size durable, and no other file's")
    func syncing() throws {
        let one = try disk.file("a")
        let other = try disk.file("b")
        try one.put([1], at: 0)
        try one.resize(to: 3)
        try other.put([2], at: 0)
        try one.sync()
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == [1, 0, 0])
        #expect(disk.bytes(of: "b") == [])
    }

    @Test("a durable write through the caches is alone in being durable")
    func writingThrough() throws {
        let file = try disk.file("a", holding: filled(1, 10_000))
        try file.put(filled(2, 10_000), at: 0)
        try file.putDurably(filled(3, 100), at: 5000)
        try file.put(filled(4, 10), at: 5000)
        #expect(disk.pending.count == 2)
        let clone = disk.clone()
        disk.losePower(.drop)
        var expected = filled(1, 10_000)
        expected.replaceSubrange(5000..<5100, with: filled(3, 100))
        #expect(disk.bytes(of: "a") == expected)
        // An older write that is kept must not come to lie over it.
        clone.losePower { $0.kind == .write(0..<10_000) ? .keep : .drop }
        expected = filled(2, 10_000)
        expected.replaceSubrange(5000..<5100, with: filled(3, 100))
        #expect(clone.bytes(of: "a") == expected)
    }

    @Test("a durable write through the page cache takes along all that was written before")
    func dataSync() throws {
        let file = try disk.file("a", holding: filled(1, 8192))
        try file.put(filled(2, 4096), at: 0)
        try file.putDurably(filled(3, 4096), at: 4096, by: .dataSync)
        #expect(disk.pending == [])
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == filled(2, 4096) + filled(3, 4096))
    }

    @Test("a durable write beyond the end takes along the size that is needed to read it")
    func growingDurably() throws {
        let file = try disk.file("a")
        try file.resize(to: 10_000)
        try file.putDurably([1], at: 5000)
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == filled(0, 5000) + [1])
    }

    @Test("writes to one file meet their fates one by one, also out of order", arguments: 0..<8)
    func independence(kept: Int) throws {
        let file = try disk.file("a", holding: filled(0, 3 * 512))
        for part in 0..<3 { try file.put(filled(UInt8(part + 1), 512), at: part * 512) }
        let ids = disk.pending.map(\.id)
        disk.losePower { effect in
            kept >> (ids.firstIndex(of: effect.id) ?? 0) & 1 == 1 ? .keep : .drop
        }
        var expected: [UInt8] = []
        for part in 0..<3 {
            let isKept = kept >> part & 1 == 1
            expected += filled(isKept ? UInt8(part + 1) : 0, 512)
        }
        #expect(disk.bytes(of: "a") == expected)
    }

    @Test(
        "each fate of a write of four sectors does what it says",
        arguments: [
            (Fate.keep, [2, 2, 2, 2]), (.drop, [1, 1, 1, 1]), (.zero, [0, 0, 0, 0]),
            (.tear(.sectors(SectorSet(mask: 0b1001))), [2, 1, 1, 2]),
            (.tear(.prefix(3)), [2, 2, 2, 1]), (.tear(.suffix(1)), [1, 1, 1, 2]),
            (.tear(.prefix(0)), [1, 1, 1, 1]), (.tear(.prefix(9)), [2, 2, 2, 2]),
            (.tear(.bytes(1024)), [2, 2, 1, 1]), (.tear(.bytes(9999)), [2, 2, 2, 2]),
            (.zeroOutside(SectorSet(count: 4) { $0 > 1 }), [0, 0, 2, 2]),
        ] as [(Fate, [UInt8])])
    func fates(fate: Fate, sectors: [UInt8]) throws {
        let file = try disk.file("a", holding: filled(1, 2048))
        try file.put(filled(2, 2048), at: 0)
        disk.losePower(fate)
        #expect(disk.bytes(of: "a") == sectors.flatMap { filled($0, 512) })
    }

    @Test("noise fills the sectors that were being written, the same for a seed")
    func noise() throws {
        let file = try disk.file("a", holding: filled(1, 2048))
        try file.put(filled(2, 2048), at: 0)
        let fate = Fate.noiseOutside(SectorSet(mask: 0b0110), seed: 7)
        let clone = disk.clone()
        disk.losePower(fate)
        clone.losePower(fate)
        let bytes = try #require(disk.bytes(of: "a"))
        #expect(Array(bytes[512..<1536]) == filled(2, 1024))
        #expect(Set(bytes[..<512]).count > 100 && Set(bytes[1536...]).count > 100)
        #expect(clone.bytes(of: "a") == bytes)
    }

    @Test("a write that grows the file: each fate decides about the size too")
    func growing() throws {
        func size(after fate: Fate) throws -> Int? {
            let disk = SimulatedFileSystem()
            try disk.file("a", holding: filled(1, 100)).put(filled(2, 1500), at: 100)
            disk.losePower(fate)
            return disk.bytes(of: "a")?.count
        }
        #expect(try size(after: .keep) == 1600)
        #expect(try size(after: .drop) == 100)
        #expect(try size(after: .zero) == 1600)
        #expect(try size(after: .tear(.prefix(1))) == 512)
        #expect(try size(after: .tear(.suffix(1))) == 1600)
        #expect(try size(after: .tear(.bytes(7))) == 107)
    }

    @Test("a size is kept or dropped apart from the bytes around it")
    func resizing() throws {
        let file = try disk.file("a", holding: filled(1, 5000))
        try file.resize(to: 3)
        try file.put([2], at: 4)
        #expect(try file.get(9, at: 0) == [1, 1, 1, 0, 2])
        let clone = disk.clone()
        disk.losePower { $0.kind == .resize(from: 5000, to: 3) ? .keep : .drop }
        #expect(disk.bytes(of: "a") == [1, 1, 1])
        clone.losePower { $0.isWrite ? .keep : .drop }
        #expect(clone.bytes(of: "a") == [1, 1, 1, 1, 2] + filled(1, 4995))
    }

    @Test("shrinking and growing again shows zeros and not what was there")
    func regrowing() throws {
        let file = try disk.file("a", holding: filled(1, 9000))
        try file.resize(to: 5000)
        try file.resize(to: 9000)
        #expect(try file.get(9000, at: 0) == filled(1, 5000) + filled(0, 4000))
    }

    @Test("the call at which power goes has begun, and every later one fails")
    func powerCut() throws {
        let file = try disk.file("a", holding: [1])
        disk.powerCut = .atCall(disk.callCount + 2)
        try file.put([2], at: 0)
        #expect(throws: DiskError(.write, SystemCode.powerLoss)) { try file.put([3], at: 1) }
        #expect(!disk.isPowered)
        #expect(throws: DiskError(.sync, SystemCode.powerLoss)) { try file.sync() }
        #expect(throws: DiskError(.list, SystemCode.powerLoss)) { try disk.list("") }
        #expect(disk.pending.map(\.kind) == [.write(0..<1), .write(1..<2)])
        disk.losePower(.keep)
        #expect(disk.isPowered)
        #expect(disk.bytes(of: "a") == [2, 3])
    }

    @Test("a sync during which power goes has made nothing durable")
    func cutSync() throws {
        let file = try disk.file("a", holding: [1])
        try file.put([2], at: 0)
        disk.powerCut = .atCall(disk.callCount + 1)
        #expect(throws: DiskError(.sync, SystemCode.powerLoss)) { try file.sync() }
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == [1])
    }

    @Test("a power loss ends open files, locks and mappings")
    func handles() throws {
        let file = try disk.file("a", holding: [1])
        let mapping = try file.map()
        let lock = try disk.lock("LOCK")
        disk.losePower(.keep)
        #expect(throws: DiskError(.read, SystemCode.powerLoss)) { try file.get(1, at: 0) }
        #expect(mapping.withBytes(in: 0..<1) { $0.loadUInt8(at: 0) } == 0)
        let again = try disk.lock("LOCK")
        lock.unlock()
        #expect(throws: DiskError(.lock, SystemCode.wouldBlock)) { try disk.lock("LOCK") }
        again.unlock()
        file.close()
        #expect(throws: DiskError(.read, SystemCode.badFile)) { try file.get(1, at: 0) }
    }

    @Test("a program that outlives its machine reaches nothing on the disk any more")
    func deadMachine() throws {
        try disk.file("a", holding: [1])
        let machine = SimulatedMachine(disk)
        #expect(try machine.list("") == ["a"])
        disk.losePower(.keep)
        let calls: [(DiskError.Operation, () throws -> Void)] = [
            (.open, { _ = try machine.open("a", OpenMode(.mustExist)) }),
            (.list, { _ = try machine.list("") }), (.kind, { _ = try machine.kind(of: "a") }),
            (.makeFolder, { try machine.makeFolder("d") }),
            (.rename, { try machine.rename("a", to: "b") }),
            (.remove, { try machine.remove("a") }), (.syncFolder, { try machine.syncFolder("") }),
            (.lock, { _ = try machine.lock("l") }), (.traits, { _ = try machine.traits() }),
        ]
        let (count, contents) = (disk.callCount, disk.contents())
        for (operation, call) in calls {
            #expect(throws: DiskError(operation, SystemCode.powerLoss)) { try call() }
        }
        #expect(disk.callCount == count)
        #expect(disk.contents() == contents)
        #expect(try SimulatedMachine(disk).list("") == ["a"])
    }

    @Test("a clone is the same disk and goes its own way")
    func cloning() throws {
        let file = try disk.file("a", holding: filled(1, 9000))
        try file.put([2], at: 0)
        let clone = disk.clone()
        #expect(clone.contents() == disk.contents())
        #expect(clone.pending == disk.pending)
        #expect(clone.traceHash == disk.traceHash)
        try file.put([3], at: 8000)
        try disk.remove("a")
        clone.losePower(.keep)
        #expect(clone.bytes(of: "a") == [2] + filled(1, 8999))
        #expect(disk.bytes(of: "a") == nil)
    }

    @Test("the trace tells runs apart by call, place, bytes and outcome")
    func traces() throws {
        func hash(_ body: (SimulatedFileSystem) throws -> Void) rethrows -> UInt64 {
            let disk = SimulatedFileSystem()
            try body(disk)
            return disk.traceHash
        }
        let runs: [(SimulatedFileSystem) throws -> Void] = [
            { _ in }, { _ = try $0.list("") }, { _ = try $0.kind(of: "") },
            { _ = try $0.kind(of: "a") }, { try $0.file("a") }, { try $0.file("b") },
            { try $0.file("a", holding: [1]) }, { try $0.file("a", holding: [2]) },
            { try $0.file("a", holding: [1, 1]) },
            { disk in
                disk.powerCut = .atCall(1)
                #expect(throws: DiskError.self) { try disk.list("") }
            },
        ]
        let hashes = try runs.map(hash)
        #expect(Set(hashes).count == runs.count)
        #expect(try runs.map(hash) == hashes)
    }
}
