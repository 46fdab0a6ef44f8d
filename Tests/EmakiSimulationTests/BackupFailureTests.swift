import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

/// Backups and restores on disks that tear, lose and refuse writes in every way that the simulated
/// disk knows.
@Suite struct BackupFailureTests {
    private struct Seen: Equatable {
        var stream: String
        var version: UInt64
        var position: UInt64
        var payload: [UInt8]
        var instant: Int64

        init(_ event: RecordedEvent) {
            stream = event.stream.text
            version = event.version.rawValue
            position = event.position.rawValue
            payload = event.payload
            instant = event.commitInstant
        }
    }

    /// A log with a sealed file and more, and one backup of it as it was a while ago.
    private final class Subject {
        let core: LogCore
        let earlier: [Seen]
        let all: [Seen]
        /// The disk with the backup.
        let state: DiskState

        init() throws {
            let disk = SimulatedFileSystem()
            try LogCore.create(
                StoreOptions(segmentBytes: 128 << 10), blockBytes: 4096, method: .direct, in: disk,
                entropy: ScriptEntropy(seed: 1), now: 0)
            core = try LogCore.open(
                in: disk, configuration: Configuration(), entropy: ScriptEntropy(seed: 2))
            try Self.append(24, to: core)
            try core.seal()
            try Self.append(3, to: core)
            let backups = SimulatedFileSystem()
            _ = try core.backUp(to: backups, at: 1)
            earlier = try core.durableEvents(from: .start).map { Seen($0) }
            try Self.append(24, to: core)
            try core.seal()
            try Self.append(2, to: core)
            all = try core.durableEvents(from: .start).map { Seen($0) }
            state = backups.presentState
        }

        private static func append(_ count: Int, to core: LogCore) throws {
            for number in 0..<count {
                try core.prepareSegments()
                let payload = filled(UInt8(number), 100 + number % 2 * 20_000)
                let part = StreamAppend(
                    to: try StreamID("s\(number % 3)"), [Event(type: "T", payload: payload)])
                _ = try core.offer([part])
                try core.commit(at: Int64(number))
            }
        }

        deinit { core.closeFiles() }

        /// The earlier backup is whole; so is the later one if it is there; and the next one works.
        func check(_ disk: SimulatedFileSystem, _ attempt: String) throws {
            #expect(try restored(disk, at: UInt64(earlier.count)) == earlier, "\(attempt)")
            let found = try LogCore.checkBackups(in: disk)
            let isMade = found.sound.count == 2
            #expect(found.isSound && found.repairedPages == 0, "\(attempt): \(found)")
            #expect(found.sound.count == 1 || isMade, "\(attempt): \(found)")
            if isMade { #expect(try restored(disk) == all, "\(attempt): the backup") }
            _ = try core.backUp(to: disk, at: 3)
            #expect(try restored(disk) == all, "\(attempt): the next backup")
        }

        private func restored(
            _ disk: SimulatedFileSystem, at position: UInt64? = nil
        ) throws -> [Seen] {
            let target = SimulatedFileSystem()
            _ = try LogCore.restore(
                from: disk, at: position.map { Position($0) }, to: target, method: .dataSync,
                entropy: ScriptEntropy(seed: 4))
            return try Self.events(of: target)
        }

        static func events(of disk: SimulatedFileSystem) throws -> [Seen] {
            let core = try LogCore.open(
                in: disk, configuration: .readOnly(), entropy: ScriptEntropy(seed: 3))
            defer { core.closeFiles() }
            return try core.durableEvents(from: .start).map { Seen($0) }
        }
    }

    private static let fates: [FateRule] = [
        FateRule(.drop), FateRule(.keep), FateRule(.torn, seed: 1), FateRule(.mix, seed: 3),
    ]

    /// The numbers of the calls that change a disk: between two of them it does not matter when the
    /// power goes.
    private static func changes(
        on disk: SimulatedFileSystem, _ body: (SimulatedFileSystem) throws -> Void
    ) throws -> [Int] {
        var numbers: [Int] = []
        disk.setWitness { _, _, number, _ in numbers.append(number) }
        try body(disk)
        disk.setWitness(nil)
        return numbers
    }

