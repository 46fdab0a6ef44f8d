import EmakiPlatform
import Testing

@testable import EmakiLog

/// How sealing and merging use the device that commits wait for.
@Suite struct SealingDeviceTests {
    @Test(
        "sealed files are written past the page cache where the log is, in pieces that are small",
        arguments: [SyncMethod.direct, .dataSync])
    func device(method: SyncMethod) async throws {
        let store = try ShellStore(method: method)
        let disk = WatchedDisk(base: store.disk)
        let log = try store.open(on: disk) { $0.sealsInBackground = false }
        let isDirect = log.committer.core.syncMethod == .direct
        // Elsewhere it may be opened through the page cache.
        #expect(!isDirect || method == .direct)
        for round in 0..<2 {
            for number in 0..<40 {
                try await log.append(
                    Event(type: "T", payload: bytes(8_000, seed: 100 * round + number)), to: "s")
            }
            try await log.seal(all: true)
        }
        let sealedCount = disk.made.count
        try await log.merge()
        await log.close()
        #expect(sealedCount > 1 && disk.made.count > sealedCount)
        #expect(disk.made.allSatisfy { $0.isDirect == isDirect })
        let largest = disk.made.map(\.largest.value).max() ?? 0
        #expect(largest <= 128 << 10, "\(largest)")
        // Of the segments, nobody reads ahead, and no piece is larger.
        #expect(disk.read.count > 0)
        #expect(disk.read.allSatisfy { $0.isRandom.value && $0.largest.value <= 128 << 10 })
    }

    /// Watches how new sealed files are written, and segments read.
    private final class WatchedDisk: ForwardingFileSystem, @unchecked Sendable {
        let base: FaultyFileSystem
        private let lock = Lock()
        private var files: [WatchedFile] = []

        init(base: FaultyFileSystem) { self.base = base }

        var made: [WatchedFile] {
            lock.withLock { files.filter { $0.mode.existence == .mustBeNew } }
        }
        var read: [WatchedFile] { lock.withLock { files.filter { !$0.mode.isWritable } } }

        func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
            let file = try base.open(path, mode)
            let isMade = path.hasPrefix(StoreFolder.sealed) && mode.existence == .mustBeNew
            let isRead = path.hasPrefix(StoreFolder.wal) && !mode.isWritable
            guard isMade || isRead else { return file }
            let watched = WatchedFile(base: file, mode)
            lock.withLock { files.append(watched) }
            return watched
        }
    }

    private final class WatchedFile: ForwardingFile, @unchecked Sendable {
        let base: any File
        let mode: OpenMode
        let largest = Guarded(0)
        let isRandom = Guarded(false)
        var isDirect: Bool { mode.isDirect }

        init(base: any File, _ mode: OpenMode) {
            self.base = base
            self.mode = mode
        }

        func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
            largest.value = max(largest.value, bytes.byteCount)
            try base.write(bytes, at: fileOffset)
        }

        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            largest.value = max(largest.value, bytes.byteCount)
            return try base.read(into: &bytes, at: fileOffset)
        }

        func expectRandomReads() {
            isRandom.value = true
            base.expectRandomReads()
        }
    }
}
