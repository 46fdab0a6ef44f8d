import EmakiPlatform
import EmakiSimulation
import Testing

@Suite("What goes wrong on command")
struct FaultTests {
    let disk = SimulatedFileSystem()
    static let failure = SystemCode.inputOutput

    func plan(
        _ action: Fault.Action, at moment: Fault.Moment = .always, of calls: Set<DoorCall>,
        below prefix: String = ""
    ) {
        disk.faults = FaultPlan([Fault(action, at: moment, of: calls, below: prefix)], seed: 1)
    }

    @Test("without a plan nothing fails")
    func none() throws {
        #expect(disk.faults.isEmpty)
        let file = try disk.file("a", holding: filled(1, 9000))
        try file.sync()
        #expect(disk.bytes(of: "a") == filled(1, 9000))
    }

    @Test("every kind of call fails with the chosen error and does nothing")
    func everyKind() throws {
        let file = try disk.file("a", holding: [1])
        try disk.makeFolder("d")
        try disk.syncFolder("")
        let before = disk.contents()
        let calls: [(DoorCall, () throws -> Void)] = [
            (.open, { _ = try disk.open("new", OpenMode(.mustBeNew)) }),
            (.list, { _ = try disk.list("") }), (.kind, { _ = try disk.kind(of: "a") }),
            (.makeFolder, { try disk.makeFolder("e") }),
            (.rename, { try disk.rename("a", to: "b") }), (.remove, { try disk.remove("a") }),
            (.syncFolder, { try disk.syncFolder("") }), (.lock, { _ = try disk.lock("l") }),
            (.traits, { _ = try disk.traits() }), (.byteCount, { _ = try file.byteCount() }),
            (.read, { _ = try file.get(1, at: 0) }), (.write, { try file.put([2], at: 0) }),
            (.writeDurably, { try file.putDurably([2], at: 0) }), (.sync, { try file.sync() }),
            (.resize, { try file.resize(to: 9) }), (.dropCache, { try file.dropCache() }),
            (.map, { _ = try file.map() }),
        ]
        #expect(Set(calls.map(\.0)) == Set(DoorCall.allCases))
        for (call, body) in calls {
            plan(.fail(Self.failure), of: [call])
            #expect(throws: DiskError(call.operation, Self.failure), "\(call)") { try body() }
            #expect(disk.contents() == before, "\(call)")
            #expect(disk.pending == [], "\(call)")
        }
    }

