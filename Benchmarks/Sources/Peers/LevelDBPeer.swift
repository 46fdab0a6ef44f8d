#if HAS_CLEVELDB
    import CLevelDB
    import CompareKit

    /// LevelDB: each append is a synced write of its log; writers that wait share a sync.
    ///
    /// A memtable of 64 MiB, Snappy, a filter of ten bits and a cache of 512 MiB.
    final class LevelDBPeer: Peer, @unchecked Sendable {
        private let database: OpaquePointer
        private let options: OpaquePointer
        private let reading = leveldb_readoptions_create()
        private let writing = leveldb_writeoptions_create()

        let note: String
        let version: String

        private static let blockCacheBytes = 512 << 20
        private static let memtableBytes = 64 << 20

        init(_ plan: EnginePlan) throws {
            guard let options = leveldb_options_create() else { throw PeerFailure("no options") }
            self.options = options
            leveldb_options_set_create_if_missing(options, 1)
            leveldb_options_set_write_buffer_size(options, Self.memtableBytes)
            leveldb_options_set_compression(options, Int32(leveldb_snappy_compression))
            leveldb_options_set_filter_policy(options, leveldb_filterpolicy_create_bloom(10))
            leveldb_options_set_cache(options, leveldb_cache_create_lru(Self.blockCacheBytes))
            leveldb_writeoptions_set_sync(writing, 1)
            var error: UnsafeMutablePointer<CChar>?
            let opened = leveldb_open(options, plan.folder, &error)
            try Self.check(error)
            guard let opened else { throw PeerFailure("not opened") }
            database = opened
            note = "synced writes, Snappy, filter"
            version = "\(leveldb_major_version()).\(leveldb_minor_version())"
        }

        static func check(_ error: UnsafeMutablePointer<CChar>?) throws {
            guard let error else { return }
            defer { leveldb_free(error) }
            throw PeerFailure(String(cString: error))
        }

        func session() throws -> any PeerSession {
            guard let batch = leveldb_writebatch_create() else { throw PeerFailure("no batch") }
            return Session(database, reading, writing, batch)
        }

        func compact() throws { leveldb_compact_range(database, nil, 0, nil, 0) }

        func close() { leveldb_close(database) }

        private final class Session: PeerSession {
            private let database: OpaquePointer
            private let reading: OpaquePointer?
            private let writing: OpaquePointer?
            private let batch: OpaquePointer

            init(
                _ database: OpaquePointer, _ reading: OpaquePointer?, _ writing: OpaquePointer?,
                _ batch: OpaquePointer
            ) {
                (self.database, self.reading) = (database, reading)
                (self.writing, self.batch) = (writing, batch)
            }

            deinit { leveldb_writebatch_destroy(batch) }

            func append(_ events: EventBatch) throws {
                for head in events.heads { try expect(head) }
                leveldb_writebatch_clear(batch)
                for (index, slot) in events.slots.enumerated() {
                    var key = EventKey(slot.stream, slot.version)
                    key.withBytes { key in
                        events.withPayload(index) { payload in
                            leveldb_writebatch_put(
                                batch, key, EventKey.byteCount,
                                payload.baseAddress?.assumingMemoryBound(to: CChar.self),
                                payload.count)
                        }
                    }
                }
                var error: UnsafeMutablePointer<CChar>?
                leveldb_write(database, writing, batch, &error)
                try check(error)
            }

            private func expect(_ head: EventBatch.Slot) throws {
                let isNext =
                    try !has(head.stream, head.version)
                    && (head.version == 1 || has(head.stream, head.version - 1))
                guard isNext else { throw PeerFailure("another version is the next") }
            }

            private func has(_ stream: UInt64, _ version: UInt64) throws -> Bool {
                var key = EventKey(stream, version)
                var error: UnsafeMutablePointer<CChar>?
                var count = 0
                let value = key.withBytes {
                    leveldb_get(database, reading, $0, EventKey.byteCount, &count, &error)
                }
                try check(error)
                defer { leveldb_free(value) }
                return value != nil
            }

            func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws {
                let iterator = leveldb_create_iterator(database, reading)
                defer { leveldb_iter_destroy(iterator) }
                var key = EventKey(stream, 0)
                key.withBytes { leveldb_iter_seek(iterator, $0, EventKey.byteCount) }
                while leveldb_iter_valid(iterator) != 0 {
                    var count = 0
                    let name = leveldb_iter_key(iterator, &count)
                    let place = EventKey.parse(UnsafeRawBufferPointer(start: name, count: count))
                    guard let place, place.stream == stream else { break }
                    let value = leveldb_iter_value(iterator, &count)
                    body(place.version, UnsafeRawBufferPointer(start: value, count: count))
                    leveldb_iter_next(iterator)
                }
            }

            private func check(_ error: UnsafeMutablePointer<CChar>?) throws {
                try LevelDBPeer.check(error)
            }
        }
    }
#endif
