import EmakiPlatform

@testable import EmakiLog

/// A disk on which chosen calls wait until they may go on, and are counted.
final class HeldFileSystem: ForwardingFileSystem, @unchecked Sendable {
    enum Call { case open, list }

    let base: FullFileSystem
    private let lock = Lock()
    // Guarded by `lock`.
    private var gates: [(call: Call, prefix: String, gate: Gate)] = []

    init(_ base: FullFileSystem = FullFileSystem()) { self.base = base }

    /// From now on such calls of paths that begin so wait at the gate.
    func hold(_ call: Call, _ prefix: String) -> Gate {
        let gate = Gate()
        lock.withLock { gates.append((call, prefix, gate)) }
        return gate
    }

    private func wait(_ call: Call, _ path: String) {
        let found = lock.withLock {
            gates.filter { $0.call == call && path.hasPrefix($0.prefix) }.map(\.gate)
        }
        for gate in found { gate.wait() }
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        wait(.open, path)
        return try base.open(path, mode)
    }

    func list(_ folder: String) throws(DiskError) -> [String] {
        wait(.list, folder)
        return try base.list(folder)
    }
}
