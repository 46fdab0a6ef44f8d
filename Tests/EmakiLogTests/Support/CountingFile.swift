import EmakiPlatform

/// A file that counts how often it is read. One thread at a time uses it.
final class CountingFile: File, @unchecked Sendable {
    private let file: any File
    private(set) var count = 0
    private(set) var expectsRandomReads = false

    init(_ file: any File) { self.file = file }

    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        count += 1
        return try file.read(into: &bytes, at: fileOffset)
    }

    func byteCount() throws(DiskError) -> Int { try file.byteCount() }
    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try file.write(bytes, at: fileOffset)
    }
    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        try file.writeDurably(bytes, at: fileOffset, by: method)
    }
    func sync() throws(DiskError) { try file.sync() }
    func resize(to byteCount: Int) throws(DiskError) { try file.resize(to: byteCount) }
    func dropCache() throws(DiskError) { try file.dropCache() }
    func expectRandomReads() { expectsRandomReads = true }
    func map() throws(DiskError) -> any Mapping { try file.map() }
    func close() { file.close() }
}
