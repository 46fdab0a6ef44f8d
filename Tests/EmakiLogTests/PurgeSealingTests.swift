import EmakiPlatform
import Testing

@testable import EmakiLog

/// A purge beside a sealing that began before the purge cleans up.
@Suite struct PurgeSealingTests {
    /// Stops those who make sealed files, three times, once it is armed.
    private final class GatedFileSystem: ForwardingFileSystem, @unchecked Sendable {
        let base: FaultyFileSystem
        let gates = [Gate(), Gate(), Gate()]
        private let lock = Lock()
        // Guarded by `lock`.
        private var count = 0
        private var isArmed = false

        init(_ base: FaultyFileSystem) { self.base = base }

        func arm() { lock.withLock { isArmed = true } }

        func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
            if path.hasPrefix("sealed/"), path.hasSuffix(SealedEntry.temporarySuffix),
                !path.contains("removals"), mode.existence == .mustBeNew
            {
                let gate = lock.withLock { () -> Gate? in
                    guard isArmed, count < gates.count else { return nil }
                    count += 1
                    return gates[count - 1]
                }
                gate?.wait()
            }
            return try base.open(path, mode)
        }
    }

    @Test("a purge leaves the file of removals that a sealing under way reads, and no leftover")
    func removalsInUse() async throws {
        let store = try ShellStore()
        let disk = GatedFileSystem(store.disk)
        let log = try store.open(on: disk) {
            $0.sealsInBackground = false
            $0.mergesInBackground = false
        }
        for stream in ["secret", "x", "other"] as [StreamID] {
            try await log.append(Event(type: "T"), to: stream)
        }
        try await log.delete("x")
        try await log.seal(all: true)
        try await log.merge()
        try await log.append(Event(type: "T"), to: "other")

        // The purge has sealed what there was, and writes a file again.
        disk.arm()
        disk.gates[0].open()
        let purge = Task { try await log.purge("secret") }
        await disk.gates[1].reached()
        // A sealing begins, with the removals of now; then there are others.
        try await log.append(Event(type: "T"), to: "y")
        try await log.delete("y")
        let seal = Task { try await log.seal(all: true) }
        await disk.gates[2].reached()
        #expect(try await log.forget("x"))
        // It has nothing to do with what is being made.
        let leftover = SealedEntry.path(ofNumber: 0)
        try store.disk.open(leftover, OpenMode(.mustBeNew)).close()
        disk.gates[1].open()
        _ = try await purge.value
        #expect(try store.disk.kind(of: leftover) == nil)
        disk.gates[2].open()
        try await seal.value
        await log.close()
        // Nobody needs it any more, and nobody keeps it.
        let again = try store.open(on: disk)
        let removals = try store.disk.list(StoreFolder.sealed).filter { $0.contains("removals") }
        #expect(removals.count == 1, "\(removals)")
        await again.close()
    }
}
