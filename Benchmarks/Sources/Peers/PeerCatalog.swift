import CompareKit

/// The engines that this build can compare with, and those that it cannot.
package enum PeerCatalog {
    package struct Entry: Sendable {
        package let name: String
        /// Nil where the library or its header was not there when this was built.
        package let open: (@Sendable (EnginePlan) throws -> any Peer)?
        /// The Debian packages that it needs.
        package let packages: String
    }

    package static let all: [Entry] = [
        Entry(name: "rocksdb", open: rocksDB, packages: "librocksdb-dev"),
        Entry(name: "leveldb", open: levelDB, packages: "libleveldb-dev"),
        Entry(name: "lmdb", open: lmdb, packages: "liblmdb-dev"),
        Entry(name: "sqlite", open: sqlite, packages: "libsqlite3-dev"),
        Entry(name: "postgresql", open: postgreSQL, packages: "libpq-dev postgresql"),
        Entry(name: "redis", open: redis, packages: "libhiredis-dev redis-server"),
    ]

    package static func open(_ plan: EnginePlan) throws -> any Peer {
        guard let entry = all.first(where: { $0.name == plan.engine }) else {
            throw PeerFailure("there is no engine \(plan.engine)")
        }
        guard let open = entry.open else {
            throw PeerFailure("built without \(plan.engine): install \(entry.packages)")
        }
        return try open(plan)
    }

    private typealias Open = @Sendable (EnginePlan) throws -> any Peer

    private static var rocksDB: Open? {
        #if HAS_CROCKSDB
            return { plan in try RocksDBPeer(plan) }
        #else
            return nil
        #endif
    }

    private static var levelDB: Open? {
        #if HAS_CLEVELDB
            return { plan in try LevelDBPeer(plan) }
        #else
            return nil
        #endif
    }

    private static var lmdb: Open? {
        #if HAS_CLMDB
            return { plan in try LMDBPeer(plan) }
        #else
            return nil
        #endif
    }

    private static var sqlite: Open? {
        #if HAS_CSQLITE
            return { plan in try SQLitePeer(plan) }
        #else
            return nil
        #endif
    }

    private static var postgreSQL: Open? {
        #if HAS_CPOSTGRESQL
            guard PostgreSQLServer.isThere else { return nil }
            return { plan in try PostgreSQLPeer(plan) }
        #else
            return nil
        #endif
    }

    private static var redis: Open? {
        #if HAS_CHIREDIS
            guard RedisServer.isThere else { return nil }
            return { plan in try RedisPeer(plan) }
        #else
            return nil
        #endif
    }
}
