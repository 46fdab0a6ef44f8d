import EmakiLog
import EmakiPlatform
import Foundation

/// The process that the demo kills: appends from many tasks without end, and says on standard
/// output which appends it was told are durable, one line each, never before.
struct DemoChild: Sendable {
    let folder: String
    let round: UInt64
    let taskCount: Int

    /// Events of a stream, as in a short workflow.
    static let eventsPerStream: UInt64 = 20
    static let payloadBytes = 256

    func run() async throws {
        let log = try await EventLog.open(at: folder)
        let payload = BenchPayload(payloadBytes: Self.payloadBytes)
        let mouth = DemoMouth()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<taskCount {
                group.addTask(executorPreference: log.loop) {
                    do throws(LogError) {
                        try await append(to: log, payload, task: UInt64(task), mouth)
                    } catch {
                        mouth.say("error \(error)")
                    }
                }
            }
        }
        await log.close()
    }

    private func append(
        to log: EventLog, _ payload: BenchPayload, task: UInt64, _ mouth: DemoMouth
    ) async throws(LogError) {
        var event = Event(
            type: "StepCompleted", payload: [UInt8](repeating: 0, count: Self.payloadBytes))
        for serial in 0... {
            let number = Self.streamNumber(round: round, task: task, serial: UInt64(serial))
            let stream = try BenchStreams.name(number)
            for version in 1...Self.eventsPerStream {
                payload.fill(&event.payload, stream: number, version: version)
                event.id = EventID(low: number, high: version)
                let result = try await log.append(
                    event, to: stream, expecting: .version(StreamVersion(version - 1)))
                mouth.say("\(stream) \(result.version) \(result.positions.lowerBound)")
            }
        }
    }

    /// Streams of different rounds and tasks never meet.
    static func streamNumber(round: UInt64, task: UInt64, serial: UInt64) -> UInt64 {
        (round + 1) << 48 | task << 32 | serial
    }

    /// What the names of a round's streams start with, and few others.
    static func streamPrefix(round: UInt64) -> String { String(round + 1, radix: 16) }

    /// Whether a stream belongs to a round.
    static func isStream(_ number: UInt64, ofRound round: UInt64) -> Bool {
        number >> 48 == round + 1
    }
}

/// Writes lines from a thread of its own: a full pipe must never hold up the commit loop.
final class DemoMouth: @unchecked Sendable {
    private let worker = WorkerThread(name: "demo-mouth")
    private let lock = Lock()
    private var lines: [UInt8] = []
    private var isScheduled = false

    func say(_ line: String) {
        let mustSchedule = lock.withLock { () -> Bool in
            lines += line.utf8
            lines.append(0x0a)
            defer { isScheduled = true }
            return !isScheduled
        }
        if mustSchedule { worker.run { self.speak() } }
    }

    private func speak() {
        let spoken = lock.withLock { () -> [UInt8] in
            defer { lines = [] }
            isScheduled = false
            return lines
        }
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(spoken))
        } catch {
            // The parent is gone, so nobody is interested any more.
            Foundation.exit(1)
        }
    }
}
