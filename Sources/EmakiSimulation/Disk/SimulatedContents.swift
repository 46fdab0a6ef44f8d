/// What is on a disk at one moment. Two of them are compared without copying a byte.
package struct SimulatedContents: Sendable, Equatable {
    package enum Entry: Sendable, Equatable {
        case folder
        case file(PagedBytes)
    }

    /// By path: what a program sees.
    package let visible: [String: Entry]
    /// By path: what a power loss leaves that drops everything it may.
    package let durable: [String: Entry]

    /// The bytes of a file that is to be seen; nil if there is none.
    package func bytes(of path: String) -> [UInt8]? {
        guard case .file(let bytes) = visible[path] else { return nil }
        return bytes.bytes
    }
}

extension DiskState {
    var contents: SimulatedContents {
        SimulatedContents(
            visible: entries(tree.visible) { $0.visible },
            durable: entries(tree.durable) { file in
                var file = file
                file.losePower { _ in .drop }
                return file.durable
            })
    }

    private func entries(
        _ names: FolderTree.Names, _ bytes: (FileState) -> PagedBytes
    ) -> [String: SimulatedContents.Entry] {
        var entries: [String: SimulatedContents.Entry] = [:]
        FolderTree.visit(names) { path, node in
            switch node {
            case .folder: entries[path] = .folder
            case .file(let number): entries[path] = .file(files[number].map(bytes) ?? PagedBytes())
            }
        }
        return entries
    }
}
