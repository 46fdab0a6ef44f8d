#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The one writer's lock on a store: `flock` on a file that is never removed.
///
/// `flock` belongs to the open file and not to the process, so a second lock in the same process
/// is refused too, and it ends with the process however that dies. The file's name could have been
/// given to another file between our open and our lock; then the lock would be on a file that
/// nobody else will find, so both are compared afterwards. The file holds our process number as
/// text, for people only.
final class PosixFileLock: FileLock {
    private let descriptor: Descriptor

    private static let attemptCountMax = 8
    private static let hintBytesMax = 16

    init(path: String) throws(DiskError) {
        for _ in 0..<Self.attemptCountMax {
            if let number = try Self.attempt(path) {
                descriptor = Descriptor(number)
                Self.writeHint(number)
                return
            }
        }
        // Somebody keeps replacing the file, so somebody else is at work here.
        throw DiskError(.lock, EWOULDBLOCK)
    }

    deinit {
        unlock()
    }

    func unlock() {
        guard let number = try? descriptor.borrow(for: .lock) else { return }
        // A process that was forked from this one shares the open file, and would keep the lock
        // if it was only closed. Failing leaves the close, which is what else there is to do.
        do { try SystemCall.lock(number, exclusive: false) } catch {}
        descriptor.giveBack()
        descriptor.close()
    }

    static func holderHint(path: String) -> Int32? {
        guard let number = try? SystemCall.openDescriptor(path, O_RDONLY) else { return nil }
        let file = PosixFile(descriptor: number, isDirect: false)
        var bytes = [UInt8](repeating: 0, count: hintBytesMax)
        let count = try? bytes.withMutableRawSpan { span throws(DiskError) in
            try file.read(into: &span, at: 0)
        }
        let digits = bytes.prefix(count ?? 0).prefix { $0 >= 0x30 && $0 <= 0x39 }
        return Int32(String(decoding: digits, as: UTF8.self))
    }

    /// - Returns: a locked descriptor; nil if the file was replaced meanwhile.
    private static func attempt(_ path: String) throws(DiskError) -> Int32? {
        let number = try openFile(path)
        do {
            try SystemCall.lock(number, exclusive: true)
            let ours = try SystemCall.status(of: number, for: .lock)
            let there = try SystemCall.status(at: path, for: .lock)
            if let there, there.device == ours.device, there.inode == ours.inode { return number }
        } catch {
            SystemCall.closeDescriptor(number)
            throw error
        }
        SystemCall.closeDescriptor(number)
        return nil
    }

    /// Where nothing can be written a store can still be read, and locked against others who read
    /// it.
    private static func openFile(_ path: String) throws(DiskError) -> Int32 {
        do {
            return try SystemCall.openDescriptor(path, O_RDWR | O_CREAT, for: .lock)
        } catch {
            guard error.isReadOnly else { throw error }
            return try SystemCall.openDescriptor(path, O_RDONLY, for: .lock)
        }
    }

    /// The lock is as good without the hint, for instance on a full disk.
    private static func writeHint(_ number: Int32) {
        let text = Array("\(SystemCall.processNumber)\n".utf8)
        do {
            try SystemCall.resize(number, to: 0)
            // Safe because the buffer does not leave the closure.
            try unsafe text.span.bytes.withUnsafeBytes { buffer throws(DiskError) in
                _ = try unsafe SystemCall.writeOnce(number, buffer, at: 0)
            }
        } catch {}
    }
}
