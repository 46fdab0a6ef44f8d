import EmakiPlatform

/// A file that counts how often it is read. One thread at a time uses it.
final class CountingFile: ForwardingFile, @unchecked Sendable {
    let base: any File
    private(set) var count = 0
    private(set) var expectsRandomReads = false

    init(_ file: any File) { base = file }

    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        count += 1
        return try base.read(into: &bytes, at: fileOffset)
    }

    func expectRandomReads() { expectsRandomReads = true }
}
