import ArgumentParser
import EmakiLog

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a whole store without changing a byte of it.",
        discussion: """
            Opens the store for reading, stepping over damage, checks every frame, reads every \
            event by position and every stream by version, and prints what opening found. Ends \
            with status 1 if anything that was acknowledged cannot be read. What an earlier repair \
            declared lost is listed, and is no new damage.

            EXAMPLES
              emaki verify orders.emaki
              emaki verify orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        do {
            try await place.open(.readOnly(toleratingDamage: true)) { log in
                let found = try StoreCheck(log)
                try Output.reporting(found.isSound ? .done : .damageFound) {
                    try report(found, log)
                }
            }
        } catch let error as LogError {
            guard case .corrupt(let corruption) = error else { throw error }
            try Output.reporting(.damageFound) { try report(corruption) }
        }
    }

    private func report(_ found: StoreCheck, _ log: EventLog) throws {
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("ok", found.isSound)
            object.add("events", found.eventCount)
            object.add("streams", found.streamCount)
            object.add("payloadBytes", found.payloadBytes)
            object.add("faults", found.faults)
            try object.add("receipt", encoding: log.receipt)
            try output.line(object)
        } else {
            try output.line(log.receipt.description)
            try output.line(
                "read \(found.eventCount) events of \(found.streamCount) streams,"
                    + " \(found.payloadBytes) bytes of payload")
            for fault in found.faults { try output.line("DAMAGED: \(fault)") }
            try output.line(
                found.isSound
                    ? "sound"
                    : "DAMAGED; restore a backup, or see `emaki repair --help`")
        }
        try output.send()
    }

    /// Damage that not even a tolerant open can step over.
    private func report(_ corruption: Corruption) throws {
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("ok", false)
            object.add("faults", [corruption.description])
            try object.add("damage", encoding: corruption)
            try output.line(object)
        } else {
            try output.line("DAMAGED: \(corruption)")
        }
        try output.send()
    }
}

/// Every event, read in both of its orders.
struct StoreCheck {
    private(set) var eventCount: UInt64 = 0
    private(set) var streamCount: UInt64 = 0
    private(set) var payloadBytes: UInt64 = 0
    /// What does not add up, beside the damages in the receipt.
    private(set) var faults: [String] = []
    private let hasDamage: Bool

    private static let faultsMax = 100

    var isSound: Bool { faults.isEmpty && !hasDamage }

    init(_ log: EventLog) throws {
        hasDamage = !log.receipt.damages.isEmpty
        try readByPosition(log)
        try readByStream(log)
    }

    private mutating func readByPosition(_ log: EventLog) throws {
        var next: Position?
        var gapCount: UInt64 = 0
        try log.forEachEventThrowing { event in
            gapCount += event.position.rawValue - (next ?? event.position).rawValue
            next = Position(event.position.rawValue + 1)
            eventCount += 1
            payloadBytes += UInt64(event.payloadBytes)
            return .next
        }
        let lost = log.receipt.losses.reduce(0) {
            $0 + $1.endPosition.rawValue - $1.firstPosition.rawValue
        }
        let end = log.durablePosition
        gapCount += end.rawValue - (next ?? end).rawValue
        // Positions of removed events, of removals and of snapshots hold no event either.
        guard gapCount > lost, log.statistics.removedStreams == 0, try !log.holdsSnapshots()
        else { return }
        add("\(gapCount) positions hold no event, and only \(lost) are known to be lost")
    }

    private mutating func readByStream(_ log: EventLog) throws {
        var last: StreamID?
        var inStreams: UInt64 = 0
        while true {
            let page = try log.streams(after: last)
            for summary in page { inStreams += try read(summary, log) }
            streamCount += UInt64(page.count)
            guard page.count == Limits.streamsPerPageMax, let next = page.last else { break }
            last = next.stream
        }
        guard inStreams != eventCount, faults.isEmpty, log.receipt.losses.isEmpty else { return }
        add("\(eventCount) events by position, and \(inStreams) by stream")
    }

    /// - Returns: how many events the stream has.
    private mutating func read(_ summary: StreamSummary, _ log: EventLog) throws -> UInt64 {
        var count: UInt64 = 0
        var version: StreamVersion?
        do {
            try log.forEachEventThrowing(in: summary.stream) { event in
                let isNext = version.map { event.version.rawValue == $0.rawValue + 1 } ?? true
                if !isNext || event.stream != summary.stream {
                    add("stream \"\(summary.stream)\": version \(event.version) is out of order")
                }
                version = event.version
                count += 1
                return .next
            }
        } catch let error as LogError {
            // Known from the receipt, or from an earlier repair.
            guard case .lost = error else { throw error }
            return count
        }
        if version != summary.version {
            add("stream \"\(summary.stream)\" is at \(summary.version), and ends elsewhere")
        }
        return count
    }

    private mutating func add(_ fault: String) {
        if faults.count < Self.faultsMax { faults.append(fault) }
    }
}
