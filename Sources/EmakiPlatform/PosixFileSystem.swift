#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The operating system's files below one folder.
package final class PosixFileSystem: FileSystem {
    package let root: String

    /// `root` need not exist yet: `makeFolder("")` makes it.
    package init(root: String) {
        self.root = root.isEmpty ? "." : root
    }

    package func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        let descriptor = try SystemCall.openDescriptor(absolute(path), Self.flags(mode))
        let file = PosixFile(descriptor: descriptor, isDirect: mode.isDirect)
        // The system opens folders for reading like files, and fails only at the first read.
        if try SystemCall.status(of: descriptor, for: .open).kind == .folder {
            file.close()
            throw DiskError(.open, EISDIR)
        }
        return file
    }

    package func list(_ folder: String) throws(DiskError) -> [String] {
        try SystemCall.names(in: absolute(folder))
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    package func kind(of path: String) throws(DiskError) -> EntryKind? {
        try SystemCall.status(at: absolute(path), for: .kind)?.kind
    }

    package func makeFolder(_ path: String) throws(DiskError) {
        try SystemCall.makeFolder(absolute(path))
    }

    package func rename(_ path: String, to target: String) throws(DiskError) {
        try SystemCall.renamePath(absolute(path), to: absolute(target))
    }

    package func remove(_ path: String) throws(DiskError) {
        try SystemCall.removePath(absolute(path))
    }

    package func link(
        _ path: String, to target: String, in other: any FileSystem
    ) throws(DiskError) {
        guard let other = other as? PosixFileSystem else {
            throw DiskError(.link, EOPNOTSUPP)
        }
        try SystemCall.linkPath(absolute(path), to: other.absolute(target))
    }

    package func syncFolder(_ path: String) throws(DiskError) {
        let descriptor = try SystemCall.openDescriptor(
            absolute(path), O_RDONLY | O_DIRECTORY, for: .syncFolder)
        defer { SystemCall.closeDescriptor(descriptor) }
        try SystemCall.syncEverything(descriptor, for: .syncFolder)
    }

    package func lock(_ path: String) throws(DiskError) -> any FileLock {
        try PosixFileLock(path: absolute(path))
    }

    package func avoidCopyOnWrite(in folder: String) -> Bool {
        do {
            let descriptor = try SystemCall.openDescriptor(
                absolute(folder), O_RDONLY | O_DIRECTORY, for: .traits)
            defer { SystemCall.closeDescriptor(descriptor) }
            return try SystemCall.avoidCopyOnWrite(descriptor)
        } catch {
            return false
        }
    }

    package func traits() throws(DiskError) -> DiskTraits {
        try DiskSurvey(root: root).traits()
    }

    /// What a file takes on the disk; nil if it is not there.
    package func allocatedBytes(of path: String) throws(DiskError) -> Int? {
        try SystemCall.status(at: absolute(path), for: .kind)?.allocatedBytes
    }

    /// The process that last took this lock, as far as it could say so. Only a hint: it may be
    /// gone, and its number given to another.
    package func lockHolderHint(_ path: String) -> Int32? {
        PosixFileLock.holderHint(path: absolute(path))
    }

    private func absolute(_ path: String) -> String {
        precondition(!path.hasPrefix("/"), "paths are relative to the root")
        return path.isEmpty ? root : root + "/" + path
    }

    private static func flags(_ mode: OpenMode) throws(DiskError) -> Int32 {
        var flags = mode.isWritable ? O_RDWR : O_RDONLY
        switch mode.existence {
        case .mustExist: break
        case .mustBeNew: flags |= O_CREAT | O_EXCL
        case .createIfMissing: flags |= O_CREAT
        }
        guard mode.isDirect else { return flags }
        guard let direct = SystemCall.directFlag else { throw DiskError(.open, EOPNOTSUPP) }
        return flags | direct
    }
}
