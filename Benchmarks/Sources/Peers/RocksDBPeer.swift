#if HAS_CROCKSDB
    import CRocksDB
    import CompareKit

    /// RocksDB: each append is a synced write of its log; writers that wait share a sync.
    ///
    /// Settings of its tuning guide: memtables of 64 MiB, LZ4, a filter of ten bits and a cache of
    /// 512 MiB, pipelined writes where many write, logs that are used again.
    final class RocksDBPeer: Peer, @unchecked Sendable {
        private let database: OpaquePointer
        private let options: OpaquePointer
        private let reading = rocksdb_readoptions_create()
        private let writing = rocksdb_writeoptions_create()

        let note: String
        let version: String

        private static let blockCacheBytes = 512 << 20
        private static let memtableBytes = 64 << 20

        init(_ plan: EnginePlan) throws {
            guard let options = rocksdb_options_create() else { throw PeerFailure("no options") }
            self.options = options
            rocksdb_options_set_create_if_missing(options, 1)
            rocksdb_options_increase_parallelism(options, 2)
            rocksdb_options_set_write_buffer_size(options, Self.memtableBytes)
            rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
            rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
            rocksdb_options_set_bytes_per_sync(options, 1 << 20)
            rocksdb_options_set_recycle_log_file_num(options, 4)
            let pipelines = plan.appenders > 1
            rocksdb_options_set_enable_pipelined_write(options, pipelines ? 1 : 0)
            let table = rocksdb_block_based_options_create()
            rocksdb_block_based_options_set_filter_policy(
                table, rocksdb_filterpolicy_create_bloom_full(10))
            rocksdb_block_based_options_set_block_cache(
                table, rocksdb_cache_create_lru(Self.blockCacheBytes))
            rocksdb_options_set_block_based_table_factory(options, table)
            rocksdb_writeoptions_set_sync(writing, 1)
            var error: UnsafeMutablePointer<CChar>?
            let opened = rocksdb_open(options, plan.folder, &error)
            try Self.check(error)
            guard let opened else { throw PeerFailure("not opened") }
            database = opened
            note =
                "synced writes, LZ4, filter, 4 logs used again"
                + (pipelines ? ", pipelined" : "")
            version = ""
        }

        static func check(_ error: UnsafeMutablePointer<CChar>?) throws {
            guard let error else { return }
            defer { rocksdb_free(error) }
            throw PeerFailure(String(cString: error))
        }

        func session() throws -> any PeerSession {
            guard let batch = rocksdb_writebatch_create() else { throw PeerFailure("no batch") }
            return Session(database, reading, writing, batch)
        }

        func compact() throws { rocksdb_compact_range(database, nil, 0, nil, 0) }

        func close() { rocksdb_close(database) }

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

            deinit { rocksdb_writebatch_destroy(batch) }

            func append(_ events: EventBatch) throws {
                for head in events.heads { try expect(head) }
                rocksdb_writebatch_clear(batch)
                for (index, slot) in events.slots.enumerated() {
                    var key = EventKey(slot.stream, slot.version)
                    key.withBytes { key in
                        events.withPayload(index) { payload in
                            rocksdb_writebatch_put(
                                batch, key, EventKey.byteCount,
                                payload.baseAddress?.assumingMemoryBound(to: CChar.self),
                                payload.count)
                        }
                    }
                }
                var error: UnsafeMutablePointer<CChar>?
                rocksdb_write(database, writing, batch, &error)
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
                let value = key.withBytes {
                    rocksdb_get_pinned(database, reading, $0, EventKey.byteCount, &error)
                }
                try check(error)
                defer { rocksdb_pinnableslice_destroy(value) }
                return value != nil
            }

            func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws {
                let iterator = rocksdb_create_iterator(database, reading)
                defer { rocksdb_iter_destroy(iterator) }
                var key = EventKey(stream, 0)
                key.withBytes { rocksdb_iter_seek(iterator, $0, EventKey.byteCount) }
                while rocksdb_iter_valid(iterator) != 0 {
                    var count = 0
                    let name = rocksdb_iter_key(iterator, &count)
                    let place = EventKey.parse(UnsafeRawBufferPointer(start: name, count: count))
                    guard let place, place.stream == stream else { break }
                    let value = rocksdb_iter_value(iterator, &count)
                    body(place.version, UnsafeRawBufferPointer(start: value, count: count))
                    rocksdb_iter_next(iterator)
                }
            }

            private func check(_ error: UnsafeMutablePointer<CChar>?) throws {
                try RocksDBPeer.check(error)
            }
        }
    }
#endif
