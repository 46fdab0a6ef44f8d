import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a whole store without changing a byte of it.",
        discussion: """
            Opens the store for reading, stepping over damage, checks every frame, reads every \
            event by position and every stream by version, and prints what opening found. Each \
            position holds an event or is known to be removed, a snapshot or lost, and no stream \
            has a hole behind what was removed of it. Ends with status 1 if anything that was \
            acknowledged cannot be read. What an earlier repair declared lost is listed, and is no \
            new damage.

            EXAMPLES
              emaki verify orders.emaki
              emaki verify orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @OptionGroup var progress: ProgressOption
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        do {
            try await place.open(.readOnly(toleratingDamage: true)) { log in
                let line = progress.line("verified", answer)
                let found = try StoreCheck(log) { done, total in _ = line.report(done, of: total) }
                line.end()
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
