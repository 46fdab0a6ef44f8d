import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct ReadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read",
        abstract: "Print events of a stream, or of the whole log in commit order.",
        discussion: """
            Each line shows version, position, type, time and payload; a payload that is not \
            printable text is shown as its size and base64. Opens the store for reading only; if a \
            process has it open, that one is asked. It breaks the answer off if nobody takes it \
            for a minute.

            EXAMPLES
              emaki read orders.emaki order-7
              emaki read orders.emaki order-7 --backwards --limit 1
              emaki read orders.emaki order-7 --payload-only
              emaki read orders.emaki --from-position 1000 --limit 20 --json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream. Without it: the whole log in commit order.")
    var stream: String?

    @Option(name: .customLong("from"), help: "Version to start at.")
    var fromVersion: UInt64?

    @Option(help: "Position to start at, when the whole log is read.")
    var fromPosition: UInt64?

    @Option(help: "At most so many events.")
    var limit = Int.max

    @Flag(help: "Newest first.")
    var backwards = false

    @Flag(help: "Print each payload as it is, and nothing else but a line break after it.")
    var payloadOnly = false

    @OptionGroup var damage: DamageOption
    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit is \(limit); it is at least 1.") }
        if stream == nil {
            guard fromVersion == nil, !backwards else {
                throw ValidationError(
                    "--from and --backwards need a stream; for the whole log use --from-position.")
            }
        } else if fromPosition != nil {
            throw ValidationError("--from-position reads the whole log; leave out the stream.")
        }
        if answer.json, payloadOnly {
            throw ValidationError("--json and --payload-only exclude each other.")
        }
    }

    func run() async throws {
        let stream = try self.stream.map { text throws(LogError) in try StreamID(text) }
        try await place.open(damage.configuration) { owner in
            try read(from: &owner, stream)
        } _: { log in
            try read(from: log, stream)
        }
    }

    private var printer: EventPrinter {
        EventPrinter(isJSON: answer.json, isPayloadOnly: payloadOnly, showsStream: stream == nil)
    }

    private func read(from log: EventLog, _ stream: StreamID?) throws {
        var printer = printer
        var left = limit
        func take(_ event: RecordedEvent) throws -> ReadFlow {
            try printer.print(event)
            left -= 1
            return left > 0 ? .next : .stop
        }
        if let stream {
            try log.forEachEventThrowing(
                in: stream, from: fromVersion.map { StreamVersion($0) },
                direction: backwards ? .backwards : .forwards, take)
        } else {
            try log.forEachEventThrowing(from: Position(fromPosition ?? 0), take)
        }
        try printer.finish()
        if let stream, left == limit, try log.version(of: stream) == .none {
            throw nothing(in: stream)
        }
    }

    private func read(from owner: inout StoreOwner, _ stream: StreamID?) throws {
        var request = ControlClient.request("read")
        if let stream { request.add("stream", stream.text) }
        if let from = fromVersion ?? fromPosition { request.add("from", from) }
        if limit < .max { request.add("limit", limit) }
        if backwards { request.add("backwards", true) }
        var printer = printer
        let answer: OwnerAnswer
        do {
            answer = try owner.ask(request, line: { line in try printer.print(json: line) })
        } catch {
            // What came before it was read.
            try printer.finish()
            throw error
        }
        try printer.finish()
        if let stream, try answer.number("version") == 0 { throw nothing(in: stream) }
    }

    /// An empty answer for a stream that was never written is most likely a mistyped name.
    private func nothing(in stream: StreamID) -> CommandFailure {
        CommandFailure(
            .noStore, code: "noStream",
            "stream \"\(stream)\" has no events in \(place.store);"
                + " `emaki streams` lists those that have")
    }
}
