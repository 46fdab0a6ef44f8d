import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// What a purge and a forgetting owe to files that nobody lists, and to a log that is being closed.
@Suite struct MutantForgetTests {
    /// A disk that writes down what happens to names, and tells when a file is removed.
    private final class NotedFileSystem: ForwardingFileSystem, @unchecked Sendable {
        let base: FaultyFileSystem
        private let lock = Lock()
        private var calls: [String] = []
        private var afterRemoval: (@Sendable () -> Void)?
        private var eachRename: (@Sendable (String) -> Void)?

        init(_ base: FaultyFileSystem) { self.base = base }

        var notes: [String] { lock.withLock { calls } }

        func note(_ call: String) { lock.withLock { calls.append(call) } }

        /// Runs once, on the thread that removes the next file.
        func atNextRemoval(_ body: @escaping @Sendable () -> Void) {
            lock.withLock { afterRemoval = body }
        }

        /// Runs on the thread that gives a file its name.
        func atEachRename(_ body: @escaping @Sendable (String) -> Void) {
            lock.withLock { eachRename = body }
        }

        func rename(_ path: String, to target: String) throws(DiskError) {
            try base.rename(path, to: target)
            note("rename \(target)")
            lock.withLock { eachRename }?(target)
        }

        func remove(_ path: String) throws(DiskError) {
            try base.remove(path)
            note("remove \(path)")
            let body = lock.withLock {
                defer { afterRemoval = nil }
                return afterRemoval
            }
            body?()
        }

        func syncFolder(_ path: String) throws(DiskError) {
            try base.syncFolder(path)
            note("syncFolder \(path)")
        }
    }

    private static func tune(_ configuration: inout Configuration) {
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
    }

    /// Of a number that no file will have again.
    private static let leftover = SealedEntry.path(ofNumber: 0)

    private static func leave(in store: ShellStore) {
        let path = store.path + "/" + leftover
        #expect(FileManager.default.createFile(atPath: path, contents: Data([1])))
    }

    private static func isLeft(in store: ShellStore) -> Bool {
        FileManager.default.fileExists(atPath: store.path + "/" + leftover)
    }

    @Test("a purge removes sealed files that nobody lists, and makes that durable")
    func leftovers() async throws {
        let store = try ShellStore()
        let disk = NotedFileSystem(store.disk)
        let log = try store.open(on: disk, Self.tune)
        try await log.append(Event(type: "T"), to: "secret")
        try await log.append(Event(type: "T"), to: "other")
        try await log.seal(all: true)
        Self.leave(in: store)
        try await log.purge("secret")
        let isLeft = Self.isLeft(in: store)
        #expect(!isLeft)
        let notes = disk.notes
        let removal = try #require(notes.lastIndex(of: "remove \(Self.leftover)"))
        #expect(notes[removal...].contains("syncFolder \(StoreFolder.sealed)"))
        #expect(try log.events(in: "other").count == 1)
        await log.close()
    }

    @Test("a purge removes what has no name yet, if nobody is making a file")
    func unnamed() async throws {
        let store = try ShellStore()
        let log = try store.open(Self.tune)
        try await log.append(Event(type: "T"), to: "secret")
        try await log.append(Event(type: "T"), to: "other")
        let path = Self.leftover + SealedEntry.temporarySuffix
        try await log.seal(all: true)
        try store.disk.open(path, OpenMode(.mustBeNew)).close()
        try await log.purge("secret")
        #expect(try store.disk.kind(of: path) == nil)
        await log.close()
    }

    @Test("a file that MANIFEST may list is removed by a purge only when it certainly is not")
    func doubt() async throws {
        let store = try ShellStore()
        let disk = NotedFileSystem(store.disk)
        let log = try store.open(on: disk, Self.tune)
        try await log.append(Event(type: "T"), to: "secret")
        try await log.append(Event(type: "T"), to: "other")
        try await log.seal(all: true)
        Self.leave(in: store)
        let committer = log.committer
        // As if a switch had failed, right after the last one that the purge itself makes.
        disk.atNextRemoval {
            _ = committer.worker.run {
                committer.lock.withLock {
                    let step = committer.core.beginRenewal()
                    committer.core.orphans.append(Self.leftover)
                    committer.core.failRenewal(step)
                }
                disk.note("doubt")
            }
        }
        try await log.purge("secret")
        let isLeft = Self.isLeft(in: store)
        #expect(!isLeft)
        let notes = disk.notes
        let start = try #require(notes.firstIndex(of: "doubt"))
        let removal = try #require(notes.firstIndex(of: "remove \(Self.leftover)"))
        try #require(start < removal)
        #expect(notes[start..<removal].contains("rename \(Manifest.twin.name)"))
        #expect(log.peek { !$0.core.isManifestInDoubt })
        await log.close()
        let again = try store.open()
        #expect(try again.events(in: "other").count == 1)
        await again.close()
    }

