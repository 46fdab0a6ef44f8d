import EmakiPlatform

/// BACKUP: which store's backups a folder holds. Never changes.
///
///     offset  bytes   (from the start of the contents, see `TwinFile`)
///        0     16   store id
///       16      8   instant of the first backup, ns since 1970
struct BackupMarker: Equatable, Sendable {
    static let contentBytes = 24
    static let twin = TwinFile(
        name: "BACKUP", magic: 0x4B52_414D_4B42_4D45, byteCountMax: 2 * TwinFile.unit)

    var storeID: Bits128
    var createdAt: Int64

    static func read(
        in files: any FileSystem
    ) throws(LogError) -> (BackupMarker, isHalfBad: Bool) {
        let contents = try twin.read(in: files)
        guard contents.range.count == contentBytes else {
            throw twin.corrupt(.wrongSize, "\(contents.range.count) bytes of contents")
        }
        let start = contents.range.lowerBound
        let marker = BackupMarker(
            storeID: Bits128(from: contents.memory, at: start),
            createdAt: Int64(bitPattern: contents.memory.loadUInt64(at: start + 16)))
        return (marker, contents.isHalfBad)
    }

    func write(in files: any FileSystem) throws(DiskError) {
        let memory = try Self.twin.encode(contentBytes: Self.contentBytes) { memory, offset in
            storeID.encode(into: memory, at: offset)
            memory.store(UInt64(bitPattern: createdAt), at: offset + 16)
        }
        try Self.twin.replace(with: memory, in: files)
    }
}
