import EmakiPlatform
import Glibc
import Testing

@Suite("The lock of a store")
struct PosixFileLockTests {
    let folder: TemporaryFolder
    var files: PosixFileSystem { folder.files }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a second lock is refused, in the same process too, until the first ends")
    func lockTwice() throws {
        let first = try files.lock("LOCK")
        let error = #expect(throws: DiskError.self) { try files.lock("LOCK") }
        #expect(error?.isLocked == true)
        first.unlock()
        first.unlock()
        let second = try files.lock("LOCK")
        second.unlock()
    }

    @Test("dropping the last reference ends the lock")
    func droppedLock() throws {
        _ = try files.lock("LOCK")
        _ = try files.lock("LOCK")
    }

    @Test("the lock file stays, and names its holder")
    func holderHint() throws {
        #expect(files.lockHolderHint("LOCK") == nil)
        let lock = try files.lock("LOCK")
        #expect(files.lockHolderHint("LOCK") == getpid())
        lock.unlock()
        #expect(try files.kind(of: "LOCK") == .file)
        try files.open("LOCK", OpenMode(.mustExist)).resize(to: 0)
        #expect(files.lockHolderHint("LOCK") == nil)
        try files.open("LOCK", OpenMode(.mustExist)).writeArray(Array("nonsense".utf8), at: 0)
        #expect(files.lockHolderHint("LOCK") == nil)
    }

    @Test("a lock on a file that was replaced does not keep others from the new one")
    func replacedFile() throws {
        let old = try files.lock("LOCK")
        _ = try files.open("fresh", OpenMode(.mustBeNew))
        try files.rename("fresh", to: "LOCK")
        let new = try files.lock("LOCK")
        old.unlock()
        let error = #expect(throws: DiskError.self) { try files.lock("LOCK") }
        #expect(error?.isLocked == true)
        new.unlock()
    }

    @Test("a lock below nothing is an error, not a held lock")
    func missingFolder() {
        let error = #expect(throws: DiskError.self) { try files.lock("nowhere/LOCK") }
        #expect(error == DiskError(.lock, ENOENT))
        #expect(error?.isLocked == false)
    }

    @Test("of many threads exactly one gets the lock")
    func manyThreads() throws {
        let lock = Lock()
        nonisolated(unsafe) var held: [any FileLock] = []
        nonisolated(unsafe) var refusedCount = 0
        runOnThreads(count: 8) { _ in
            do throws(DiskError) {
                let taken = try files.lock("LOCK")
                lock.withLock { unsafe held.append(taken) }
            } catch {
                lock.withLock { unsafe refusedCount += error.isLocked ? 1 : 0 }
            }
        }
        #expect(unsafe held.count == 1)
        #expect(unsafe refusedCount == 7)
    }
}
