import EmakiLog
import EmakiPlatform

/// What a store takes on the disk.
struct BenchSpace: Sendable {
    /// Allocated to all files of the store's folder.
    var diskBytes = 0
    /// Sealed files, and the events in them.
    var sealedBytes = 0
    var sealedEventCount = 0

    static func measure(_ log: EventLog, in folder: String) -> BenchSpace {
        let statistics = log.statistics
        return BenchSpace(
            diskBytes: allocatedBytes(of: folder), sealedBytes: statistics.sealedFileBytes,
            sealedEventCount: statistics.eventsInSealedFiles)
    }

    /// What is in sealed files, beside one another.
    var bytesPerEvent: Double? {
        sealedEventCount > 0 ? Double(sealedBytes) / Double(sealedEventCount) : nil
    }

    /// Of all files in a folder. What goes away meanwhile does not count.
    static func allocatedBytes(of folder: String) -> Int {
        allocatedBytes(of: "", in: PosixFileSystem(root: folder))
    }

    private static func allocatedBytes(of folder: String, in files: PosixFileSystem) -> Int {
        guard let names = try? files.list(folder) else { return 0 }
        return names.reduce(0) { total, name in
            let path = folder.isEmpty ? name : folder + "/" + name
            if (try? files.kind(of: path)) == .folder {
                return total + allocatedBytes(of: path, in: files)
            }
            return total + ((try? files.allocatedBytes(of: path)) ?? 0)
        }
    }
}

/// The most that a store took, as seen five times a second by a thread of its own.
final class BenchSpaceWatch: @unchecked Sendable {
    private static let pauseNanoseconds: Int64 = 200_000_000

    private let folder: String
    private let lock = Lock()
    private let stopWord = WaitWord()
    private var peakBytes = 0

    init(_ folder: String) {
        self.folder = folder
        look()
        SystemThread.start(name: "bench-space") { [self] in
            let running = stopWord.value
            while !stopWord.wait(while: running, nanoseconds: Self.pauseNanoseconds) { look() }
        }
    }

    private func look() {
        let bytes = BenchSpace.allocatedBytes(of: folder)
        lock.withLock { peakBytes = max(peakBytes, bytes) }
    }

    /// Looks once more, and ends.
    /// - Returns: the most that was seen.
    func stop() -> Int {
        stopWord.bump()
        stopWord.wakeAll()
        look()
        return lock.withLock { peakBytes }
    }
}
