import EmakiLog
import EmakiPlatform
import Testing

@testable import EmakiSimulation

/// Scrubs of damaged files on disks that tear, lose and refuse what is written to them.
@Suite struct ScrubFailureTests {
    /// A store with sealed files of which some pages are damaged, each within its parity.
    private final class Subject {
        let state: DiskState
        /// The sealed files before they were damaged.
        let sound: [String: [UInt8]]
        let eventCount: Int

        init() throws {
            let disk = SimulatedFileSystem()
            try LogCore.create(
                StoreOptions(segmentBytes: 128 << 10), blockBytes: 4096, method: .direct, in: disk,
                entropy: ScriptEntropy(seed: 1), now: 0)
            let core = try LogCore.open(
                in: disk, configuration: Configuration(), entropy: ScriptEntropy(seed: 2))
            for round in 0..<2 {
                for number in 0..<14 {
                    try core.prepareSegments()
                    let payload = filled(UInt8(number), 20_000 + round)
                    _ = try core.offer([
                        StreamAppend(
                            to: try StreamID("s\(number % 3)"), [Event(type: "T", payload: payload)]
                        )
                    ])
                    try core.commit(at: Int64(number))
                }
                try core.seal()
            }
            eventCount = try core.durableEvents(from: .start).count
            core.closeFiles()
            var sound: [String: [UInt8]] = [:]
            for name in try disk.list("sealed") {
                let path = "sealed/" + name
                let bytes = try #require(disk.bytes(of: path))
                sound[path] = bytes
                _ = try disk.damage(path, .zero(4096..<8192))
                _ = try disk.damage(path, .flipBit(offset: 2 * 4096 + 7, bit: 3))
                _ = try disk.damage(path, .flipBit(offset: bytes.count - 4000, bit: 1))
                _ = try disk.damage(path, .unreadable(3 * 4096..<3 * 4096 + 512))
            }
            self.sound = sound
            state = disk.presentState
        }

        func scrub(_ disk: SimulatedFileSystem, random: UInt64) throws(LogError) -> ScrubReport {
            let core = try LogCore.open(
                in: disk, configuration: Configuration(), entropy: ScriptEntropy(seed: 3))
            defer { core.closeFiles() }
            return try core.scrubPages(random: random)
        }

        /// The next scrub makes whole what this one left, and then there is nothing to do.
        func check(_ disk: SimulatedFileSystem, _ attempt: String) throws {
            let report = try scrub(disk, random: 1)
            #expect(report.damages.isEmpty && report.files == sound.count, "\(attempt): \(report)")
            for (path, bytes) in sound { #expect(disk.bytes(of: path) == bytes, "\(attempt)") }
            let again = try scrub(disk, random: 0)
            #expect(again.repairedPages == 0 && again.damages.isEmpty, "\(attempt): \(again)")
            let core = try LogCore.open(
                in: disk, configuration: .readOnly(), entropy: ScriptEntropy(seed: 4))
            defer { core.closeFiles() }
            #expect(try core.durableEvents(from: .start).count == eventCount, "\(attempt)")
        }
    }

    @Test("a scrub mends what is damaged, wherever it begins")
    func mends() throws {
        let subject = try Subject()
        #expect(subject.sound.count == 2)
        for random in 0..<UInt64(3) {
            let disk = SimulatedFileSystem(subject.state)
            let report = try subject.scrub(disk, random: random)
            #expect(report.repairedPages == 4 * subject.sound.count, "\(report)")
            try subject.check(disk, "from \(random)")
        }
    }

    @Test("power goes at any call of a scrub: what is not mended yet is mended by the next one")
    func cuts() throws {
        let subject = try Subject()
        var numbers: [Int] = []
        let counted = SimulatedFileSystem(subject.state)
        counted.setWitness { _, _, number, _ in numbers.append(number) }
        _ = try subject.scrub(counted, random: 0)
        counted.setWitness(nil)
        #expect(numbers.count > 8)
        for number in numbers.striding(by: TestExtent.every(3)) {
            for rule in [
                FateRule(.drop), FateRule(.keep), FateRule(.torn, seed: 1), FateRule(.mix, seed: 3),
            ] {
                let disk = SimulatedFileSystem(subject.state)
                disk.powerCut = .atCall(number)
                do { _ = try subject.scrub(disk, random: 0) } catch {}
                #expect(!disk.isPowered)
                var picker = FatePicker(rule)
                disk.losePower { picker.fate(of: $0) }
                try subject.check(disk, "call \(number), \(rule.text)")
            }
        }
    }

    @Test("the k-th call of a scrub fails in every way: nothing that was sound is harmed")
    func failures() throws {
        let subject = try Subject()
        var failureCount = 0
        for call in [DoorCall.open, .read, .write, .sync] {
            for (wayNumber, way) in CallFailures.ways(of: call).enumerated()
            where !["EINTR", "EAGAIN"].contains(way.name) {
                // Each way strikes other calls.
                let start = TestExtent.isLong ? 1 : 1 + wayNumber % 4
                for number in stride(from: start, to: .max, by: TestExtent.every(8)) {
                    let disk = SimulatedFileSystem(subject.state)
                    let core = try LogCore.open(
                        in: disk, configuration: Configuration(), entropy: ScriptEntropy(seed: 3))
                    disk.faults = FaultPlan([Fault(way.action, at: .call(number), of: [call])])
                    do throws(LogError) {
                        _ = try core.scrubPages(random: 0)
                    } catch {
                        failureCount += 1
                    }
                    core.closeFiles()
                    guard disk.faults.strikeCount > 0 else { break }
                    disk.faults = FaultPlan()
                    try subject.check(disk, "\(call) \(number) (\(way.name))")
                }
            }
        }
        #expect(failureCount > 10)
    }
}
