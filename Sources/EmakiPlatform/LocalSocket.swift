#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// One end of a conversation between two processes of this machine.
///
/// For one thread; another may call `shutDown`, which ends all waiting. No call waits for longer
/// than it is told to.
package final class LocalSocket: Sendable {
    private let descriptor: Descriptor

    init(descriptor: Int32) { self.descriptor = Descriptor(descriptor) }

    /// Connects to a socket in a folder.
    /// - Throws: an error that `isNotFound` if there is none, that `isRefused` if nobody listens.
    package static func connect(
        toName name: String, inFolder folder: String
    ) throws(DiskError) -> LocalSocket {
        let socket = LocalSocket(descriptor: try SystemCall.makeSocket())
        let number = try socket.descriptor.borrow(for: .socket)
        defer { socket.descriptor.giveBack() }
        try SocketPath.with(name, inFolder: folder) { path throws(DiskError) in
            try SystemCall.connect(number, to: path)
        }
        return socket
    }

    /// The next bytes as soon as there are any; none at the end; nil if the time ran out.
    package func receive(
        upTo byteCountMax: Int, nanoseconds: Int64?
    ) throws(DiskError) -> [UInt8]? {
        let number = try descriptor.borrow(for: .socket)
        defer { descriptor.giveBack() }
        var bytes = [UInt8](repeating: 0, count: byteCountMax)
        let start = SystemClock.monotonicNanoseconds()
        while true {
            // Safe because the buffer does not leave the closure.
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                Result { () throws(DiskError) in
                    try unsafe SystemCall.receiveOnce(number, into: buffer)
                }
            }
            if case .bytes(let count) = try result.get() {
                bytes.removeLast(bytes.count - count)
                return bytes
            }
            let rest = nanoseconds.map { $0 - (SystemClock.monotonicNanoseconds() - start) }
            if let rest, rest <= 0 { return nil }
            _ = try SystemCall.waitUntil(.readable, [number], nanoseconds: rest)
        }
    }

    /// Sends all bytes.
    /// - Returns: false if the other end took none of them for so long.
    package func send(_ bytes: [UInt8], nanoseconds: Int64) throws(DiskError) -> Bool {
        let number = try descriptor.borrow(for: .socket)
        defer { descriptor.giveBack() }
        var sent = 0
        var lastProgress = SystemClock.monotonicNanoseconds()
        while sent < bytes.count {
            // Safe because the buffer does not leave the closure, and `sent` is within it.
            let result = unsafe bytes.withUnsafeBytes { buffer in
                Result { () throws(DiskError) in
                    try unsafe SystemCall.sendOnce(
                        number, UnsafeRawBufferPointer(rebasing: buffer[sent...]))
                }
            }
            if let count = try result.get() {
                sent += count
                lastProgress = SystemClock.monotonicNanoseconds()
                continue
            }
            let rest = nanoseconds - (SystemClock.monotonicNanoseconds() - lastProgress)
            if rest <= 0 { return false }
            _ = try SystemCall.waitUntil(.writable, [number], nanoseconds: rest)
        }
        return true
    }

    /// Ends the conversation, for both ends. May be called by any thread.
    package func shutDown() {
        guard let number = try? descriptor.borrow(for: .socket) else { return }
        defer { descriptor.giveBack() }
        SystemCall.shutDown(number)
    }

    package func close() { descriptor.close() }
}

/// Where others connect: a socket of mode 0600 in a folder.
///
/// One thread accepts; any thread stops it.
package final class LocalListener: Sendable {
    private let listening: Descriptor
    /// A byte that comes here ends the waiting.
    private let stopReading: Descriptor
    private let stopWriting: Descriptor
    private let folder: String
    private let name: String

    private static let backlog: Int32 = 16

    /// Listens. A socket of that name that another process left is removed first, so the caller
    /// holds a lock that says that it is nobody's.
    /// - Throws: an error that `isExists` if something else has that name.
    package init(name: String, inFolder folder: String) throws(DiskError) {
        self.name = name
        self.folder = folder
        listening = Descriptor(try SystemCall.makeSocket())
        let ends = try SystemCall.makePair()
        stopReading = Descriptor(ends.reading)
        stopWriting = Descriptor(ends.writing)
        let number = try listening.borrow(for: .socket)
        defer { listening.giveBack() }
        try SocketPath.with(name, inFolder: folder) { path throws(DiskError) in
            switch try SystemCall.isSocket(path) {
            case nil: break
            case true?: try SystemCall.removePath(path)
            case false?: throw DiskError(.socket, EEXIST)
            }
            try SystemCall.listen(number, at: path, backlog: Self.backlog)
        }
    }

    /// Waits for the next who connects.
    /// - Returns: nil once it was stopped.
    package func accept() throws(DiskError) -> LocalSocket? {
        let number = try listening.borrow(for: .socket)
        defer { listening.giveBack() }
        let stop = try stopReading.borrow(for: .socket)
        defer { stopReading.giveBack() }
        while true {
            let ready = try SystemCall.waitUntil(.readable, [stop, number], nanoseconds: nil)
            if ready[0] { return nil }
            guard ready[1], let connection = try SystemCall.accept(number) else { continue }
            return LocalSocket(descriptor: connection)
        }
    }

    /// Waits, after an error that may pass.
    /// - Returns: true if it was stopped.
    package func isStopped(within nanoseconds: Int64) -> Bool {
        guard let stop = try? stopReading.borrow(for: .socket) else { return true }
        defer { stopReading.giveBack() }
        let ready = try? SystemCall.waitUntil(.readable, [stop], nanoseconds: nanoseconds)
        return ready?.first ?? true
    }

    /// Ends `accept`, now or whenever it is called.
    package func stop() {
        guard let number = try? stopWriting.borrow(for: .socket) else { return }
        defer { stopWriting.giveBack() }
        SystemCall.sendByte(to: number)
    }

    /// Takes the name away, and closes. For the thread that accepts, or once it has ended.
    package func close() {
        // Whoever comes next finds nobody, with the name or without it.
        try? SocketPath.with(name, inFolder: folder) { path throws(DiskError) in
            try SystemCall.removePath(path)
        }
        listening.close()
        stopReading.close()
        stopWriting.close()
    }
}

/// The path of a socket, as short as the system wants it.
enum SocketPath {
    /// Lends a path that fits into an address: the path itself, or, where it is too long, one that
    /// goes through an open descriptor of the folder.
    static func with<R>(
        _ name: String, inFolder folder: String, _ body: (String) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        let path = folder + "/" + name
        guard path.utf8.count > SystemCall.socketPathBytesMax else { return try body(path) }
        let descriptor = try SystemCall.openDescriptor(
            folder, O_RDONLY | O_DIRECTORY, for: .socket)
        defer { SystemCall.closeDescriptor(descriptor) }
        #if canImport(Darwin)
            throw DiskError(.socket, ENAMETOOLONG)
        #else
            return try body("/proc/self/fd/\(descriptor)/\(name)")
        #endif
    }
}
