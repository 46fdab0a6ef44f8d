import EmakiLog
import EmakiPlatform
@testable import EmakiSimulation
import EmakiWorkflow

/// Histories in the simulation's reference log, the obvious one.
final class ReferenceHistoryStore: HistoryStore {
    private struct State {
        var log = ReferenceLog()
        var epoch: UInt64 = 0
    }

    private let lock = Lock()
    private let state = Guarded(State())

    var capabilities: HistoryStoreCapabilities {
        HistoryStoreCapabilities(
            eventsPerCommitMax: 1_000, commitBytesMax: 1 << 20, payloadBytesMax: 1 << 20)
    }

    func claim() async throws -> UInt64 {
        lock.withLock {
            state.value.epoch += 1
            return state.value.epoch
        }
    }

    nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
        do throws(LogError) {
            let parts = try Self.parts(commit)
            return lock.withLock { append(parts, epoch: commit.epoch) }
        } catch {
            return .refused(error)
        }
    }

    private func append(_ parts: [StreamAppend], epoch: UInt64) -> CommitAnswer {
        guard epoch == state.value.epoch else { return .fenced }
        let versions = parts.map { Self.start($0) + UInt64($0.events.count) }
        if parts.allSatisfy({ state.value.log.holds($0, after: Self.start($0)) }) {
            return .committed(versions.map { VersionToken(low: $0) })
        }
        for part in parts where state.value.log.head(of: part.stream) != Self.start(part) {
            return .conflict
        }
        state.value.log.stage(parts)
        state.value.log.beginGroup()
        state.value.log.finishGroup()
        return .committed(versions.map { VersionToken(low: $0) })
    }

    private static func start(_ part: StreamAppend) -> UInt64 {
        if case .version(let version) = part.expecting { return version.rawValue }
        return 0
    }

    private static func parts(_ commit: HistoryCommit) throws(LogError) -> [StreamAppend] {
        var parts: [StreamAppend] = []
        for part in commit.parts {
            parts.append(
                StreamAppend(
                    to: try StreamID(part.stream),
                    part.events.map { event in
                        Event(
                            type: event.type, payload: event.payload, metadata: event.metadata,
                            id: EventID(low: event.id.low, high: event.id.high))
                    },
                    expecting: part.expecting.map { .version(StreamVersion($0.low)) }
                        ?? .noStream))
        }
        return parts
    }

    func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
        let stream = try StreamID(stream)
        return lock.withLock {
            let log = state.value.log
            let head = log.head(of: stream)
            let end = min(head, UInt64(index) + UInt64(limit))
            guard UInt64(index) < end else {
                return HistoryPage(
                    events: [], token: head == 0 ? nil : VersionToken(low: head), isLast: true)
            }
            let events = (UInt64(index)..<end).compactMap { log.stored(stream, $0 + 1) }
            return HistoryPage(
                events: events.map {
                    HistoryPage.Stored(metadata: $0.metadata, payload: $0.payload)
                }, token: VersionToken(low: end), isLast: end == head)
        }
    }

    func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
        lock.withLock {
            state.value.log.streams.keys.map(\.text).filter {
                $0.hasPrefix(prefix) && Self.isBefore(after ?? "", $0)
            }.sorted(by: Self.isBefore).prefix(limit).map(\.self)
        }
    }

    private static func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}

extension ReferenceLog {
    fileprivate func stored(_ stream: StreamID, _ version: UInt64) -> Event? {
        streams[stream]?.position(ofVersion: version).map { event(at: $0).event }
    }

    /// The events of a batch are there already, in their place.
    fileprivate func holds(_ part: StreamAppend, after version: UInt64) -> Bool {
        part.events.enumerated().allSatisfy { index, event in
            stored(part.stream, version + UInt64(index) + 1) == event
        }
    }
}
