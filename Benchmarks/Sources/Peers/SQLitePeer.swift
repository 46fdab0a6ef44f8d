#if HAS_CSQLITE
    import CSQLite
    import CompareKit
    import Foundation

    /// SQLite with a write-ahead log that is synced on each commit: `journal_mode=WAL`,
    /// `synchronous=FULL`. One connection a thread; writers take turns by a lock of the program,
    /// which is quicker than the library's own waiting.
    final class SQLitePeer: Peer, @unchecked Sendable {
        private let folder: String
        private let turn = NSLock()

        let note = "WAL, synchronous=FULL, 256 MiB of cache"
        let version = String(cString: sqlite3_libversion())

        init(_ plan: EnginePlan) throws {
            folder = plan.folder
            _ = try Session(folder, turn)
        }

        func session() throws -> any PeerSession { try Session(folder, turn) }

        func compact() throws { try Session(folder, turn).vacuum() }

        func close() {}

        private final class Session: PeerSession {
            private let turn: NSLock
            private var connection: OpaquePointer?
            private var insertion: OpaquePointer?
            private var head: OpaquePointer?
            private var history: OpaquePointer?
            private var beginning: OpaquePointer?
            private var ending: OpaquePointer?

            init(_ folder: String, _ turn: NSLock) throws {
                self.turn = turn
                let path = folder + "/events.sqlite"
                let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
                try check(sqlite3_open_v2(path, &connection, flags, nil))
                sqlite3_busy_timeout(connection, 60_000)
                try turn.withLock {
                    for text in [
                        "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
                        "PRAGMA cache_size=-262144", "PRAGMA mmap_size=4294967296",
                        """
                        CREATE TABLE IF NOT EXISTS events (stream INTEGER, version INTEGER,
                        payload BLOB, PRIMARY KEY (stream, version)) WITHOUT ROWID
                        """,
                    ] { try execute(text) }
                }
                insertion = try prepare("INSERT INTO events VALUES (?, ?, ?)")
                head = try prepare("SELECT max(version) FROM events WHERE stream = ?")
                history = try prepare(
                    "SELECT version, payload FROM events WHERE stream = ? ORDER BY version")
                beginning = try prepare("BEGIN IMMEDIATE")
                ending = try prepare("COMMIT")
            }

            deinit {
                for statement in [insertion, head, history, beginning, ending] {
                    sqlite3_finalize(statement)
                }
                sqlite3_close_v2(connection)
            }

            func vacuum() throws {
                try execute("VACUUM")
                try execute("PRAGMA wal_checkpoint(TRUNCATE)")
            }

            func append(_ events: EventBatch) throws {
                try turn.withLock {
                    try step(beginning)
                    do {
                        for head in events.heads { try expect(head) }
                        for (index, slot) in events.slots.enumerated() {
                            try insert(slot, index, of: events)
                        }
                        try step(ending)
                    } catch {
                        try execute("ROLLBACK")
                        throw error
                    }
                }
            }

            private func insert(
                _ slot: EventBatch.Slot, _ index: Int, of events: EventBatch
            ) throws {
                sqlite3_bind_int64(insertion, 1, Int64(bitPattern: slot.stream))
                sqlite3_bind_int64(insertion, 2, Int64(slot.version))
                try events.withPayload(index) { payload in
                    // Not copied: the memory lives until the statement is done.
                    sqlite3_bind_blob(
                        insertion, 3, payload.baseAddress, Int32(payload.count), nil)
                    try step(insertion)
                }
            }

            private func expect(_ slot: EventBatch.Slot) throws {
                sqlite3_bind_int64(head, 1, Int64(bitPattern: slot.stream))
                let code = sqlite3_step(head)
                let found = code == SQLITE_ROW ? sqlite3_column_int64(head, 0) : -1
                sqlite3_reset(head)
                guard UInt64(bitPattern: found) == slot.version - 1 else {
                    throw PeerFailure("another version is the next")
                }
            }

            func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws {
                sqlite3_bind_int64(history, 1, Int64(bitPattern: stream))
                defer { sqlite3_reset(history) }
                while true {
                    let code = sqlite3_step(history)
                    if code == SQLITE_DONE { return }
                    guard code == SQLITE_ROW else { throw failure }
                    let payload = UnsafeRawBufferPointer(
                        start: sqlite3_column_blob(history, 1),
                        count: Int(sqlite3_column_bytes(history, 1)))
                    body(UInt64(sqlite3_column_int64(history, 0)), payload)
                }
            }

            private func prepare(_ text: String) throws -> OpaquePointer? {
                var statement: OpaquePointer?
                try check(sqlite3_prepare_v2(connection, text, -1, &statement, nil))
                return statement
            }

            private func execute(_ text: String) throws {
                try check(sqlite3_exec(connection, text, nil, nil, nil))
            }

            private func step(_ statement: OpaquePointer?) throws {
                let code = sqlite3_step(statement)
                sqlite3_reset(statement)
                guard code == SQLITE_DONE else { throw failure }
            }

            private func check(_ code: Int32) throws {
                guard code == SQLITE_OK else { throw failure }
            }

            private var failure: PeerFailure {
                PeerFailure(String(cString: sqlite3_errmsg(connection)))
            }
        }
    }
#endif
