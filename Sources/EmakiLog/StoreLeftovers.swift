import EmakiPlatform

/// What an interrupted creation can have left in a folder. Anything else is somebody's, and a
/// creation leaves it and the folder alone.
enum StoreLeftovers {
    /// - Throws: `.alreadyExists` with the path of what a creation cannot have left.
    static func expectOwn(in files: any FileSystem, path: String) throws(LogError) {
        let foreign = try LogError.translating(path) { () throws(DiskError) in
            try firstForeign(in: files)
        }
        if let foreign { throw .alreadyExists(path: path + "/" + foreign) }
    }

    private static func firstForeign(in files: any FileSystem) throws(DiskError) -> String? {
        for folder in [StoreFolder.wal, StoreFolder.sealed, StoreFolder.damaged] {
            switch try files.kind(of: folder) {
            case nil: continue
            case .file, .other: return folder
            case .folder: break
            }
            for name in try files.list(folder) {
                let path = folder + "/" + name
                let isFirstSegment = path == Manifest.path(ofFile: 0)
                guard isFirstSegment, try files.kind(of: path) == .file, try isSegment(path, files)
                else { return path }
            }
        }
        for twin in [Manifest.twin, StoreFile.twin] {
            for name in [twin.name, twin.temporaryName] where try !isTwin(twin, name, files) {
                return name
            }
        }
        return nil
    }

    /// Not there, or of no more bytes than such a file has, of which the first are its magic, as
    /// far as that was written.
    private static func isTwin(
        _ twin: TwinFile, _ name: String, _ files: any FileSystem
    ) throws(DiskError) -> Bool {
        switch try files.kind(of: name) {
        case nil: return true
        case .folder, .other: return false
        case .file: break
        }
        let file = try files.open(name, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        guard try file.byteCount() <= twin.byteCountMax else { return false }
        // A temporary file may have been torn in any way.
        if name == twin.temporaryName { return true }
        return try startsAs(twin.magic, file)
    }

    /// A size that a segment can have, and no bytes where a file of others would have some: its
    /// first block is a header, or was not written.
    private static func isSegment(
        _ path: String, _ files: any FileSystem
    ) throws(DiskError) -> Bool {
        let file = try files.open(path, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        guard try file.byteCount() <= Limits.segmentBytes.upperBound else { return false }
        return try startsAs(SegmentHeader.magic, file)
    }

    /// True if each of the first bytes is the magic's, or zero: it was torn while it was written.
    private static func startsAs(
        _ magic: UInt64, _ file: any File
    ) throws(DiskError) -> Bool {
        let memory = try PageMemory(byteCount: 8)
        _ = try memory.withMutableBytes(in: 0..<8) {
            (bytes: inout MutableRawSpan) throws(DiskError) in
            try file.read(into: &bytes, at: 0)
        }
        return (0..<8).allSatisfy { index in
            let byte = memory.loadUInt8(at: index)
            return byte == 0 || byte == UInt8(truncatingIfNeeded: magic >> UInt64(index * 8))
        }
    }
}
