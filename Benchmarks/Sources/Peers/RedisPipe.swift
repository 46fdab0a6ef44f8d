#if HAS_CHIREDIS
    import CHiredis
    import CompareKit
    import Foundation

    /// One thread, up to 64 connections, and any number of appenders: each connection answers in the
    /// order of its questions.
    final class RedisPipe: PeerPipe {
        private struct Wait {
            let lane: Int
            var answersLeft: Int
        }

        private let connections: [RedisConnection]
        private var waits: [[Wait]]
        private var polls: [pollfd]
        private var hasOutput: [Bool]

        private static let connectionsMax = 64

        init(_ socket: String, lanes: Int) throws {
            connections = try (0..<min(lanes, Self.connectionsMax)).map { _ in
                try RedisConnection(socket)
            }
            waits = connections.map { _ in [] }
            hasOutput = connections.map { _ in false }
            polls = connections.map { pollfd(fd: $0.context.pointee.fd, events: 0, revents: 0) }
        }

        func submit(_ batch: EventBatch, lane: Int) throws {
            let index = lane % connections.count
            let answers = connections[index].put(batch)
            waits[index].append(Wait(lane: lane, answersLeft: answers))
            hasOutput[index] = true
        }

        func completed(until instant: Int64?) throws -> [Int] {
            for index in connections.indices where hasOutput[index] { try write(index) }
            for index in polls.indices {
                polls[index].events = Int16(waits[index].isEmpty ? 0 : POLLIN)
                if hasOutput[index] { polls[index].events |= Int16(POLLOUT) }
            }
            guard try wait(until: instant) else { return [] }
            var lanes: [Int] = []
            for index in polls.indices where polls[index].revents != 0 {
                if polls[index].revents & Int16(POLLIN) != 0 { try read(index, &lanes) }
            }
            return lanes
        }

        private func write(_ index: Int) throws {
            var isDone: Int32 = 0
            guard redisBufferWrite(connections[index].context, &isDone) == REDIS_OK else {
                throw PeerFailure("Redis ended the connection")
            }
            hasOutput[index] = isDone == 0
        }

        private func wait(until instant: Int64?) throws -> Bool {
            let count: Int32
            if let instant {
                let left = max(0, instant - Clock.nanoseconds())
                var time = timespec(
                    tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
                count = wait_for_any(&polls, nfds_t(polls.count), &time)
            } else {
                count = poll(&polls, nfds_t(polls.count), -1)
            }
            guard count >= 0 || errno == EINTR else { throw PeerFailure("poll failed") }
            return count > 0
        }

        private func read(_ index: Int, _ lanes: inout [Int]) throws {
            let context = connections[index].context
            guard redisBufferRead(context) == REDIS_OK else {
                throw PeerFailure("Redis ended the connection")
            }
            while !waits[index].isEmpty {
                var raw: UnsafeMutableRawPointer?
                guard redisGetReplyFromReader(context, &raw) == REDIS_OK else {
                    throw PeerFailure("Redis answered nonsense")
                }
                guard let raw else { return }
                defer { freeReplyObject(raw) }
                try RedisConnection.check(
                    raw.assumingMemoryBound(to: redisReply.self).pointee)
                waits[index][0].answersLeft -= 1
                if waits[index][0].answersLeft == 0 {
                    lanes.append(waits[index].removeFirst().lane)
                }
            }
        }
    }
#endif