    @Test("a fault comes at the k-th call of its kind and below its path, and passes")
    func moments() throws {
        let (one, other) = (try disk.file("a"), try disk.file("b"))
        plan(.fail(Self.failure), at: .call(2), of: [.write], below: "a")
        try one.put([1], at: 0)
        try other.put([1], at: 0)
        try other.put([1], at: 0)
        #expect(try one.get(1, at: 0) == [1])
        #expect(throws: DiskError.self) { try one.put([2], at: 0) }
        try one.put([3], at: 0)
        plan(.fail(Self.failure), at: .fromCall(2), of: [.write])
        try one.put([1], at: 0)
        for _ in 0..<3 { #expect(throws: DiskError.self) { try one.put([2], at: 0) } }
    }

    @Test("a rate is kept, and the same calls fail for a seed")
    func rates() throws {
        let file = try disk.file("a")
        func failures(seed: UInt64) -> [Int] {
            let fault = Fault(.fail(Self.failure), at: .rate(0.1), of: [.write])
            disk.faults = FaultPlan([fault], seed: seed)
            return (0..<1000).filter { _ in
                do throws(DiskError) { try file.put([1], at: 0) } catch { return true }
                return false
            }
        }
        let first = failures(seed: 1)
        #expect((60...140).contains(first.count))
        #expect(failures(seed: 1) == first)
        #expect(failures(seed: 2) != first)
    }

    @Test("a write may fail after a part, or after all of it")
    func partial() throws {
        let file = try disk.file("a", holding: filled(1, 4))
        plan(.fail(Self.failure, after: .bytes(2)), of: [.write, .writeDurably])
        #expect(throws: DiskError(.write, Self.failure)) { try file.put(filled(2, 4), at: 0) }
        #expect(disk.bytes(of: "a") == [2, 2, 1, 1])
        #expect(throws: DiskError.self) { try file.putDurably(filled(3, 3), at: 0) }
        #expect(disk.bytes(of: "a") == [3, 3, 1, 1])
        #expect(disk.pending.map(\.kind) == [.write(0..<2), .write(0..<2)])
        plan(.fail(Self.failure, after: .everything), of: [.rename, .syncFolder])
        #expect(throws: DiskError(.rename, Self.failure)) { try disk.rename("a", to: "b") }
        #expect(throws: DiskError(.syncFolder, Self.failure)) { try disk.syncFolder("") }
        disk.losePower(.drop)
        #expect(disk.bytes(of: "b") == filled(1, 4))
    }

    @Test(
        "a failed sync keeps, drops or reverts what it should have written",
        arguments: [Fault.FailedPages.kept, .dropped, .reverted], [true, false])
    func failedSync(pages: Fault.FailedPages, isWrite: Bool) throws {
        let file = try disk.file("a", holding: [1, 1])
        try file.put([2], at: 0)
        plan(.failSync(Self.failure, pages: pages), at: .call(1), of: [.sync, .writeDurably])
        #expect(throws: DiskError(.sync, Self.failure)) {
            if isWrite {
                try file.putDurably([2], at: 0, by: .dataSync)
            } else {
                try file.sync()
            }
        }
        #expect(try file.get(9, at: 0) == (pages == .reverted ? [1, 1] : [2, 1]))
        let atOnce = disk.clone()
        atOnce.losePower(.drop)
        #expect(atOnce.bytes(of: "a") == [1, 1])
        // The next sync says that all is well, and only kept pages are.
        try file.put([3], at: 1)
        try file.sync()
        let clone = disk.clone()
        clone.losePower(.drop)
        #expect(clone.bytes(of: "a") == (pages == .kept ? [2, 3] : [1, 3]))
        #expect(try file.get(9, at: 0) == (pages == .reverted ? [1, 3] : [2, 3]))
        try file.dropCache()
        #expect(try file.get(9, at: 0) == (pages == .kept ? [2, 3] : [1, 3]))
    }

    @Test("a direct read shows what the device holds after a failed sync")
    func directReadAfterFailure() throws {
        let file = try disk.file("a", holding: filled(1, 512))
        let direct = try disk.open("a", OpenMode(.mustExist, direct: true))
        try file.put(filled(2, 512), at: 0)
        plan(.failSync(Self.failure, pages: .dropped), of: [.sync])
        #expect(throws: DiskError.self) { try file.sync() }
        let memory = try PageMemory(byteCount: 512)
        _ = try memory.withMutableBytes(in: 0..<512) { bytes throws(DiskError) in
            try direct.read(into: &bytes, at: 0)
        }
        #expect(memory.loadUInt8(at: 0) == 1)
        #expect(try file.get(1, at: 0) == [2])
    }

