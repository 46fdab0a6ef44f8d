#if HAS_CHIREDIS
    import CompareKit
    import Foundation

    /// A Redis server of one's own, on a socket of one's own, with an append-only file that is synced
    /// before it answers.
    final class RedisServer: Sendable {
        private let process: ServerProcess
        private let sockets: String

        var socket: String { sockets + "/redis.sock" }

        private static var program: String? {
            ServerProcess.find("redis-server", in: ["/usr/bin", "/usr/local/bin"])
        }

        static var isThere: Bool { program != nil }

        init(folder: String) throws {
            guard let program = Self.program else { throw PeerFailure("no Redis") }
            sockets = try ServerProcess.socketFolder()
            process = try ServerProcess(
                program,
                [
                    "--port", "0", "--unixsocket", sockets + "/redis.sock", "--dir", folder,
                    "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                ], in: folder, logTo: "server.log")
        }

        func wait(until isReady: () throws -> Bool) throws { try process.wait(until: isReady) }

        func stop() {
            process.stop(by: SIGTERM)
            try? FileManager.default.removeItem(atPath: sockets)
        }
    }
#endif
