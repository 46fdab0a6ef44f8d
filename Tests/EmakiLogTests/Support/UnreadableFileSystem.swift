import EmakiPlatform
import Glibc

@testable import EmakiLog

/// A disk on which one block of one file cannot be read until it is written again, as a sector that
/// lost power in the middle of a write.
final class UnreadableFileSystem: ForwardingFileSystem, @unchecked Sendable {
    let base: MemoryFileSystem
    private let path: String
    private var bad: Range<Int>

    init(_ base: MemoryFileSystem, path: String, bad: Range<Int>) {
        self.base = base
        self.path = path
        self.bad = bad
    }

    var isHealed: Bool { bad.isEmpty }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        let file = try base.open(path, mode)
        return path == self.path ? BadFile(base: file, owner: self) : file
    }

    private final class BadFile: File, @unchecked Sendable {
        private let base: any File
        private let owner: UnreadableFileSystem

        init(base: any File, owner: UnreadableFileSystem) {
            self.base = base
            self.owner = owner
        }

        func byteCount() throws(DiskError) -> Int { try base.byteCount() }
        func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
            let range = fileOffset..<fileOffset + bytes.byteCount
            guard !range.overlaps(owner.bad) else { throw DiskError(.read, EIO) }
            return try base.read(into: &bytes, at: fileOffset)
        }
        func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
            try base.write(bytes, at: fileOffset)
            heal(fileOffset..<fileOffset + bytes.byteCount)
        }
        func writeDurably(
            _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
        ) throws(DiskError) {
            try base.writeDurably(bytes, at: fileOffset, by: method)
            heal(fileOffset..<fileOffset + bytes.byteCount)
        }
        private func heal(_ written: Range<Int>) {
            if written.lowerBound <= owner.bad.lowerBound,
                owner.bad.upperBound <= written.upperBound
            {
                owner.bad = 0..<0
            }
        }
        func sync() throws(DiskError) { try base.sync() }
        func resize(to byteCount: Int) throws(DiskError) { try base.resize(to: byteCount) }
        func dropCache() throws(DiskError) { try base.dropCache() }
        func map() throws(DiskError) -> any Mapping { try base.map() }
        func close() { base.close() }
    }
}
