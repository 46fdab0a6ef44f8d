import EmakiPlatform

@testable import EmakiLog

/// A disk on which somebody else acts right before a file is opened.
final class SwappingFileSystem<Base: FileSystem>: ForwardingFileSystem, @unchecked Sendable {
    let base: Base
    private let beforeOpen: (String, OpenMode) -> Void

    init(_ base: Base, beforeOpen: @escaping (String, OpenMode) -> Void) {
        self.base = base
        self.beforeOpen = beforeOpen
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        beforeOpen(path, mode)
        return try base.open(path, mode)
    }
}
