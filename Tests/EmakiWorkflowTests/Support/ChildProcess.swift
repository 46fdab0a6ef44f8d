import EmakiPlatform
import Foundation
import Testing

/// This test program once more, as another process that plays a part of a test.
///
/// It runs the one test `a part in another test's play`, which looks into the environment for what
/// it is to play. Both ends talk through a socket in a folder.
final class ChildProcess: Sendable {
    static let roleVariable = "EMAKI_CHILD_ROLE"
    static let folderVariable = "EMAKI_CHILD_FOLDER"
    static let socketName = "talk"

    let folder: TemporaryFolder
    let talk: Talk
    private let process: Process
    private let listener: LocalListener

    /// Starts one and waits until it connects.
    init(_ role: String, in folder: TemporaryFolder) throws {
        self.folder = folder
        listener = try LocalListener(name: Self.socketName, inFolder: folder.url.path)
        process = Process()
        process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "--testing-library", "swift-testing", "--filter", "ChildRoles",
        ]
        var environment = ProcessInfo.processInfo.environment
        environment[Self.roleVariable] = role
        environment[Self.folderVariable] = folder.url.path
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        // One that ends before it connects ends the waiting, too.
        let listener = listener
        process.terminationHandler = { _ in listener.stop() }
        try process.run()
        talk = Talk(try #require(try listener.accept(), "the child ended before it connected"))
    }

    /// What it plays, if this process is one.
    static var role: String? { ProcessInfo.processInfo.environment[roleVariable] }

    /// Of a child: connects to who started it.
    static func connect() throws -> (Talk, folder: String) {
        let folder = try #require(ProcessInfo.processInfo.environment[folderVariable])
        return (Talk(try .connect(toName: socketName, inFolder: folder)), folder)
    }

    /// Ends it as `kill -9` does, hears what it still said, and waits until it is gone.
    func kill(_ hear: ([UInt8]) -> Void = { _ in }) {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        while let message = try? talk.receive() { hear(message) }
        talk.close()
        listener.close()
    }
}

/// Messages of any bytes through a socket, each after its length.
final class Talk: Sendable {
    struct Ended: Error {}
    private static let bytesMax = 16 << 20

    private let socket: LocalSocket
    private let lock = Lock()
    private let rest = Guarded<[UInt8]>([])

    init(_ socket: LocalSocket) { self.socket = socket }

    func send(_ message: [UInt8]) throws {
        var bytes = (0..<4).map { UInt8(truncatingIfNeeded: message.count >> ($0 * 8)) }
        bytes += message
        guard try socket.send(bytes, nanoseconds: .max / 2) else { throw Ended() }
    }

    /// The next message.
    func receive() throws -> [UInt8] {
        let head = try take(4)
        let count = head.enumerated().reduce(0) { $0 | Int($1.element) << ($1.offset * 8) }
        guard count <= Self.bytesMax else { throw Ended() }
        return try take(count)
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while lock.withLock({ rest.value.count }) < count {
            guard let bytes = try socket.receive(upTo: 1 << 16, nanoseconds: nil), !bytes.isEmpty
            else { throw Ended() }
            lock.withLock { rest.value += bytes }
        }
        return lock.withLock {
            defer { rest.value.removeFirst(count) }
            return Array(rest.value.prefix(count))
        }
    }

    func close() { socket.close() }
}

/// A folder that goes away with its last reference.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "emaki-wf-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// What children play.
@Suite struct ChildRoles {
    @Test("a part in another test's play", .enabled(if: ChildProcess.role != nil))
    func play() async throws {
        let (talk, folder) = try ChildProcess.connect()
        switch ChildProcess.role {
        case "decider": try PipeTests.serve(talk)
        case let role? where role.hasPrefix(ProcessKillTests.role):
            let name = String(role.dropFirst(ProcessKillTests.role.count))
            try await ProcessKillTests.play(name, talk, folder)
        default: Issue.record("nobody knows this role in \(folder)")
        }
    }
}
