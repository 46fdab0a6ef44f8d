#if HAS_CLMDB
    import CLMDB
    import CompareKit

    /// LMDB: each append is a transaction of its own, synced on commit. Writers take turns; there is
    /// no commit of a group.
    final class LMDBPeer: Peer, @unchecked Sendable {
        private let environment: OpaquePointer
        private let table: MDB_dbi

        let note = "a transaction an append, synced"
        let version: String

        private static let mapBytes = 64 << 30
        private static let readersMax: UInt32 = 1024

        init(_ plan: EnginePlan) throws {
            var made: OpaquePointer?
            try Self.check(mdb_env_create(&made))
            guard let environment = made else { throw PeerFailure("no environment") }
            try Self.check(mdb_env_set_mapsize(environment, Self.mapBytes))
            try Self.check(mdb_env_set_maxreaders(environment, Self.readersMax))
            // A transaction is not bound to its thread: sessions keep theirs.
            try Self.check(mdb_env_open(environment, plan.folder, UInt32(MDB_NOTLS), 0o600))
            var transaction: OpaquePointer?
            var table: MDB_dbi = 0
            try Self.check(mdb_txn_begin(environment, nil, 0, &transaction))
            try Self.check(mdb_dbi_open(transaction, nil, 0, &table))
            try Self.check(mdb_txn_commit(transaction))
            (self.environment, self.table) = (environment, table)
            version = String(cString: mdb_version(nil, nil, nil))
        }

        fileprivate static func check(_ code: Int32) throws {
            guard code != 0 else { return }
            throw PeerFailure(String(cString: mdb_strerror(code)))
        }

        func session() throws -> any PeerSession { Session(environment, table) }

        /// There is no such thing online: free pages are used again.
        func compact() throws {}

        func close() { mdb_env_close(environment) }

        private final class Session: PeerSession {
            private let environment: OpaquePointer
            private let table: MDB_dbi
            private var reading: OpaquePointer?

            init(_ environment: OpaquePointer, _ table: MDB_dbi) {
                (self.environment, self.table) = (environment, table)
            }

            deinit { mdb_txn_abort(reading) }

            func append(_ events: EventBatch) throws {
                var transaction: OpaquePointer?
                try check(mdb_txn_begin(environment, nil, 0, &transaction))
                do {
                    for head in events.heads { try expect(head, in: transaction) }
                    for (index, slot) in events.slots.enumerated() {
                        try put(slot, index, of: events, in: transaction)
                    }
                } catch {
                    mdb_txn_abort(transaction)
                    throw error
                }
                try check(mdb_txn_commit(transaction))
            }

            private func put(
                _ slot: EventBatch.Slot, _ index: Int, of events: EventBatch,
                in transaction: OpaquePointer?
            ) throws {
                var name = EventKey(slot.stream, slot.version)
                let code = name.withBytes { name in
                    events.withPayload(index) { payload in
                        var key = MDB_val(mv_size: EventKey.byteCount, mv_data: name)
                        var value = MDB_val(
                            mv_size: payload.count,
                            mv_data: UnsafeMutableRawPointer(mutating: payload.baseAddress))
                        // The version must not be there yet.
                        return mdb_put(transaction, table, &key, &value, UInt32(MDB_NOOVERWRITE))
                    }
                }
                try check(code)
            }

            private func expect(
                _ head: EventBatch.Slot, in transaction: OpaquePointer?
            ) throws {
                guard head.version > 1 else { return }
                var name = EventKey(head.stream, head.version - 1)
                let code = name.withBytes { name in
                    var key = MDB_val(mv_size: EventKey.byteCount, mv_data: name)
                    var value = MDB_val()
                    return mdb_get(transaction, table, &key, &value)
                }
                guard code == 0 else { throw PeerFailure("another version is the next") }
            }

            func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws {
                if reading == nil {
                    try check(mdb_txn_begin(environment, nil, UInt32(MDB_RDONLY), &reading))
                } else {
                    try check(mdb_txn_renew(reading))
                }
                defer { mdb_txn_reset(reading) }
                var cursor: OpaquePointer?
                try check(mdb_cursor_open(reading, table, &cursor))
                defer { mdb_cursor_close(cursor) }
                var name = EventKey(stream, 0)
                var value = MDB_val()
                var key = MDB_val()
                var code = name.withBytes { name in
                    key = MDB_val(mv_size: EventKey.byteCount, mv_data: name)
                    return mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
                }
                while code == 0 {
                    let place = EventKey.parse(
                        UnsafeRawBufferPointer(start: key.mv_data, count: key.mv_size))
                    guard let place, place.stream == stream else { break }
                    body(
                        place.version,
                        UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size))
                    code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)
                }
            }

            private func check(_ code: Int32) throws { try LMDBPeer.check(code) }
        }
    }
#endif
