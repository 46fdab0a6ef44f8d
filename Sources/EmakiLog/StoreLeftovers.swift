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

    /// Not there, or of no more bytes than such a file has, of which the first are its magic or,
    /// where it was being written, zeros.
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
        let start = try read(file, at: 0, byteCount: 8)
        let word = start.loadUInt64(at: 0)
        // A temporary file may have been torn in any way.
        return word == twin.magic || word == 0 || name == twin.temporaryName
    }

    /// A size that a segment can have, and no bytes where a file of others would have some: its
    /// first block is a header, or was not written.
    private static func isSegment(
        _ path: String, _ files: any FileSystem
    ) throws(DiskError) -> Bool {
        let file = try files.open(path, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        guard try file.byteCount() <= Limits.segmentBytes.upperBound else { return false }
        let start = try read(file, at: 0, byteCount: 8)
        let word = start.loadUInt64(at: 0)
        return word == SegmentHeader.magic || word == 0
    }

    private static func read(
        _ file: any File, at offset: Int, byteCount: Int
    ) throws(DiskError) -> PageMemory {
        let memory = try PageMemory(byteCount: byteCount)
        _ = try memory.withMutableBytes(in: 0..<byteCount) {
            (bytes: inout MutableRawSpan) throws(DiskError) in
            try file.read(into: &bytes, at: offset)
        }
        return memory
    }
}
