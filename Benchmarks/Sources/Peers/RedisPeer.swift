#if HAS_CHIREDIS
    import CHiredis
    import CompareKit
    import Foundation

    /// Redis Streams: a stream of events is one of its streams, an event's version its entry's id.
    /// Redis refuses an id that is not above the last one, which is the version check. One thread
    /// serves all appenders, through as many connections, up to 64.
    final class RedisPeer: Peer, @unchecked Sendable {
        private let server: RedisServer

        let note = "appendonly yes, appendfsync always, Streams"
        let version: String

        init(_ plan: EnginePlan) throws {
            let server = try RedisServer(folder: plan.folder)
            self.server = server
            do {
                try server.wait {
                    guard let connection = try? RedisConnection(server.socket) else { return false }
                    // While it loads, it answers, but with an error.
                    return try connection.ask(["PING"]) { $0.type != REDIS_REPLY_ERROR }
                }
                let connection = try RedisConnection(server.socket)
                version = try connection.ask(["INFO", "server"]) { reply in
                    let text = String(cString: reply.str)
                    return text.split(whereSeparator: \.isNewline)
                        .first { $0.hasPrefix("redis_version:") }
                        .map { String($0.dropFirst(14)) } ?? ""
                }
            } catch {
                server.stop()
                throw error
            }
        }

        func session() throws -> any PeerSession {
            RedisSession(try RedisConnection(server.socket))
        }

        func pipe(lanes: Int) throws -> (any PeerPipe)? {
            try RedisPipe(server.socket, lanes: lanes)
        }

        func compact() throws {
            let connection = try RedisConnection(server.socket)
            try connection.ask(["BGREWRITEAOF"]) { _ in }
            var isBusy = true
            while isBusy {
                usleep(20_000)
                isBusy = try connection.ask(["INFO", "persistence"]) { reply in
                    let text = String(cString: reply.str)
                    return text.contains("aof_rewrite_in_progress:1")
                        || text.contains("aof_rewrite_scheduled:1")
                }
            }
        }

        func close() { server.stop() }
    }

    final class RedisConnection {
        let context: UnsafeMutablePointer<redisContext>

        init(_ socket: String) throws {
            guard let context = redisConnectUnix(socket), context.pointee.err == 0 else {
                throw PeerFailure("no connection to \(socket)")
            }
            self.context = context
        }

        deinit { redisFree(context) }

        /// Writes the commands of an append into the connection's memory.
        /// - Returns: how many answers there will be.
        func put(_ events: EventBatch) -> Int {
            if events.count > 1 { put(["MULTI"]) }
            for (index, slot) in events.slots.enumerated() {
                events.withPayload(index) { put(slot, $0) }
            }
            if events.count > 1 { put(["EXEC"]) }
            return events.count > 1 ? events.count + 2 : 1
        }

        private func put(_ slot: EventBatch.Slot, _ payload: UnsafeRawBufferPointer) {
            let words = ["XADD", String(slot.stream, radix: 16), "\(slot.version)-0", "p"]
            put(words, then: payload)
        }

        func put(_ words: [String], then payload: UnsafeRawBufferPointer? = nil) {
            let copies = words.map { strdup($0) }
            defer { for copy in copies { free(copy) } }
            var values = copies.map { $0.map { UnsafePointer($0) } }
            var lengths = words.map(\.utf8.count)
            if let payload {
                values.append(payload.baseAddress?.assumingMemoryBound(to: CChar.self))
                lengths.append(payload.count)
            }
            redisAppendCommandArgv(context, Int32(values.count), &values, lengths)
        }

        /// Waits for the next answer.
        func answer<R>(_ body: (redisReply) throws -> R) throws -> R {
            var raw: UnsafeMutableRawPointer?
            guard redisGetReply(context, &raw) == REDIS_OK, let raw else {
                throw PeerFailure("Redis ended the connection")
            }
            defer { freeReplyObject(raw) }
            return try body(raw.assumingMemoryBound(to: redisReply.self).pointee)
        }

        @discardableResult
        func ask<R>(_ words: [String], _ body: (redisReply) throws -> R) throws -> R {
            put(words)
            return try answer(body)
        }

        static func check(_ reply: redisReply) throws {
            guard reply.type == REDIS_REPLY_ERROR else { return }
            throw PeerFailure(String(cString: reply.str))
        }
    }

    private final class RedisSession: PeerSession {
        private let connection: RedisConnection

        init(_ connection: RedisConnection) { self.connection = connection }

        func append(_ events: EventBatch) throws {
            for _ in 0..<connection.put(events) { try connection.answer(RedisConnection.check) }
        }

        func read(_ stream: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) -> Void) throws {
            let words = ["XRANGE", String(stream, radix: 16), "-", "+"]
            try connection.ask(words) { reply in
                try RedisConnection.check(reply)
                for index in 0..<reply.elements {
                    // An entry is its id, and its names and values.
                    guard let entry = reply.element[index]?.pointee, entry.elements == 2,
                        let id = entry.element[0]?.pointee.str,
                        let fields = entry.element[1]?.pointee, fields.elements == 2,
                        let value = fields.element[1]?.pointee
                    else { throw PeerFailure("an entry of another shape") }
                    let version = String(cString: id).split(separator: "-").first
                    body(
                        version.flatMap { UInt64($0) } ?? 0,
                        UnsafeRawBufferPointer(start: value.str, count: value.len))
                }
            }
        }
    }
#endif
