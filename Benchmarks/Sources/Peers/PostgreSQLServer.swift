#if HAS_CPOSTGRESQL
    import CompareKit
    import Foundation

    /// A PostgreSQL server of one's own, on a socket of one's own. It refuses to run as root, so root
    /// runs it as the user that Debian made for it.
    final class PostgreSQLServer: Sendable {
        private let process: ServerProcess
        private let sockets: String

        var connectionText: String { "host=\(sockets) user=emaki dbname=postgres" }

        private static let user = "postgres"

        private static var programs: String? {
            let root = "/usr/lib/postgresql"
            let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
            return versions.sorted { ($0 as NSString).doubleValue > ($1 as NSString).doubleValue }
                .map { "\(root)/\($0)/bin" }
                .first { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") }
        }

        static var isThere: Bool { programs != nil }

        static let settings = [
            "listen_addresses=", "fsync=on", "synchronous_commit=on", "shared_buffers=1GB",
            "max_wal_size=4GB", "checkpoint_timeout=15min", "max_connections=300",
            "wal_compression=off", "effective_cache_size=4GB",
        ]

        init(folder: String) throws {
            guard let programs = Self.programs else { throw PeerFailure("no PostgreSQL") }
            sockets = try ServerProcess.socketFolder()
            for path in [sockets, folder] { try Self.own(path) }
            let store = folder + "/data"
            if !FileManager.default.fileExists(atPath: store) {
                let (program, arguments) = Self.asUser([
                    programs + "/initdb", "-D", store, "-U", "emaki", "-A", "trust",
                    "-E", "UTF8", "--locale=C",
                ])
                let creation = try ServerProcess(
                    program, arguments, in: folder, logTo: "initdb.log")
                creation.waitUntilExit()
                guard FileManager.default.fileExists(atPath: store + "/PG_VERSION") else {
                    throw PeerFailure(
                        "no store was made: every folder above \(folder) must let \(Self.user) in")
                }
            }
            try Self.forgetKilled(in: store)
            let options = Self.settings.flatMap { ["-c", $0] }
            let (program, arguments) = Self.asUser(
                [programs + "/postgres", "-D", store, "-k", sockets] + options)
            process = try ServerProcess(program, arguments, in: folder, logTo: "server.log")
        }

        func wait(until isReady: () throws -> Bool) throws { try process.wait(until: isReady) }

        /// The quick way that leaves nothing to recover.
        func stop() {
            process.stop(by: SIGINT)
            try? FileManager.default.removeItem(atPath: sockets)
        }

        /// A killed server leaves its number behind, and where nobody has waited for it the system
        /// still knows that number: a new server would not start.
        private static func forgetKilled(in store: String) throws {
            let path = store + "/postmaster.pid"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8),
                let number = text.split(whereSeparator: \.isNewline).first
            else { return }
            let status = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
            guard status?.contains(") Z ") ?? true else { throw PeerFailure("\(path) is in use") }
            try FileManager.default.removeItem(atPath: path)
        }

        private static func asUser(_ words: [String]) -> (String, [String]) {
            guard getuid() == 0 else { return (words[0], Array(words.dropFirst())) }
            return (
                "/usr/bin/setpriv",
                ["--reuid=\(user)", "--regid=\(user)", "--init-groups", "--"] + words
            )
        }

        private static func own(_ path: String) throws {
            guard getuid() == 0 else { return }
            guard let entry = getpwnam(user) else { throw PeerFailure("no user \(user)") }
            guard chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid) == 0 else {
                throw PeerFailure("\(path) cannot be given to \(user)")
            }
        }
    }

    extension ServerProcess {
        func waitUntilExit() { stop(by: 0) }
    }
#endif
