import EmakiLog
import EmakiSimulation
import Testing

/// What a user of the package can do with a simulated disk: nothing here is internal.
@Suite("The simulated disk in a user's tests")
struct SimulatedDiskTests {
    /// Counts in a log, one event after the other.
    struct Counter {
        let log: EventLog

        /// Appends until it fails.
        /// - Returns: the last version that was acknowledged.
        func count(upTo limit: UInt64) async throws -> UInt64 {
            var version = try log.version(of: "counter").rawValue
            while version < limit {
                let event = Event(type: "Counted", text: "\(version + 1)")
                do throws(LogError) {
                    try await log.append(event, to: "counter", expecting: .version(.init(version)))
                } catch {
                    break
                }
                version += 1
            }
            return version
        }

        /// The numbers that were counted, as read back.
        func numbers() throws -> [String] {
            try log.events(in: "counter").map { String(decoding: $0.payload, as: UTF8.self) }
        }
    }

    @Test("the example of the documentation runs")
    func example() async throws {
        let disk = SimulatedDisk(seed: 7)
        let log = try await disk.open()
        disk.cutPower(withinCalls: 100)
        var acknowledged = 0
        while disk.hasPower {
            let event = Event(type: "Counted", text: "\(acknowledged + 1)")
            guard (try? await log.append(event, to: "counter")) != nil else { break }
            acknowledged += 1
        }
        await log.close()
        disk.restorePower()
        let reopened = try await disk.open()
        let version = try reopened.version(of: "counter")
        #expect(version.rawValue >= acknowledged)
        await reopened.close()
    }

    @Test("nothing acknowledged is lost, wherever the power goes and whatever becomes of the rest")
    func powerCuts() async throws {
        let beginning = SimulatedDisk(seed: 1)
        let log = try await beginning.open()
        #expect(try await Counter(log: log).count(upTo: 5) == 5)
        await log.close()
        var lost = 0
        for calls in 1...60 {
            let disk = beginning.copy()
            disk.cutPower(afterCalls: calls)
            var acknowledged: UInt64 = 5
            if let log = try? await disk.open() {
                acknowledged = try await Counter(log: log).count(upTo: 100)
                await log.close()
            }
            lost += disk.hasPower ? 0 : 1
            disk.restorePower()
            let reopened = try await disk.open()
            let numbers = try Counter(log: reopened).numbers()
            #expect(numbers.count >= acknowledged && numbers.count <= acknowledged + 1)
            #expect(numbers == (1...numbers.count).map { "\($0)" })
            await reopened.close()
        }
        #expect(lost == 60, "the power went in every run")
    }

    @Test("a random moment comes within the calls that were asked for, and differs by seed")
    func randomMoments() async throws {
        var moments: Set<Int> = []
        for seed in 0..<20 {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let before = disk.callCount
            disk.cutPower(withinCalls: 30)
            await #expect(throws: LogError.self) { try await disk.open() }
            #expect(!disk.hasPower)
            // Whoever asks once there is no power is counted as well.
            moments.insert(disk.callCount - before)
            disk.restorePower()
            #expect(disk.hasPower)
        }
        #expect(moments.count > 5)
    }

    @Test("a log that outlives its power fails, and cannot touch what comes after")
    func deadLogs() async throws {
        let disk = SimulatedDisk()
        let dead = try await disk.open()
        try await dead.append(Event(type: "T"), to: "s")
        disk.restorePower(.dropEverything)
        let alive = try await disk.open()
        #expect(try alive.version(of: "s") == .init(1))
        await #expect(throws: LogError.self) { try await dead.append(Event(type: "T"), to: "s") }
        await dead.close()
        try await alive.append(Event(type: "T"), to: "s", expecting: .version(.init(1)))
        await alive.close()
        let reopened = try await disk.open()
        #expect(reopened.receipt.wasClosed && reopened.durablePosition == .init(2))
        await reopened.close()
    }

    @Test("a second opening is refused while the first is open")
    func oneOpener() async throws {
        let disk = SimulatedDisk()
        let log = try await disk.open()
        let error = await #expect(throws: LogError.self) { try await disk.open() }
        guard case .locked = error else { return #expect(Bool(false), "\(error as Any)") }
        await log.close()
        let again = try disk.openBlocking()
        await again.close()
    }

    @Test("without a store, and unless one is asked for, opening says so")
    func noStore() async {
        let error = await #expect(throws: LogError.self) {
            try await SimulatedDisk().open(Configuration())
        }
        guard case .notAStore = error else { return #expect(Bool(false), "\(error as Any)") }
    }

    @Test("a failed commit leaves the outcome open, and opening again settles it")
    func failedSync() async throws {
        let disk = SimulatedDisk(seed: 3)
        let log = try await disk.open()
        let counter = Counter(log: log)
        #expect(try await counter.count(upTo: 3) == 3)
        disk.inject(.failedSync)
        let error = await #expect(throws: LogError.self) {
            try await log.append(Event(type: "T"), to: "counter")
        }
        guard case .outcomeUnknown = error else { return #expect(Bool(false), "\(error as Any)") }
        await log.close()
        disk.removeFaults()
        let reopened = try await disk.open()
        let version = try reopened.version(of: "counter").rawValue
        #expect([3, 4].contains(version))
        await reopened.close()
    }

    @Test("on a full disk appends that need a segment are refused, until there is space")
    func fullDisk() async throws {
        let disk = SimulatedDisk(capacityBytes: 600 << 10)
        let log = try await disk.open()
        let large = Event(type: "T", payload: [UInt8](repeating: 7, count: 30_000))
        var error: LogError?
        for _ in 0..<60 where error == nil {
            do throws(LogError) { try await log.append(large, to: "s") } catch let caught {
                error = caught
            }
        }
        #expect(error == .noSpace)
        disk.capacityBytes = nil
        // Also if an attempt to make a segment began on the full disk and is still under way.
        try await log.append(large, to: "s")
        await log.close()
    }

    @Test("a test notices a disk that says durable and forgets")
    func lyingDisk() async throws {
        let disk = SimulatedDisk()
        let log = try await disk.open()
        disk.inject(.lostSync)
        let acknowledged = try await Counter(log: log).count(upTo: 10)
        #expect(acknowledged == 10)
        await log.close()
        disk.removeFaults()
        disk.restorePower(.dropEverything)
        let reopened = try await disk.open()
        #expect(try reopened.version(of: "counter").rawValue < acknowledged)
        await reopened.close()
    }

    @Test(
        "every fault can be injected, and none makes opening trap",
        arguments: SimulatedFault.allCases)
    func everyFault(fault: SimulatedFault) async throws {
        for seed in 0..<(TestExtent.isLong ? 8 : 2) {
            let disk = SimulatedDisk(seed: UInt64(seed))
            let log = try await disk.open()
            #expect(try await Counter(log: log).count(upTo: 5) == 5)
            await log.close()
            disk.inject(fault, .rate(0.3))
            for _ in 0..<4 {
                guard let log = try? await disk.open() else { continue }
                // What rots may be beyond mending, and is refused then.
                _ = try? await Counter(log: log).count(upTo: 20)
                await log.close()
            }
            disk.removeFaults()
            disk.restorePower()
            guard let log = try? await disk.open(.readOnly(toleratingDamage: true)) else {
                continue
            }
            #expect(log.receipt.isReadOnly)
            await log.close()
        }
    }
}
