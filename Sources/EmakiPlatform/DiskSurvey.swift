#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Finds out what a folder is stored on: the file system by its number, the device by what Linux
/// tells in /sys, and direct I/O by doing some. What cannot be found out gets the careful answer.
struct DiskSurvey {
    let root: String

    private static let blockBytesDefault = 4096
    private static let sectorBytesDefault = 512
    private static let blockBytesMax = 1 << 20
    private static let settingBytesMax = 64

    func traits() throws(DiskError) -> DiskTraits {
        let folder = try SystemCall.openDescriptor(root, O_RDONLY | O_DIRECTORY, for: .traits)
        defer { SystemCall.closeDescriptor(folder) }
        let status = try SystemCall.status(of: folder, for: .traits)
        let space = try SystemCall.space(around: folder)
        let kind = FileSystemKind(number: SystemCall.fileSystemNumber(folder))
        let queue = Self.queueFolder(device: status.device)
        let logical = Self.blockBytes(queue + "logical_block_size") ?? Self.sectorBytesDefault
        let physical = Self.blockBytes(queue + "physical_block_size") ?? Self.blockBytesDefault
        return DiskTraits(
            physicalBlockBytes: max(physical, logical),
            logicalBlockBytes: logical,
            fileSystemBlockBytes: Self.checkedBlock(space.blockBytes) ?? Self.blockBytesDefault,
            fileSystemName: kind.name,
            overwritesInPlace: kind.overwritesInPlace,
            hasVolatileCache: Self.hasVolatileCache(queue + "write_cache"),
            supportsDirect: supportsDirect(blockBytes: max(physical, logical)),
            freeBytes: space.free)
    }

    /// Opening proves little: some file systems refuse only the write. The file has no name, so
    /// nothing stays behind whatever happens. A refusal for another reason, as that the disk is
    /// full or may not be written, says nothing about direct I/O, and does not take it away.
    private func supportsDirect(blockBytes: Int) -> Bool {
        guard let direct = SystemCall.directFlag, let unnamed = SystemCall.unnamedFlag,
            let memory = try? PageMemory(byteCount: blockBytes)
        else { return false }
        do throws(DiskError) {
            let number = try SystemCall.openDescriptor(root, O_RDWR | unnamed | direct)
            let file = PosixFile(descriptor: number, isDirect: true)
            try memory.withBytes(in: 0..<blockBytes) { bytes throws(DiskError) in
                try file.write(bytes, at: 0)
            }
            return true
        } catch {
            return ![EINVAL, EOPNOTSUPP, ENOSYS, EISDIR, ENOENT].contains(error.code)
        }
    }

    /// Where Linux describes the queue of a block device. A partition has none of its own; its
    /// parent has. Ends with a slash.
    private static func queueFolder(device: UInt64) -> String {
        let major = (device >> 8) & 0xfff | (device >> 32) & ~0xfff
        let minor = device & 0xff | (device >> 12) & ~0xff
        let base = "/sys/dev/block/\(major):\(minor)/"
        let isPartition = setting(base + "partition") != nil
        return isPartition ? base + "../queue/" : base + "queue/"
    }

    private static func blockBytes(_ path: String) -> Int? {
        setting(path).flatMap { Int($0) }.flatMap(checkedBlock)
    }

    private static func checkedBlock(_ byteCount: Int) -> Int? {
        let isUsable =
            byteCount >= sectorBytesDefault && byteCount <= blockBytesMax
            && byteCount & (byteCount - 1) == 0
        return isUsable ? byteCount : nil
    }

    private static func hasVolatileCache(_ path: String) -> Bool? {
        switch setting(path) {
        case "write back": true
        case "write through": false
        default: nil
        }
    }

    /// The first line of a small text file, or nil if there is none.
    private static func setting(_ path: String) -> String? {
        guard let number = try? SystemCall.openDescriptor(path, O_RDONLY) else { return nil }
        let file = PosixFile(descriptor: number, isDirect: false)
        var bytes = [UInt8](repeating: 0, count: settingBytesMax)
        let count = try? bytes.withMutableRawSpan { span throws(DiskError) in
            try file.read(into: &span, at: 0)
        }
        guard let count else { return nil }
        let line = bytes.prefix(count).prefix { $0 != 0x0a }
        return String(decoding: line, as: UTF8.self)
    }
}
