import EmakiPlatform

@testable import EmakiLog

extension ShellStore {
    /// Changes both copies of a twin file, and makes their checksums right again.
    func rewriteTwin(_ name: String, _ change: (PageMemory, Int) -> Void) throws {
        let file = try PosixFileSystem(root: path).open(name, OpenMode(.mustExist))
        defer { file.close() }
        let byteCount = try file.byteCount()
        let memory = try PageMemory(byteCount: byteCount)
        _ = try memory.withMutableBytes(in: 0..<byteCount) {
            (bytes: inout MutableRawSpan) throws(DiskError) in try file.read(into: &bytes, at: 0)
        }
        for start in [0, byteCount / 2] {
            change(memory, start)
            let length = Int(memory.loadUInt32(at: start + 16))
            memory.store(memory.checksum(start + 12..<start + length, seed: 0), at: start + 8)
        }
        try memory.withBytes(in: 0..<byteCount) { (bytes: RawSpan) throws(DiskError) in
            try file.write(bytes, at: 0)
        }
    }
}
