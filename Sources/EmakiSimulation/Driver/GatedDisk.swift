import EmakiPlatform

/// A call on its way to the disk.
struct GatedCall {
    var name: StaticString
    var path: String
    var range: Range<Int> = 0..<0
    var changesDisk = false
}

/// A disk behind a gate: each call passes the gate first, and does not happen if that throws.
///
/// It is how a process ends in the middle of its work (nothing passes any more), and how a
/// preparation is held while others work (the gate runs what they do).
final class GatedDisk: FileSystem, @unchecked Sendable {
    typealias Gate = (GatedCall) throws(DiskError) -> Void
    private let base: any FileSystem
    fileprivate let gate: Gate

    init(_ base: any FileSystem, gate: @escaping Gate) {
        self.base = base
        self.gate = gate
    }

    func open(_ path: String, _ mode: OpenMode) throws(DiskError) -> any File {
        try gate(GatedCall(name: "open", path: path))
        return GatedFile(try base.open(path, mode), self, path)
    }

    func list(_ folder: String) throws(DiskError) -> [String] {
        try gate(GatedCall(name: "list", path: folder))
        return try base.list(folder)
    }

    func kind(of path: String) throws(DiskError) -> EntryKind? {
        try gate(GatedCall(name: "kind", path: path))
        return try base.kind(of: path)
    }

    func makeFolder(_ path: String) throws(DiskError) {
        try gate(GatedCall(name: "makeFolder", path: path, changesDisk: true))
        try base.makeFolder(path)
    }

    func rename(_ path: String, to target: String) throws(DiskError) {
        try gate(GatedCall(name: "rename", path: path, changesDisk: true))
        try base.rename(path, to: target)
    }

    func remove(_ path: String) throws(DiskError) {
        try gate(GatedCall(name: "remove", path: path, changesDisk: true))
        try base.remove(path)
    }

    func syncFolder(_ path: String) throws(DiskError) {
        try gate(GatedCall(name: "syncFolder", path: path))
        try base.syncFolder(path)
    }

    func lock(_ path: String) throws(DiskError) -> any FileLock {
        try gate(GatedCall(name: "lock", path: path))
        return try base.lock(path)
    }

    func avoidCopyOnWrite(in folder: String) -> Bool { base.avoidCopyOnWrite(in: folder) }

    func traits() throws(DiskError) -> DiskTraits {
        try gate(GatedCall(name: "traits", path: ""))
        return try base.traits()
    }
}

private final class GatedFile: File, @unchecked Sendable {
    private let base: any File
    private let disk: GatedDisk
    private let path: String

    init(_ base: any File, _ disk: GatedDisk, _ path: String) {
        self.base = base
        self.disk = disk
        self.path = path
    }

    private func pass(
        _ name: StaticString, _ range: Range<Int> = 0..<0, changesDisk: Bool = false
    ) throws(DiskError) {
        try disk.gate(GatedCall(name: name, path: path, range: range, changesDisk: changesDisk))
    }

    func byteCount() throws(DiskError) -> Int {
        try pass("byteCount")
        return try base.byteCount()
    }

    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        try pass("read", fileOffset..<fileOffset + bytes.byteCount)
        return try base.read(into: &bytes, at: fileOffset)
    }

    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try pass("write", fileOffset..<fileOffset + bytes.byteCount, changesDisk: true)
        try base.write(bytes, at: fileOffset)
    }

    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        try pass("writeDurably", fileOffset..<fileOffset + bytes.byteCount, changesDisk: true)
        try base.writeDurably(bytes, at: fileOffset, by: method)
    }

    func sync() throws(DiskError) {
        try pass("sync")
        try base.sync()
    }

    func resize(to byteCount: Int) throws(DiskError) {
        try pass("resize", 0..<byteCount, changesDisk: true)
        try base.resize(to: byteCount)
    }

    func dropCache() throws(DiskError) {
        try pass("dropCache")
        try base.dropCache()
    }

    func map() throws(DiskError) -> any Mapping {
        try pass("map")
        return try base.map()
    }

    func close() { base.close() }
}

extension GatedCall: CustomStringConvertible {
    var description: String {
        "\(name) \(path.isEmpty ? "." : path)"
            + (range.isEmpty ? "" : " \(range.lowerBound)..<\(range.upperBound)")
    }
}