    @Test("power goes at any call of a backup: earlier backups are whole, and so is what is listed")
    func cutBackups() throws {
        let subject = try Subject()
        var stateCount = 0
        let calls = try Self.changes(on: SimulatedFileSystem(subject.state)) { disk in
            _ = try subject.core.backUp(to: disk, keeping: 5, at: 2)
        }
        for number in calls.striding(by: TestExtent.every(3)) {
            for rule in Self.fates {
                let disk = SimulatedFileSystem(subject.state)
                disk.powerCut = .atCall(number)
                do { _ = try subject.core.backUp(to: disk, keeping: 5, at: 2) } catch {}
                #expect(!disk.isPowered)
                var picker = FatePicker(rule)
                disk.losePower { picker.fate(of: $0) }
                try subject.check(disk, "call \(number), \(rule.text)")
                stateCount += 1
            }
        }
        print("power cuts during a backup: \(stateCount) states")
        #expect(stateCount > 20)
    }

    @Test("power goes while old backups are removed: those that are listed are whole")
    func cutRemovals() throws {
        let subject = try Subject()
        let before = SimulatedFileSystem(subject.state)
        _ = try subject.core.backUp(to: before, at: 2)
        let state = before.presentState
        func remove(_ disk: SimulatedFileSystem) throws {
            _ = try subject.core.backUp(to: disk, keeping: 1, at: 3)
        }
        for number in try Self.changes(on: SimulatedFileSystem(state), remove) {
            for seed in 0..<8 {
                let disk = SimulatedFileSystem(state)
                disk.powerCut = .atCall(number)
                do { try remove(disk) } catch {}
                var picker = FatePicker(FateRule(.mix, seed: UInt64(seed)))
                disk.losePower { picker.fate(of: $0) }
                let found = try LogCore.checkBackups(in: disk)
                #expect(found.isSound && !found.sound.isEmpty, "call \(number), \(seed): \(found)")
            }
        }
    }

    @Test("power goes at any call of a restore: there is no store, or all of it")
    func cutRestores() throws {
        let subject = try Subject()
        let backups = SimulatedFileSystem(subject.state)
        var stateCount = 0
        func restore(to target: SimulatedFileSystem) throws {
            _ = try LogCore.restore(
                from: backups, to: target, method: .direct, entropy: ScriptEntropy(seed: 5))
        }
        let calls = try Self.changes(on: SimulatedFileSystem(), restore)
        for number in calls.striding(by: TestExtent.every(3)) {
            for rule in Self.fates {
                let target = SimulatedFileSystem()
                target.powerCut = .atCall(number)
                do { try restore(to: target) } catch {}
                #expect(!target.isPowered)
                var picker = FatePicker(rule)
                target.losePower { picker.fate(of: $0) }
                if target.bytes(of: "STORE") == nil { try restore(to: target) }
                let events = try Subject.events(of: target)
                #expect(events == subject.earlier, "call \(number), \(rule.text)")
                stateCount += 1
            }
        }
        print("power cuts during a restore: \(stateCount) states")
        #expect(stateCount > 20)
    }

    @Test(
        "the k-th call of a backup fails in every way, for every k", arguments: CallFailures.calls)
    func failures(call: DoorCall) throws {
        let subject = try Subject()
        var failureCount = 0
        for way in CallFailures.ways(of: call) where !["EINTR", "EAGAIN"].contains(way.name) {
            let step = call == .read ? 9 : 1
            for number in stride(from: 1, to: Int.max, by: step * TestExtent.every(4)) {
                let disk = SimulatedFileSystem(subject.state)
                disk.faults = FaultPlan([Fault(way.action, at: .call(number), of: [call])])
                do throws(LogError) {
                    _ = try subject.core.backUp(to: disk, keeping: 5, at: 2)
                } catch {
                    failureCount += 1
                }
                guard disk.faults.strikeCount > 0 else { break }
                disk.faults = FaultPlan()
                try subject.check(disk, "\(call) \(number) (\(way.name))")
            }
        }
        print("failures of \(call) during a backup: \(failureCount)")
    }
}
