import EmakiPlatform
import Testing

@testable import EmakiLog

/// What a creation asks of the file system.
@Suite struct CoreCreationTests {
    private func lay(_ files: MemoryFileSystem) throws -> StoreCreation.Laid {
        files.keepsLog = true
        return try StoreCreation.lay(
            CoreHarness.smallOptions, blockBytes: 4096, method: .direct, rawLatency: 1, in: files,
            path: "memory", entropy: SeededEntropy(seed: 1), now: 1)
    }

    @Test("copying on write is switched off before the first segment is made, where there is any")
    func copyOnWrite() throws {
        let files = MemoryFileSystem()
        files.device.overwritesInPlace = false
        files.canStopCopying = true
        #expect(try lay(files).isCopyOnWriteStopped == true)
        let asked = try #require(files.log.firstIndex(of: "avoidCopyOnWrite wal"))
        let made = try #require(files.log.firstIndex(of: "makeFolder wal"))
        let first = try #require(files.log.firstIndex { $0.hasPrefix("open wal/") })
        #expect(made < asked && asked < first)

        let inPlace = MemoryFileSystem()
        #expect(try lay(inPlace).isCopyOnWriteStopped == nil)
        #expect(!inPlace.log.contains("avoidCopyOnWrite wal"))
    }

    @Test("a file system that goes on copying is no reason not to make a store")
    func refusal() throws {
        let files = MemoryFileSystem()
        files.device.overwritesInPlace = false
        #expect(try lay(files).isCopyOnWriteStopped == false)
        #expect(try openCore(files).content() == LogContent())
    }
}
