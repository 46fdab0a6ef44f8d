/// The door: everything the engine does to a disk goes through `FileSystem`, `File` and `Mapping`.
///
/// There are two implementations, `PosixFileSystem` and the simulator's. Paths are relative to the
/// root that the file system was made with; "" names the root itself. All calls block. A `File` may
/// be read from several threads at once; writes to one range are never issued concurrently.
package protocol FileSystem: AnyObject, Sendable {
    /// Opens an existing file, or creates a new one.
    /// - Throws: an error that `isNotFound` if it must exist and does not, that `isExists` if it
    ///   must be new and is not.
    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File
    /// Names in a folder, sorted by bytes, without "." and "..".
    func list(_ folder: String) throws(DiskError) -> [String]
    /// What is at this path, or nil.
    func kind(of path: String) throws(DiskError) -> EntryKind?
    /// Creates a folder (0700). Its parents must exist. The new entry is durable only after
    /// `syncFolder` of the parent.
    func makeFolder(_ path: String) throws(DiskError)
    /// Replaces `target` atomically. Durable only after `syncFolder`.
    func rename(_ path: String, to target: String) throws(DiskError)
    func remove(_ path: String) throws(DiskError)
    /// Gives a file a second name, below the root of `other`: one file that both names show. There
    /// must be nothing of that name. Durable only after `syncFolder` there.
    /// - Throws: whatever stands against it, another device for instance; then the file may be
    ///   copied instead.
    func link(_ path: String, to target: String, in other: any FileSystem) throws(DiskError)
    /// Forces the folder's entries to the device.
    func syncFolder(_ path: String) throws(DiskError)
    /// Takes an exclusive lock that ends with the returned value or the process. Never waits.
    /// - Throws: an error that `isLocked` if anybody, this process included, holds it.
    func lock(_ path: String) throws(DiskError) -> any FileLock
    /// Asks a file system that copies on write to overwrite in place the files that are made in
    /// this folder from now on.
    /// - Returns: true only if the file system says that it will. A refusal, for whatever reason,
    ///   is no error: it costs speed, and nothing else.
    func avoidCopyOnWrite(in folder: String) -> Bool
    /// Facts about the device and the file system under the root.
    func traits() throws(DiskError) -> DiskTraits
}

extension FileSystem {
    /// A file system need not have files with two names.
    package func link(
        _ path: String, to target: String, in other: any FileSystem
    ) throws(DiskError) {
        throw DiskError(.link, SystemCall.notSupported)
    }
}

/// How to open a file. New files get mode 0600; every descriptor is close-on-exec.
package struct OpenMode: Sendable, Equatable {
    package enum Existence: Sendable { case mustExist, mustBeNew, createIfMissing }
    package var existence: Existence
    package var isWritable: Bool
    /// Bypass the page cache: addresses, sizes and offsets must be multiples of the block.
    package var isDirect: Bool

    package init(_ existence: Existence, writable: Bool = true, direct: Bool = false) {
        self.existence = existence
        self.isWritable = writable
        self.isDirect = direct
    }
}

package enum EntryKind: Sendable, Equatable { case file, folder, other }

package protocol FileLock: AnyObject, Sendable {
    /// Ends the lock. A second call does nothing.
    func unlock()
}

