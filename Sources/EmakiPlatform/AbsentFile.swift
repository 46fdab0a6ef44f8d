#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Stands for a file that is not there, for callers that go on without it: it is empty, and every
/// other call fails as if the file were looked for anew.
package final class AbsentFile: File {
    package init() {}

    package func byteCount() throws(DiskError) -> Int { 0 }
    package func read(into bytes: inout MutableRawSpan, at fileOffset: Int)
        throws(DiskError) -> Int
    {
        0
    }
    package func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        throw DiskError(.write, ENOENT)
    }
    package func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        throw DiskError(.write, ENOENT)
    }
    package func sync() throws(DiskError) { throw DiskError(.sync, ENOENT) }
    package func resize(to byteCount: Int) throws(DiskError) { throw DiskError(.resize, ENOENT) }
    package func allocate(_ byteCount: Int) throws(DiskError) {
        throw DiskError(.allocate, ENOENT)
    }
    package func dropCache() throws(DiskError) {}
    package func map() throws(DiskError) -> any Mapping { throw DiskError(.map, ENOENT) }
    package func close() {}
}
