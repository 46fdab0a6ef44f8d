import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import Foundation

struct AppendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "append",
        abstract: "Append one event, or one for each line of standard input.",
        discussion: """
            Answers only once the event is durable. The payload is the text of --payload, the \
            contents of --file, or else standard input.

            With --lines, each line of standard input is a JSON object with `stream`, `type` and \
            `payload` (any JSON, stored as it is spelled, or {"base64":"…"} for other bytes), and \
            optionally `expecting` (a version, "none" or "any") and `id` (32 hexadecimal digits or \
            a UUID). For each line one line is written to standard output, unbuffered, as soon as \
            and only when the event is durable: `line`, `stream`, `version`, `position`, or `line` \
            and `error`. Up to --jobs appends are in flight at once, so answers, and events of \
            lines that are in flight together, may come in another order than the lines.

            EXAMPLES
              emaki append orders.emaki order-7 --type Placed --payload '{"total":42}'
              emaki append orders.emaki order-7 --type Paid --expecting 1 < receipt.json
              emaki append orders.emaki --lines --jobs 64 < events.jsonl
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream: 1 to 255 bytes.")
    var stream: String?

    @Option(help: "What kind of event: 1 to 255 bytes.")
    var type: String?

    @Option(help: "The payload as text.")
    var payload: String?

    @Option(help: "A file that is the payload.", completion: .file())
    var file: String?

    @Option(help: "What the stream must be at: a version, \"none\" or \"any\".")
    var expecting: ExpectedVersion = .anything

    @Option(help: "The event's id: 32 hexadecimal digits or a UUID. Makes a retry safe.")
    var id: EventID?

    @Flag(help: "Append one event for each line of standard input.")
    var lines = false

    @Option(help: "With --lines: so many appends in flight.")
    var jobs = 1

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard (1...CommandLimits.jobsMax).contains(jobs) else {
            throw ValidationError("--jobs is \(jobs); it is 1 to \(CommandLimits.jobsMax).")
        }
        if lines {
            guard stream == nil, type == nil, payload == nil, file == nil, id == nil else {
                throw ValidationError("--lines takes stream, type, payload and id from the lines.")
            }
        } else {
            guard stream != nil, type != nil else {
                throw ValidationError("A stream and --type are needed, or --lines.")
            }
            guard payload == nil || file == nil else {
                throw ValidationError("--payload and --file exclude each other.")
            }
        }
    }

    func run() async throws {
        guard !lines else {
            try await place.open(Configuration()) { log in
                try await LineAppends(log: log, jobCount: jobs).run()
            }
            return
        }
        let stream = try StreamID(stream ?? "")
        let event = Event(type: type ?? "", payload: try payloadBytes(), id: id)
        try await place.open(Configuration()) { log in
            let result = try await log.append(event, to: stream, expecting: expecting)
            try report(result, stream)
        }
    }

    private func payloadBytes() throws -> [UInt8] {
        if let payload { return Array(payload.utf8) }
        var input = try file.map { path in try InputBytes(path: path) } ?? InputBytes.standard()
        return try input.all(upTo: Limits.payloadBytesMax)
    }

    private func report(_ result: AppendResult, _ stream: StreamID) throws {
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("stream", stream.text)
            object.add("version", result.version.rawValue)
            object.add("position", result.positions.lowerBound.rawValue)
            if result.wasStoredBefore { object.add("wasStoredBefore", true) }
            try output.line(object)
        } else {
            let verb = result.wasStoredBefore ? "was stored before" : "stored"
            try output.line(
                "\(verb): stream \"\(stream)\" version \(result.version),"
                    + " position \(result.positions.lowerBound)")
        }
        try output.send()
    }
}