package protocol File: AnyObject, Sendable {
    func byteCount() throws(DiskError) -> Int
    /// Reads until `bytes` is full or the file ends.
    /// - Returns: how many bytes were read; fewer than asked only at the end of the file.
    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int
    /// Writes all bytes. Not durable. After an error any part of them may have been written.
    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError)
    /// Writes all bytes, durable on return, within space that was written before: one system call
    /// with `.direct`. After an error nothing is known about the range; never retried here.
    func writeDurably(_ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod) throws(DiskError)
    /// Forces everything that was written to this file to the device, and the device's cache too.
    func sync() throws(DiskError)
    func resize(to byteCount: Int) throws(DiskError)
    /// Makes the file so large, with space for all of it, which reads as zeros where nothing was
    /// written. After an error any part of the space may be held.
    func allocate(_ byteCount: Int) throws(DiskError)
    /// Drops what the page cache holds of this file, so that the next read comes from the device.
    func dropCache() throws(DiskError)
    /// Says that small reads of this file do not follow one another, so that nobody reads ahead of
    /// them. Only a wish: it changes what a read costs, and nothing else.
    func expectRandomReads()
    /// Says that this range, which is not empty, will be read soon, so that the page cache may
    /// fetch it meanwhile. Only a wish, as above.
    func expectRead(of range: Range<Int>)
    /// Maps the whole file for reading. The mapping outlives the file.
    func map() throws(DiskError) -> any Mapping
    /// Closes the descriptor. A second call does nothing; other calls afterwards throw `EBADF`.
    func close()
}

extension File {
    /// Where the system cannot hold space otherwise: zeros are written.
    package func allocate(_ byteCount: Int) throws(DiskError) { try writeZeros(to: byteCount) }

    /// Writes zeros behind what is there.
    func writeZeros(to byteCount: Int) throws(DiskError) {
        let zeros = try PageMemory(byteCount: 256 << 10)
        for offset in stride(from: try self.byteCount(), to: byteCount, by: zeros.byteCount) {
            let piece = 0..<min(zeros.byteCount, byteCount - offset)
            try zeros.withBytes(in: piece) { (bytes: RawSpan) throws(DiskError) in
                try write(bytes, at: offset)
            }
        }
    }

    /// Not every file has anybody who reads ahead.
    package func expectRandomReads() {}
    package func expectRead(of range: Range<Int>) {}
}

/// A read-only view of a file. Lives as long as someone holds it.
package protocol Mapping: AnyObject, Sendable {
    var byteCount: Int { get }
    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R
}

/// How a commit becomes durable. Chosen by a probe when a store is made, and recorded in it.
package enum SyncMethod: UInt8, Sendable, CaseIterable {
    /// O_DIRECT file, `pwritev2` with RWF_DSYNC: one call (Linux).
    case direct = 1
    /// Buffered write, then `fdatasync` (Linux).
    case dataSync = 2
    /// Buffered write, then F_FULLFSYNC (Apple platforms).
    case fullSync = 3
}

/// What is known of the device and file system that hold a store.
package struct DiskTraits: Sendable, Equatable {
    /// Smallest unit the device writes without reading first. Power of two.
    package var physicalBlockBytes: Int
    /// Smallest unit that direct I/O may address. Power of two.
    package var logicalBlockBytes: Int
    /// The file system's own block. Power of two.
    package var fileSystemBlockBytes: Int
    /// "ext4", "xfs", "btrfs", "tmpfs", "nfs", "fuse", "9p", … or "unknown (0x…)".
    package var fileSystemName: String
    /// An overwrite goes to the same place (ext4, XFS), so a recycled segment keeps its promises.
    package var overwritesInPlace: Bool
    /// True: the device has a cache that a power cut empties; nil: not known.
    package var hasVolatileCache: Bool?
    package var supportsDirect: Bool
    package var freeBytes: Int

    package init(
        physicalBlockBytes: Int, logicalBlockBytes: Int, fileSystemBlockBytes: Int,
        fileSystemName: String, overwritesInPlace: Bool, hasVolatileCache: Bool?,
        supportsDirect: Bool, freeBytes: Int
    ) {
        self.physicalBlockBytes = physicalBlockBytes
        self.logicalBlockBytes = logicalBlockBytes
        self.fileSystemBlockBytes = fileSystemBlockBytes
        self.fileSystemName = fileSystemName
        self.overwritesInPlace = overwritesInPlace
        self.hasVolatileCache = hasVolatileCache
        self.supportsDirect = supportsDirect
        self.freeBytes = freeBytes
    }
}
