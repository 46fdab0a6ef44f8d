import EmakiLog
import EmakiPlatform
@testable import EmakiWorkflow
import EmakiWorkflowTesting
import Foundation
import Testing

/// The stories in processes that are killed for real, on a log on a real disk.
///
/// The child tells what became durable, and what its activities do, through a socket: what it said
/// before it was killed is heard, also if it was killed at once.
@Suite(.serialized) struct ProcessKillTests {
    static let role = "story:"

    // MARK: The child

    private struct Teller: EngineObserver {
        let talk: Talk
        let lock = Lock()

        func tell(_ kind: String, _ bytes: [UInt8] = []) {
            lock.withLock { try? talk.send(Array(kind.utf8) + [0] + bytes) }
        }

        func recorded(workflowID: String, runID: String, _ events: [HistoryEvent]) {
            for event in events { tell("event \(runID)", event.wire) }
        }
    }

    static func play(_ name: String, _ talk: Talk, _ folder: String) async throws {
        let scenario = try #require(Scenario.all.first { $0.name == name })
        let teller = Teller(talk: talk)
        let world = World { info in
            teller.tell("effect \(info.idempotencyKey)")
            return true
        }
        let log = try await EventLog.open(
            at: folder + "/store", .creating(StoreOptions(segmentBytes: 1 << 20)))
        let engine = try await makeEngine(
            scenario.workflows, scenario.activities(world, LogSession(log)),
            on: EventLogStore(log), observer: teller)
        teller.tell("result", Array(try await scenario.drive(engine).utf8))
        // Until it is killed.
        while let _ = try? talk.receive() {}
    }

    // MARK: The parent

    /// What children said.
    private struct Heard {
        var effects: [String: Int] = [:]
        var events: [String: [Int: [UInt8]]] = [:]
        var messageCount = 0

        /// - Returns: the result, if this is it.
        mutating func take(_ message: [UInt8]) -> String? {
            messageCount += 1
            let end = message.firstIndex(of: 0) ?? message.endIndex
            let words = String(decoding: message[..<end], as: UTF8.self)
                .split(separator: " ", maxSplits: 1).map(String.init)
            let bytes = Array(message[end...].dropFirst())
            switch words.first {
            case "effect": effects[words[1], default: 0] += 1
            case "event":
                if let event = try? FieldReader(bytes), let fields = event.content(1),
                    let read = try? HistoryEvent(
                        metadata: fields, payload: event.content(2) ?? [])
                {
                    events[words[1], default: [:]][read.id] = bytes
                }
            case "result": return String(decoding: bytes, as: UTF8.self)
            default: break
            }
            return nil
        }
    }

    /// Listens until the story is over, or so much was said; then kills.
    private func run(
        _ scenario: Scenario, in folder: TemporaryFolder, until count: Int, _ heard: inout Heard
    ) throws -> String? {
        let child = try ChildProcess(Self.role + scenario.name, in: folder)
        var result: String?
        let start = heard.messageCount
        while result == nil, heard.messageCount - start < count {
            result = heard.take(try child.talk.receive())
        }
        child.kill { message in result = heard.take(message) ?? result }
        return result
    }

    @Test(
        "a process that is killed again and again ends its stories as if nothing had happened",
        arguments: Scenario.all)
    func kills(scenario: Scenario) async throws {
        var random = SystemRandomNumberGenerator()
        var kills = 0
        for _ in 0..<(TestExtent.isLong ? 20 : 2) {
            let folder = try TemporaryFolder()
            var heard = Heard()
            // Each may cost an attempt, and of some activities only three are allowed.
            for _ in 0..<2 {
                let count = Int.random(in: 0...10, using: &random)
                _ = try run(scenario, in: folder, until: count, &heard)
                kills += 1
            }
            let result = try run(scenario, in: folder, until: .max, &heard)
            #expect(result == CrashTests.expected[scenario.name])
            let log = try await EventLog.open(at: folder.url.path + "/store")
            let histories = try await histories(in: EventLogStore(log))
            await log.close()
            checkEffects(of: histories, heard.effects)
            check(heard.events, histories)
        }
        print("kills, \(scenario.name): \(kills)")
    }

    /// G1: what was said to be durable is there, byte for byte.
    private func check(_ events: [String: [Int: [UInt8]]], _ histories: [[HistoryEvent]]) {
        for (runID, told) in events {
            let history = histories.first { $0.first?.runID == runID } ?? []
            for (id, bytes) in told {
                #expect(id <= history.count && history[id - 1].wire == bytes, "\(runID) \(id)")
            }
        }
    }
}

extension HistoryEvent {
    fileprivate var runID: String? {
        if case .started(let start) = body { return start.runID }
        return nil
    }
}
