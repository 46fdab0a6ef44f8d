import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import Foundation

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write events as JSON Lines in commit order.",
        discussion: """
            Each line has `stream`, `version`, `position`, `type` and `payload`. A payload that is \
            JSON is written as it is spelled; any other is written as {"base64":"…"}. A line \
            cannot hold line breaks: JSON that has them is written with spaces in their place, and \
            `text` repeats it exactly. `metadata` and `id` are there where an event has some that \
            `import` would not compute. `emaki import` reads all of it back.

            EXAMPLES
              emaki export orders.emaki > orders.jsonl
              emaki export orders.emaki --prefix order- | gzip > orders.jsonl.gz
              emaki export orders.emaki | emaki import copy.emaki -
            """)

    @OptionGroup var place: StoreArgument

    @Option(help: "Only this stream.")
    var stream: String?

    @Option(help: "Only streams whose id starts with this.")
    var prefix: String?

    @OptionGroup var damage: DamageOption

    @Flag(help: .hidden)
    var json = false

    func validate() throws {
        guard stream == nil || prefix == nil else {
            throw ValidationError("--stream and --prefix exclude each other.")
        }
    }

    func run() async throws {
        let stream = try self.stream.map { text throws(LogError) in try StreamID(text) }
        let scope = stream.map { FollowScope.stream($0) } ?? .prefix(prefix ?? "")
        try await place.open(damage.configuration) { log in
            var output = Output()
            func write(_ event: RecordedEvent) throws -> ReadFlow {
                if scope.contains(event.stream) { try output.line(Self.line(event)) }
                return .next
            }
            if let stream, !damage.damaged {
                try log.forEachEventThrowing(in: stream, write)
            } else {
                // Reading by position steps over lost events, where reading a stream would end.
                try log.forEachEventThrowing(write)
            }
            try output.send()
        }
    }

    private static func line(_ event: RecordedEvent) -> JSONObject {
        var object = JSONObject()
        let (stream, payload) = (event.stream, event.payload)
        object.add("stream", stream.text)
        object.add("version", event.version.rawValue)
        object.add("position", event.position.rawValue)
        object.add("type", event.type)
        let text = PayloadText(payload)
        object.add("payload", json: text.json)
        if let exact = text.exact { object.add("text", exact) }
        let metadata = event.metadata
        if !metadata.isEmpty {
            object.add(
                "metadata", json: "{\"base64\":\"\(Data(metadata).base64EncodedString())\"}")
        }
        let computed = ImportID.of(payload, in: stream, version: event.version.rawValue)
        if let id = event.id, id != computed { object.add("id", id.description) }
        return object
    }
}
