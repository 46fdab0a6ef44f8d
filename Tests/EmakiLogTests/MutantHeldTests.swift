import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// Who asks for sealing, merging or a segment while the disk is at it, and in a log that may not do
/// it any more.
@Suite struct MutantHeldTests {
    private static let segmentBytes = 128 << 10

    private static func open(
        on disk: any FileSystem, isNew: Bool = true,
        _ change: (inout Configuration) -> Void = { _ in }
    ) throws -> EventLog {
        var configuration =
            isNew
            ? Configuration.creating(StoreOptions(segmentBytes: segmentBytes)) : Configuration()
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        configuration.idleMarkDelay = .seconds(3600)
        configuration.scrubBytesPerSecond = 0
        configuration.reserveBytes = 0
        change(&configuration)
        return try EventLog.open(in: disk, configuration, entropy: SeededEntropy(seed: 5))
    }

    /// Takes more than half of what a segment has room for, and cannot be compressed.
    private static func noise(_ seed: Int) -> Event {
        let random = SeededEntropy(seed: UInt64(seed))
        return Event(
            type: "T", payload: (0..<40_000).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    }

    private static func fill(_ log: EventLog, _ numbers: Range<Int>) async throws {
        for number in numbers { try await log.append(noise(number), to: "a") }
    }

    /// Suspends until a worker has done what it was asked for so far.
    private static func idle(_ worker: WorkerThread) async {
        await withCheckedContinuation { continuation in
            if !worker.run({ continuation.resume() }) { continuation.resume() }
        }
    }

    // MARK: Asked for twice

    @Test("who asks for sealing while a file is listed waits until it is")
    func sealWhileListed() async throws {
        let disk = HeldFileSystem()
        let log = try Self.open(on: disk)
        try await Self.fill(log, 0..<4)
        await log.workerIdle()
        let gate = disk.hold(.open, Manifest.twin.temporaryName)
        async let first = outcome { () async throws(LogError) in try await log.seal() }
        await gate.reached()
        async let second = outcome { () async throws(LogError) in try await log.seal() }
        await passed { log.peek { $0.sealWaiters.count == 2 } }
        await Self.idle(log.committer.sealer)
        #expect(log.peek { $0.sealWaiters.count } == 2)
        gate.open()
        #expect(await first.error == nil)
        #expect(await second.error == nil)
        #expect(log.statistics.eventsInSealedFiles == 3)
        await log.close()
    }

    @Test("who asks for a merge while a file is listed waits until it is")
    func mergeWhileListed() async throws {
        let disk = HeldFileSystem()
        let log = try Self.open(on: disk)
        for number in 0..<2 {
            try await Self.fill(log, number * 3..<number * 3 + 3)
            try await log.seal(all: true)
        }
        await log.workerIdle()
        let gate = disk.hold(.open, Manifest.twin.temporaryName)
        async let first = outcome { () async throws(LogError) in try await log.merge() }
        await gate.reached()
        async let second = outcome { () async throws(LogError) in try await log.merge() }
        await passed { log.peek { $0.mergeWaiters.count == 2 } }
        await Self.idle(log.committer.merger)
        #expect(log.peek { $0.mergeWaiters.count } == 2)
        gate.open()
        #expect(await first.error == nil)
        #expect(await second.error == nil)
        #expect(log.statistics.sealedFiles == 1)
        await log.close()
    }

    @Test("who asks for a merge before what earlier stops left is gone waits for it")
    func mergeWhileCleaned() async throws {
        let disk = FullFileSystem()
        let first = try Self.open(on: disk)
        for number in 0..<2 {
            try await Self.fill(first, number * 3..<number * 3 + 3)
            try await first.seal(all: true)
        }
        await first.close()
        let held = HeldFileSystem(disk)
        let gate = held.hold(.list, StoreFolder.sealed)
        let log = try Self.open(on: held, isNew: false)
        await gate.reached()
        async let merge = outcome { () async throws(LogError) in try await log.merge() }
        await passed { log.peek { $0.mergeWaiters.count == 1 } }
        await Self.idle(log.committer.merger)
        #expect(log.peek { $0.mergeWaiters.count } == 1)
        gate.open()
        #expect(await merge.error == nil)
        #expect(log.statistics.sealedFiles == 1)
        await log.close()
    }

    @Test("a merge ends when the log closes, and leaves nothing behind")
    func mergeWhileClosing() async throws {
        let disk = HeldFileSystem()
        let log = try Self.open(on: disk)
        for number in 0..<2 {
            try await Self.fill(log, number * 6..<number * 6 + 6)
            try await log.seal(all: true)
        }
        await log.workerIdle()
        let before = disk.base.paths.filter { $0.hasPrefix(StoreFolder.sealed) }
        let gate = disk.hold(.open, StoreFolder.sealed + "/")
        async let merge = outcome { () async throws(LogError) in try await log.merge() }
        await gate.reached()
        async let closing: Void = log.close()
        await passed { log.peek { $0.queue.isClosing } }
        gate.open()
        await closing
        #expect(await merge.error == .closed)
        #expect(disk.base.paths.filter { $0.hasPrefix(StoreFolder.sealed) } == before)
    }

    @Test("a sealing does not bring back what was forgotten while its file was made")
    func sealWhileForgotten() async throws {
        let disk = HeldFileSystem()
        let log = try Self.open(on: disk)
        try await log.append(Event(type: "T"), to: "gone")
        try await log.delete("gone")
        try await log.seal(all: true)
        try await log.merge()
        try await log.append(Event(type: "T"), to: "b")
        try await log.delete("b")
        let next = log.peek { $0.core.manifest.nextSealedNumber }
        let gate = disk.hold(
            .open, SealedEntry.path(ofNumber: next) + SealedEntry.temporarySuffix)
        async let seal = outcome { () async throws(LogError) in try await log.seal(all: true) }
        await gate.reached()
        #expect(try await log.forget("gone"))
        gate.open()
        #expect(await seal.error == nil)
        let (file, storeID) = log.peek { ($0.core.manifest.removalFile, $0.core.store.storeID) }
        let listed = try #require(file).read(in: disk, storeID: storeID).extents
        #expect(Set(listed.keys) == ["b"])
        await log.close()
    }

    @Test("who waits for the group that gathers hears nothing of a sealing that failed")
    func waitingForGroup() async throws {
        let store = try ShellStore()
        let log = try store.open {
            $0.sealsInBackground = false
            $0.readySegmentCount = 2
        }
        await passed { log.statistics.readySegments == 2 }
        let large = 40 << 10
        for number in 0..<2 { try await log.append(event(number, bytes: large), to: "a") }
        await log.workerIdle()
        store.disk.holdWrites()
        async let first = outcome { () async throws(LogError) in
            try await log.append(event(2), to: "a")
        }
        await store.disk.heldWrite()
        async let second = outcome { () async throws(LogError) in
            try await log.append(event(3), to: "a")
        }
        await log.pending(2)
        async let third = outcome { () async throws(LogError) in
            try await log.append(event(4, bytes: large), to: "a")
        }
        await log.waitingForRoom(1)
        let path = SealedEntry.path(ofNumber: log.peek { $0.core.manifest.nextSealedNumber })
        store.disk.failOpens(of: path + SealedEntry.temporarySuffix, code: EIO)
        let seal = await outcome { () async throws(LogError) in try await log.seal() }
        guard case .disk = seal.error else {
            Issue.record("\(seal)")
            return
        }
        // Tried again at most, and in vain.
        await log.waitingForRoom(1)
        store.disk.releaseWrites()
        for error in await [first.error, second.error, third.error] { #expect(error == nil) }
        await log.close()
    }

    // MARK: What may not be done

    @Test("a log that is only read writes nothing by itself, whatever its reserve should be")
    func readOnly() async throws {
        let disk = FullFileSystem()
        let first = try Self.open(on: disk)
        try await Self.fill(first, 0..<4)
        await first.close()
        let before = disk.usedBytes
        let log = try Self.open(on: disk, isNew: false) {
            $0.isReadOnly = true
            $0.reserveBytes = 1 << 20
        }
        log.committer.kickWorker()
        await log.workerIdle()
        #expect(disk.usedBytes == before)
        let answer = await outcome { () async throws(LogError) in try await log.seal(all: true) }
        #expect(answer.error == .readOnly)
        await log.close()
    }

    @Test("in a log that was poisoned nobody waits for a segment to be left")
    func poisoned() async throws {
        let disk = FullFileSystem()
        let log = try Self.open(on: disk) { $0.readySegmentCount = 1 }
        await passed { log.statistics.readySegments == 1 }
        disk.failOpens(of: StoreFolder.wal + "/", code: ENOSPC)
        try await Self.fill(log, 0..<2)
        await log.workerIdle()
        #expect(log.statistics.readySegments == 0)
        log.peek { $0.core.poison() }
        let answer = await outcome { () async throws(LogError) in
            try await log.committer.leaveActiveSegment()
        }
        #expect(answer.error == .poisoned)
        #expect(log.peek { $0.admissions.isEmpty && $0.core.segmentToLeave == nil })
        await log.close()
    }

    @Test("in the background nobody waits until what has expired is removed durably")
    func expiryInBackground() async throws {
        let store = try ShellStore()
        let log = try store.open()
        try await log.append(event(0), to: "a")
        let instant = SystemClock.wallNanoseconds()
        try await log.expire("a", at: instant)
        store.disk.holdWrites()
        let committer = log.committer
        async let count = onThread { () throws(LogError) in
            try committer.removeExpired(at: instant, waits: false)
        }
        #expect(try await count.get() == 1)
        #expect(log.statistics.pendingEvents == 1)
        store.disk.releaseWrites()
        await log.close()
        #expect(log.durablePosition == 3)
    }
}