    @Test("a full disk takes what fits, says so, and takes more once there is space")
    func capacity() throws {
        var traits = SimulatedTraits()
        traits.capacityBytes = 3 * 4096
        let disk = SimulatedFileSystem(traits)
        let file = try disk.file("a", holding: filled(1, 4096))
        #expect(try disk.traits().freeBytes == 2 * 4096)
        #expect(throws: DiskError(.write, SystemCode.noSpace)) {
            try file.put(filled(2, 3 * 4096), at: 4096)
        }
        #expect(disk.bytes(of: "a") == filled(1, 4096) + filled(2, 8192))
        try file.put(filled(3, 8192), at: 0)
        #expect(throws: DiskError.self) { try file.put([1], at: 12_288) }
        // A hole takes nothing.
        try file.resize(to: 1 << 20)
        disk.capacityBytes = 4 * 4096
        try file.put([1], at: 12_288)
        #expect(throws: DiskError.self) { try file.put([1], at: 20_000) }
        let other = try disk.file("b")
        #expect(throws: DiskError.self) { try other.put([1], at: 0) }
        file.close()
        try disk.remove("a")
        try disk.syncFolder("")
        try other.put([1], at: 0)
    }

    @Test(
        "on a full disk nothing new finds room, and what was written is overwritten"
    )
    func diskFull() throws {
        let file = try disk.file("a")
        disk.faults = FaultPlan([.diskFull(fromCall: 2)])
        try file.put([1], at: 0)
        let full = DiskError(.write, SystemCode.noSpace)
        #expect(throws: full) { try file.put(filled(2, 5000), at: 0) }
        #expect(disk.bytes(of: "a") == filled(2, 4096))
        #expect(throws: full) { try file.putDurably([1], at: 5000) }
        #expect(throws: DiskError(.makeFolder, SystemCode.noSpace)) { try disk.makeFolder("d") }
        #expect(throws: DiskError(.open, SystemCode.noSpace)) {
            try disk.open("b", OpenMode(.createIfMissing))
        }
        #expect(throws: DiskError(.open, SystemCode.notFound)) {
            try disk.open("b", OpenMode(.mustExist))
        }
        let again = try disk.open("a", OpenMode(.createIfMissing))
        try again.putDurably([3], at: 0)
        try disk.rename("a", to: "b")
        #expect(disk.bytes(of: "b")?.prefix(2) == [3, 2])
        disk.faults = FaultPlan()
        try again.put(filled(4, 5000), at: 0)
    }

    @Test("a disk that lies says that all is durable, and nothing is")
    func lies() throws {
        try disk.makeFolder("d")
        try disk.syncFolder("")
        let file = try disk.file("a", holding: [1])
        disk.faults = FaultPlan([.lyingDisk])
        try file.put([2], at: 0)
        try file.sync()
        try file.putDurably([3], at: 1)
        try file.putDurably([4], at: 2, by: .dataSync)
        _ = try disk.open("d/b", OpenMode(.mustBeNew))
        try disk.syncFolder("d")
        #expect(disk.bytes(of: "a") == [2, 3, 4])
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == [1])
        #expect(try disk.list("d") == [])
    }

    @Test("a write can be lost without a word")
    func lostWrite() throws {
        let file = try disk.file("a", holding: [1])
        plan(.loseWrite, of: [.write, .writeDurably])
        try file.put([2], at: 0)
        try file.putDurably([3], at: 0)
        #expect(try file.get(1, at: 0) == [1])
        #expect(disk.pending == [])
    }

    @Test("a read returns less than there is")
    func shortRead() throws {
        let file = try disk.file("a", holding: [1, 2, 3])
        plan(.shortRead(2), at: .call(1), of: [.read])
        #expect(try file.get(9, at: 0) == [1, 2])
        #expect(try file.get(9, at: 0) == [1, 2, 3])
    }

    @Test("power can go between the two pieces of one write", arguments: [true, false])
    func splitting(isDurable: Bool) throws {
        let file = try disk.file("a", holding: filled(1, 4096))
        plan(.split, at: .call(1), of: [.write, .writeDurably])
        disk.powerCut = .atCall(disk.callCount + 2)
        #expect(throws: DiskError(.write, SystemCode.powerLoss)) {
            if isDurable {
                try file.putDurably(filled(2, 4096), at: 0)
            } else {
                try file.put(filled(2, 4096), at: 0)
            }
        }
        #expect(disk.pending.count == (isDurable ? 1 : 2))
        let second = try #require(disk.pending.last)
        disk.losePower { $0.id == second.id ? .drop : .keep }
        guard case .write(let range) = second.kind else { return #expect(Bool(false)) }
        #expect(range.upperBound == 4096 && range.lowerBound % 512 == 0 && range.lowerBound > 0)
        let expected = filled(2, range.lowerBound) + filled(1, range.count)
        #expect(disk.bytes(of: "a") == expected)
    }

    @Test("a bit that rots under a read stays rotten")
    func rot() throws {
        let file = try disk.file("a", holding: filled(0, 100))
        plan(.flipBit, at: .call(2), of: [.read])
        #expect(try file.get(100, at: 0) == filled(0, 100))
        let rotten = try file.get(100, at: 0)
        #expect(rotten.reduce(0) { $0 + $1.nonzeroBitCount } == 1)
        #expect(try file.get(100, at: 0) == rotten)
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == rotten)
    }

    @Test("a write is damaged in silence: a zeroed sector, swapped sectors, another place")
    func silentDamage() throws {
        let written = (1...8).flatMap { filled(UInt8($0), 512) }
        func sectors(after action: Fault.Action) throws -> [UInt8] {
            let disk = SimulatedFileSystem()
            let file = try disk.file("a", holding: filled(0xff, 16 * 512))
            disk.faults = FaultPlan([Fault(action, at: .call(1), of: [.writeDurably])], seed: 5)
            try file.putDurably(written, at: 0)
            disk.losePower(.drop)
            let bytes = try #require(disk.bytes(of: "a"))
            return (0..<16).map { bytes[$0 * 512] }
        }
        let intact = (1...8).map { UInt8($0) } + filled(0xff, 8)
        let zeroed = try sectors(after: .zeroSector)
        #expect(zip(zeroed, intact).count { $0 != $1 } == 1 && zeroed.contains(0))
        let swapped = try sectors(after: .swapSectors)
        #expect(zip(swapped, intact).count { $0 != $1 } == 2 && swapped.sorted() == intact)
        let moved = try sectors(after: .misdirect)
        #expect(moved != intact && moved.sorted() == intact)
    }

    @Test("the medium is damaged at exact places")
    func exactDamage() throws {
        try disk.file("a", holding: (0..<100).map { UInt8($0) })
        try disk.damage("a", .flipBit(offset: 3, bit: 7))
        try disk.damage("a", .zero(10..<12))
        try disk.damage("a", .swap(20, 30, count: 2))
        try disk.damage("a", .copy(from: 40, to: 50, count: 3))
        try disk.damage("a", .zero(99..<200))
        #expect(try !disk.damage("none", .zero(0..<1)))
        var expected = (0..<100).map { UInt8($0) }
        expected[3] = 0x83
        expected.replaceSubrange(10..<12, with: [0, 0])
        expected.replaceSubrange(20..<22, with: [30, 31])
        expected.replaceSubrange(30..<32, with: [20, 21])
        expected.replaceSubrange(50..<53, with: [40, 41, 42])
        expected[99] = 0
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == expected)
    }

    @Test("a bad sector is unreadable until it is written, and no other is")
    func badSector() throws {
        let file = try disk.file("a", holding: filled(1, 2048))
        try disk.damage("a", .unreadable(600..<601))
        let bad = DiskError(.read, SystemCode.inputOutput)
        #expect(throws: bad) { try file.get(2048, at: 0) }
        #expect(throws: bad) { try file.get(1, at: 512) }
        #expect(try file.get(512, at: 0) == filled(1, 512))
        #expect(try file.get(512, at: 1024) == filled(1, 512))
        try file.put(filled(2, 511), at: 512)
        #expect(throws: bad) { try file.get(1, at: 512) }
        try file.put(filled(2, 512), at: 512)
        #expect(try file.get(1, at: 512) == [2])
    }

    @Test("a call stalls until it is released, and others go on")
    func stalling() async throws {
        let file = try disk.file("a")
        plan(.stall, at: .call(1), of: [.writeDurably])
        async let stalled: Void = SystemThread.offload(name: "stalled") { () throws(DiskError) in
            try file.putDurably([1], at: 0)
        }
        await SystemThread.offload(name: "test wait") { disk.waitForStalled(1) }
        #expect(try file.get(1, at: 0) == [])
        disk.releaseStalled()
        try await stalled
        #expect(try file.get(1, at: 0) == [1])
    }

    @Test("a power cut ends what stalls")
    func stalledAtPowerCut() async throws {
        let file = try disk.file("a")
        plan(.stall, of: [.sync])
        async let stalled = SystemThread.offload(name: "stalled") { () -> DiskError? in
            do throws(DiskError) { try file.sync() } catch { return error }
            return nil
        }
        await SystemThread.offload(name: "test wait") { disk.waitForStalled(1) }
        disk.cutPower()
        #expect(await stalled == DiskError(.sync, SystemCode.powerLoss))
    }
}
