import EmakiPlatform
import Testing

@testable import EmakiLog

/// What an opening makes of the device that a store lies on now.
@Suite struct MutantDeviceTests {
    private func choice(
        blockBytes: Int = 4096, method: SyncMethod = .direct,
        _ change: (inout DiskTraits) -> Void = { _ in }
    ) throws -> DeviceChoice {
        let files = MemoryFileSystem()
        let store = try StoreCreation.lay(
            CoreHarness.smallOptions, blockBytes: blockBytes, method: method, rawLatency: 1,
            in: files, path: "memory", entropy: SeededEntropy(seed: 1), now: 1
        ).store
        change(&files.device)
        return try DeviceChoice(for: store, in: files)
    }

    @Test("a store is opened as it was made where the device can do it")
    func unchanged() throws {
        for blockBytes in [512, 4096] {
            let choice = try choice(blockBytes: blockBytes)
            #expect(choice.method == .direct)
            #expect(choice.warnings.isEmpty)
        }
        let buffered = try choice(method: .dataSync)
        #expect(buffered.method == .dataSync)
        #expect(buffered.warnings.isEmpty)
    }

    @Test("a device that writes more at once, or not directly, is written through the page cache")
    func moved() throws {
        let larger = try choice { $0.physicalBlockBytes = 8192 }
        #expect(larger.method == .dataSync)
        #expect(larger.warnings.map { $0.contains("8192 bytes at once") } == [true])
        let logical = try choice { $0.logicalBlockBytes = 8192 }
        #expect(logical.method == .dataSync)
        let indirect = try choice { $0.supportsDirect = false }
        #expect(indirect.method == .dataSync)
        #expect(indirect.warnings.map { $0.contains("memory cannot bypass") } == [true])
    }

    @Test("blocks smaller than the file system's are warned of where the page cache writes them")
    func smallBlocks() throws {
        let buffered = try choice(blockBytes: 512, method: .dataSync)
        #expect(buffered.warnings.map { $0.contains("torn write") } == [true])
        let both = try choice(blockBytes: 512) { $0.supportsDirect = false }
        #expect(both.warnings.count == 2)
    }
}
