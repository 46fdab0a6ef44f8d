#if HAS_CPOSTGRESQL
    import CPostgreSQL
    import CompareKit
    import Foundation

    /// PostgreSQL over a Unix socket, with one connection a thread. A single event is one statement,
    /// which looks at the head itself; a batch is one statement of many rows, in which the primary
    /// key is the version check.
    final class PostgreSQLPeer: Peer, @unchecked Sendable {
        private let server: PostgreSQLServer
        private let batchCount: Int

        let note = PostgreSQLServer.settings.dropFirst().joined(separator: " ")
        let version: String

        init(_ plan: EnginePlan) throws {
            let server = try PostgreSQLServer(folder: plan.folder)
            self.server = server
            batchCount = plan.batch
            do {
                try server.wait {
                    let connection = PQconnectdb(server.connectionText)
                    defer { PQfinish(connection) }
                    return PQstatus(connection) == CONNECTION_OK
                }
                let connection = try Connection(server.connectionText)
                try connection.execute(
                    """
                    CREATE TABLE IF NOT EXISTS events (stream bigint, version int, payload bytea,
                    PRIMARY KEY (stream, version))
                    """)
                version = "\(PQserverVersion(connection.handle) / 10_000)"
            } catch {
                server.stop()
                throw error
            }
        }

        func session() throws -> any PeerSession {
            try Session(Connection(server.connectionText), batchCount: batchCount)
        }

        func compact() throws {
            let connection = try Connection(server.connectionText)
            try connection.execute("VACUUM FULL events")
            try connection.execute("CHECKPOINT")
        }

        func close() { server.stop() }
    }

    private final class Connection {
        let handle: OpaquePointer?

        init(_ text: String) throws {
            handle = PQconnectdb(text)
            guard PQstatus(handle) == CONNECTION_OK else { throw failure }
        }

        deinit { PQfinish(handle) }

        func execute(_ text: String) throws {
            let result = PQexec(handle, text)
            defer { PQclear(result) }
            try check(result)
        }

        func prepare(_ name: String, _ text: String) throws {
            let result = PQprepare(handle, name, text, 0, nil)
            defer { PQclear(result) }
            try check(result)
        }

        /// Runs a prepared statement with parameters that are bytes. The caller clears the result.
        func run(
            _ name: String, _ values: [UnsafePointer<CChar>?], _ lengths: [Int32]
        ) throws -> OpaquePointer? {
            let formats = [Int32](repeating: 1, count: values.count)
            let result = PQexecPrepared(
                handle, name, Int32(values.count), values, lengths, formats, 1)
            do { try check(result) } catch {
                PQclear(result)
                throw error
            }
            return result
        }

        private func check(_ result: OpaquePointer?) throws {
            let status = PQresultStatus(result)
            guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure }
        }

        var failure: PeerFailure { PeerFailure(String(cString: PQerrorMessage(handle))) }
    }

    private final class Session: PeerSession {
        private let connection: Connection
        private let batchCount: Int
        /// Streams and versions as the protocol has them: twelve bytes an event.
        private var numbers: [UInt8] = []

        private static let numberBytes = 12

        init(_ connection: Connection, batchCount: Int) throws {
            self.connection = connection
            self.batchCount = batchCount
            try connection.prepare(
                "one",
                """
                INSERT INTO events SELECT $1::bigint, $2::int, $3::bytea WHERE $2::int - 1 =
                coalesce((SELECT max(version) FROM events WHERE stream = $1::bigint), 0)
                """)
            try connection.prepare("many", Self.insertion(of: batchCount))
            try connection.prepare(
                "history",
                """
                SELECT version, payload FROM events WHERE stream = $1::bigint ORDER BY version
                """)
        }

        private static func insertion(of count: Int) -> String {
            let rows = (0..<count).map { row in
                "($\(3 * row + 1)::bigint, $\(3 * row + 2)::int, $\(3 * row + 3)::bytea)"
            }
            return "INSERT INTO events VALUES " + rows.joined(separator: ",")
        }

        func append(_ events: EventBatch) throws {
            var name = events.count == 1 ? "one" : "many"
            if events.count > 1 && events.count != batchCount {
                name = "rest\(events.count)"
                try? connection.prepare(name, Self.insertion(of: events.count))
            }
            let result = try send(events, by: name)
            defer { PQclear(result) }
            let count = String(cString: PQcmdTuples(result))
            guard count == "\(events.count)" else {
                throw PeerFailure("another version is the next")
            }
        }

        private func send(_ events: EventBatch, by name: String) throws -> OpaquePointer? {
            numbers.removeAll(keepingCapacity: true)
            for slot in events.slots {
                withUnsafeBytes(of: slot.stream.bigEndian) { numbers += $0 }
                withUnsafeBytes(of: UInt32(slot.version).bigEndian) { numbers += $0 }
            }
            var lengths: [Int32] = []
            for _ in events.slots { lengths += [8, 4, Int32(events.payloadBytes)] }
            return try numbers.withUnsafeBytes { numbers in
                try events.withAllPayloads { payloads in
                    guard let number0 = numbers.baseAddress, let payload0 = payloads.baseAddress
                    else { throw PeerFailure("an append of nothing") }
                    var values: [UnsafePointer<CChar>?] = []
                    for index in 0..<events.count {
                        let number = number0 + index * Self.numberBytes
                        let payload = payload0 + index * events.payloadBytes
                        values.append(number.assumingMemoryBound(to: CChar.self))
                        values.append((number + 8).assumingMemoryBound(to: CChar.self))
                        values.append(payload.assumingMemoryBound(to: CChar.self))
                    }
                    return try connection.run(name, values, lengths)
                }
            }
        }

        func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws {
            var number = stream.bigEndian
            let result = try withUnsafeBytes(of: &number) { bytes in
                try connection.run(
                    "history", [bytes.baseAddress?.assumingMemoryBound(to: CChar.self)], [8])
            }
            defer { PQclear(result) }
            for row in 0..<PQntuples(result) {
                let version = UnsafeRawBufferPointer(
                    start: PQgetvalue(result, row, 0), count: 4
                ).loadUnaligned(as: UInt32.self)
                body(
                    UInt64(UInt32(bigEndian: version)),
                    UnsafeRawBufferPointer(
                        start: PQgetvalue(result, row, 1),
                        count: Int(PQgetlength(result, row, 1))))
            }
        }
    }
#endif
