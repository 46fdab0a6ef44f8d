import EmakiPlatform
import EmakiWorkflow
import Foundation

/// Has histories replayed by a process, and by another one when that ends or does not answer. Of
/// one thread at a time.
final class ReplayDesk: @unchecked Sendable {
    private let arguments: [String]
    private let limit: Duration
    private var process: ReplayProcess?

    /// - Parameters:
    ///   - arguments: with which this program replays.
    ///   - limit: for each history.
    init(_ arguments: [String], limit: Duration) {
        self.arguments = arguments
        self.limit = limit
    }

    /// - Returns: a verdict on each, in their order.
    /// - Throws: if no process can be started.
    func judge(_ histories: [StoredHistory]) throws -> [ReplayVerdict] {
        var verdicts: [ReplayVerdict] = []
        // Where one history ended a process, another may, and no answer is to be lost with it.
        var flags: UInt8 = 0
        while verdicts.count < histories.count {
            let left = histories[verdicts.count...]
            if let problem = left.first?.problem ?? left.first?.excess {
                verdicts.append(ReplayVerdict(.damaged, message: problem))
                continue
            }
            let readable = left.prefix { $0.problem == nil && $0.excess == nil }
            let process = try process ?? ReplayProcess(arguments, keepsComplaints: false)
            self.process = process
            process.send(Array(readable), flags: flags)
            for history in readable {
                guard case .line(let line) = process.next(within: limit),
                    case .verdict(let verdict) = ReplayWire.answer(line)
                else {
                    // Once more, with nothing beside it, so as to say where.
                    self.process = nil
                    flags = ReplayWire.answersAtOnce
                    verdicts.append(try alone(history))
                    break
                }
                verdicts.append(verdict)
            }
        }
        return verdicts
    }

    private func alone(_ history: StoredHistory) throws -> ReplayVerdict {
        let process = try ReplayProcess(arguments, keepsComplaints: true)
        process.send([history], flags: ReplayWire.saysEvents)
        let end = ContinuousClock.now + limit
        var event: Int?
        while true {
            switch process.next(within: ContinuousClock.now.duration(to: end)) {
            case .line(let line):
                switch ReplayWire.answer(line) {
                case .sees(let number): event = number
                case .verdict(let verdict): return verdict
                case nil: continue
                }
            case .ended:
                let said = process.end()
                return ReplayVerdict(
                    .traps, event: event,
                    message: "the code ends the process" + (said.isEmpty ? "" : ": \(said)"))
            case .late:
                _ = process.end()
                return ReplayVerdict(
                    .spins, event: event, message: "the code is not done after \(limit)")
            }
        }
    }
}

extension StoredHistory {
    private static var bytesMax: Int { 1 << 30 }

    /// Why it is not sent to a process that replays.
    fileprivate var excess: String? {
        let bytes = events.reduce(0) { $0 + $1.metadata.count + $1.payload.count }
        guard bytes > Self.bytesMax else { return nil }
        return "what a replay needs of it has \(bytes) bytes; at most \(Self.bytesMax)"
    }
}
