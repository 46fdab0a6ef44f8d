import EmakiPlatform
import Glibc
import Testing

@Suite("The probe that picks how a commit becomes durable")
struct SyncProbeTests {
    let folder: TemporaryFolder
    var files: PosixFileSystem { folder.files }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("it measures what works here and leaves nothing behind")
    func realDisk() throws {
        try files.makeFolder("store")
        let report = try SyncProbe.measure(
            in: files, folder: "store", blockBytes: 4096, sampleCount: 8,
            budgetNanoseconds: .max / 2, now: SystemClock.monotonicNanoseconds)
        let expected: [SyncMethod] =
            TemporaryFolder.hasDirect ? [.direct, .dataSync] : [.dataSync]
        #expect(report.timings.map(\.method) == expected)
        for timing in report.timings {
            #expect(timing.sampleCount == 8)
            #expect(timing.durableMin > 0 && timing.durableMin <= timing.durableP50)
            #expect(timing.durableP50 <= timing.durableP99)
        }
        #expect(report.timings.contains { $0.method == report.chosen })
        #expect(report.rawLatencyP50 == report.timings[0].durableP50)
        #expect(try files.list("store") == [])
    }

    @Test("it stops after the round that passes the budget")
    func budget() throws {
        var instant: Int64 = 0
        let report = try SyncProbe.measure(
            in: files, folder: "", methods: [.dataSync], blockBytes: 4096,
            budgetNanoseconds: 9_000
        ) {
            instant += 1_000
            return instant
        }
        // Each round asks for the time four times.
        #expect(report.timings.map(\.sampleCount) == [3])
        #expect(report.timings[0].durableP50 == 1_000)
        #expect(report.timings[0].unsyncedP50 == 1_000)
    }

    @Test("without a method that works it says so")
    func noMethod() throws {
        let error = #expect(throws: DiskError.self) {
            try SyncProbe.measure(
                in: files, folder: "", methods: [.fullSync], blockBytes: 4096,
                budgetNanoseconds: 1, now: { 0 })
        }
        #expect(error?.code == EOPNOTSUPP)
        #expect(try files.list("") == [])
    }

    @Test("a disk that fails fails the probe, and the file goes", arguments: [1, 64, 65, 66, 90])
    func failingDisk(callCount: Int) throws {
        let failing = FailingFileSystem(files, writeCountMax: callCount)
        let error = #expect(throws: DiskError.self) {
            try SyncProbe.measure(
                in: failing, folder: "", methods: [.dataSync], blockBytes: 4096,
                budgetNanoseconds: .max / 2, now: SystemClock.monotonicNanoseconds)
        }
        #expect(error == DiskError(.write, EIO))
        #expect(try files.list("") == [])
    }

    @Test("percentiles are samples, the highest of 1 to 100 at 99 is 99")
    func percentiles() throws {
        let timing = try #require(
            SyncTiming(method: .direct, durable: (1...100).reversed(), unsynced: [3, 1, 2]))
        #expect(timing.durableMin == 1 && timing.durableP50 == 50 && timing.durableP99 == 99)
        #expect(timing.unsyncedP50 == 2)
        #expect(SyncTiming(method: .direct, durable: [], unsynced: []) == nil)
    }

    @Test("the lowest median is chosen, and F is the direct method's")
    func choice() throws {
        let report = try #require(
            SyncProbeReport(
                timings: [timing(.direct, 40_000, 20_000), timing(.dataSync, 30_000, 1_000)],
                traits: traits()))
        #expect(report.chosen == .dataSync)
        #expect(report.rawLatencyP50 == 40_000)
        #expect(report.warnings == [])
        #expect(SyncProbeReport(timings: [], traits: traits()) == nil)
    }

    @Test("doubts are named")
    func warnings() {
        #expect(warnings(durable: 5_000, unsynced: 1_000) == [])
        #expect(warnings(durable: 4_999, unsynced: 1_000) == [.implausiblyFast(.direct)])
        #expect(warnings(durable: 11_500, unsynced: 10_000) == [.implausiblyFast(.direct)])
        #expect(warnings(durable: 11_501, unsynced: 10_000) == [])
        #expect(warnings(durable: 11_500, unsynced: 10_000, traits(cache: false)) == [])
        #expect(warnings(durable: 11_500, unsynced: 10_000, traits(cache: nil)) == [])
        let memory = warnings(durable: 20_000, unsynced: 1_000, traits(name: "tmpfs"))
        #expect(memory == [.unsafeFileSystem("tmpfs")])
        let copying = traits(name: "btrfs", inPlace: false)
        #expect(warnings(durable: 20_000, unsynced: 1, copying) == [.notInPlace("btrfs")])
        #expect(
            warnings(durable: 20_000, unsynced: 1_000, method: .dataSync) == [.noDirect])
        for warning in [
            .implausiblyFast(.direct), .unsafeFileSystem("9p"), .notInPlace("zfs"), .noDirect,
            .copyOnWriteStopped("btrfs"), .copyOnWriteStays("zfs"),
        ] as [SyncWarning] {
            #expect("\(warning)".hasSuffix("."), "a sentence for people")
        }
    }

    @Test("a new store's warning says whether copying on write was switched off")
    func copyOnWriteWarnings() throws {
        let timings = [timing(.dataSync, 20_000, 1)]
        let copying = try #require(
            SyncProbeReport(timings: timings, traits: traits(name: "btrfs", inPlace: false)))
        #expect(
            copying.warnings(copyOnWriteStopped: true) == [.copyOnWriteStopped("btrfs"), .noDirect])
        #expect(
            copying.warnings(copyOnWriteStopped: false) == [.copyOnWriteStays("btrfs"), .noDirect])
        #expect(copying.warnings(copyOnWriteStopped: nil) == copying.warnings)
        let inPlace = try #require(SyncProbeReport(timings: timings, traits: traits()))
        #expect(inPlace.warnings(copyOnWriteStopped: nil) == [.noDirect])
    }

    private func warnings(
        durable: Int64, unsynced: Int64, _ traits: DiskTraits? = nil, method: SyncMethod = .direct
    ) -> [SyncWarning]? {
        let timings = [timing(method, durable, unsynced)]
        return SyncProbeReport(timings: timings, traits: traits ?? self.traits())?.warnings
    }

    private func timing(_ method: SyncMethod, _ durable: Int64, _ unsynced: Int64) -> SyncTiming {
        guard let timing = SyncTiming(method: method, durable: [durable], unsynced: [unsynced])
        else { preconditionFailure("there is one sample of each") }
        return timing
    }

    private func traits(name: String = "ext4", inPlace: Bool = true, cache: Bool? = true)
        -> DiskTraits
    {
        DiskTraits(
            physicalBlockBytes: 4096, logicalBlockBytes: 512, fileSystemBlockBytes: 4096,
            fileSystemName: name, overwritesInPlace: inPlace, hasVolatileCache: cache,
            supportsDirect: true, freeBytes: 1 << 30)
    }
}