    @Test("the purge of a stream that was never written looks at nothing and changes nothing")
    func neverWritten() async throws {
        let store = try ShellStore()
        let log = try store.open(Self.tune)
        try await log.append(Event(type: "T"), to: "other")
        let end = log.durablePosition
        var wanted = PurgeReport()
        wanted.position = end
        #expect(try await log.purge("never") == wanted)
        #expect(log.durablePosition == end)
        #expect(log.statistics.sealedFiles == 0)
        await log.close()
    }

    @Test("the zeros that a purge writes over ready segments are durable")
    func cleanedSegments() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try core.prepareSegments()
        let segment = try #require(core.segments.last)
        try #require(segment.number != core.activeNumber)
        let secret = Array("Zq7#vK2!pX9$wL4%".utf8)
        harness.files.edit(segment.path) { bytes in
            let start = core.layout.framesOffset + 5000
            bytes.replaceSubrange(start..<start + secret.count, with: secret)
        }
        try core.beginPurge()
        core.endPurge()
        let left = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: false)
        #expect(left[segment.path].count == core.layout.segmentBytes)
        #expect(left[segment.path][core.layout.framesOffset...].allSatisfy { $0 == 0 })
    }

    @Test("a log that is being closed forgets nothing any more")
    func closing() async throws {
        let store = try ShellStore()
        let log = try store.open(Self.tune)
        try await log.append(Event(type: "T"), to: "a")
        try await log.append(Event(type: "T"), to: "b")
        try await log.delete("a")
        try await log.seal(all: true)
        // What is left of it is what says that it was deleted.
        try await log.merge()
        store.disk.holdWrites()
        async let last = outcome { () async throws(LogError) in
            try await log.append(Event(type: "T"), to: "b")
        }
        await store.disk.heldWrite()
        async let isClosed: Void = log.close()
        await passed { log.peek { $0.queue.isClosing } }
        #expect(log.peek { !$0.isClosed })
        await #expect(throws: LogError.closed) { try await log.forget("a") }
        store.disk.releaseWrites()
        #expect(await last.error == nil)
        await isClosed
        let again = try store.open(Self.tune)
        #expect(try again.version(of: "a") == 1)
        #expect(try await again.forget("a"))
        await again.close()
    }

    @Test("a stream that is deleted again and again while it is forgotten is not forgotten")
    func deletedAgain() async throws {
        let store = try ShellStore()
        let disk = NotedFileSystem(store.disk)
        let log = try store.open(on: disk, Self.tune)
        try await log.append(Event(type: "T"), to: "a")
        try await log.delete("a")
        let committer = log.committer
        let times = Guarded(0)
        let lock = Lock()
        disk.atEachRename { path in
            // What is sealed goes, but by then there is another record in the next segment.
            guard path.hasSuffix(RemovalFile.suffix),
                lock.withLock({
                    times.value += 1
                    return times.value <= 2 * Limits.sealingsPerForgettingMax
                })
            else { return }
            let source = RemovalSource(
                stream: "a", expected: .anything, request: .again(through: 1, ending: true))
            let answer = Result { () throws(LogError) in
                try committer.commitOnThread(MeasuredBatch(removal: source)) { _, _ in }
            }
            #expect(answer.error == nil)
        }
        await #expect(throws: LogError.notDeleted(stream: "a", version: 1)) {
            try await log.forget("a")
        }
        #expect(lock.withLock { times.value } == Limits.sealingsPerForgettingMax)
        disk.atEachRename { _ in }
        #expect(try await log.forget("a"))
        #expect(try log.version(of: "a") == 0)
        await log.close()
    }
}
