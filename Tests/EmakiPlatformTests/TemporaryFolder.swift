import EmakiPlatform
import Glibc
import Testing

/// A folder of a test's own, gone when the test is.
final class TemporaryFolder: Sendable {
    let path: String
    let files: PosixFileSystem

    init() throws {
        var template = Array("/tmp/emaki-test-XXXXXX".utf8CString)
        // Safe because the template is a zero-terminated buffer of our own.
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, unsafe mkdtemp(start) != nil else { return nil }
            return unsafe String(cString: start)
        }
        guard let made else { throw DiskError(.makeFolder, errno) }
        path = made
        files = PosixFileSystem(root: made)
    }

    deinit {
        do { try remove("") } catch { print("\(path) stays: \(error)") }
    }

    private func remove(_ entry: String) throws {
        if try files.kind(of: entry) == .folder {
            for name in try files.list(entry) {
                try remove(entry.isEmpty ? name : entry + "/" + name)
            }
        }
        try files.remove(entry)
    }

    /// Whether direct I/O works where tests put their files.
    static let hasDirect: Bool = {
        guard let folder = try? TemporaryFolder() else { return false }
        return (try? folder.files.traits().supportsDirect) ?? false
    }()
}

/// Random numbers that are the same in each run.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

/// `#expect` for expressions with spans, which the macro cannot take apart.
func expect(_ isTrue: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(isTrue, sourceLocation: sourceLocation)
}

extension File {
    func writeArray(_ bytes: [UInt8], at fileOffset: Int) throws(DiskError) {
        try bytes.withRawSpan { (span) throws(DiskError) -> Void in
            try write(span, at: fileOffset)
        }
    }

    func readArray(_ count: Int, at fileOffset: Int) throws(DiskError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let readBytes = try bytes.withMutableRawSpan { (span) throws(DiskError) -> Int in
            try read(into: &span, at: fileOffset)
        }
        return Array(bytes.prefix(readBytes))
    }
}
