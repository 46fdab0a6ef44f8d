import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct SnapshotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Store a snapshot of a stream, or print the newest one.",
        discussion: """
            A snapshot is what somebody made of a stream's events up to a version. The store keeps \
            the newest of each stream; it is no event, and reading does not show it. With --at, \
            the contents of --file, or else standard input, are stored as the snapshot at that \
            version. Without, the newest one is printed.

            EXAMPLES
              emaki snapshot orders.emaki order-7 --at 40 --file state.json
              emaki snapshot orders.emaki order-7
              emaki snapshot orders.emaki order-7 --payload-only > state.json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream: 1 to 255 bytes.")
    var stream: String

    @Option(help: "Store a snapshot at this version.")
    var at: UInt64?

    @Option(help: "A file that is the snapshot.", completion: .file())
    var file: String?

    @Flag(help: "Print the bytes of the snapshot and nothing else.")
    var payloadOnly = false

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard at != nil || file == nil else { throw ValidationError("--file needs --at.") }
        guard at == nil || !payloadOnly else {
            throw ValidationError("--payload-only prints, and --at stores.")
        }
    }

    func run() async throws {
        let stream = try StreamID(stream)
        guard let at else { return try await show(stream) }
        var input = try file.map { path in try InputBytes(path: path) } ?? InputBytes.standard()
        let payload = try input.all(upTo: Limits.payloadBytesMax)
        let isStored = try await place.open(Configuration()) { log in
            try await log.saveSnapshot(payload, of: stream, at: StreamVersion(at))
        }
        try report(stream, at, isStored)
    }

    private func report(_ stream: StreamID, _ version: UInt64, _ isStored: Bool) throws {
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("stream", stream.text)
            object.add("version", version)
            object.add("isStored", isStored)
            try output.line(object)
        } else if isStored {
            try output.line("stored: a snapshot of stream \"\(stream)\" at version \(version)")
        } else {
            try output.line(
                "not needed: stream \"\(stream)\" has a newer snapshot, or lost what it stands for")
        }
        try output.send()
    }

    private func show(_ stream: StreamID) async throws {
        let snapshot = try await place.open(.readOnly()) { log in
            try log.newestSnapshot(of: stream)
        }
        var output = Output()
        if payloadOnly {
            if let snapshot { try output.bytes(snapshot.payload) }
        } else if answer.json {
            var object = JSONObject()
            object.add("stream", stream.text)
            if let snapshot {
                object.add("version", snapshot.version.rawValue)
                object.add("payload", json: PayloadText(snapshot.payload).json)
                object.add("time", EventView.time(snapshot.commitInstant))
            }
            try output.line(object)
        } else if let snapshot {
            try output.line(
                "stream \"\(stream)\" version \(snapshot.version):"
                    + " \(TerminalText.preview(snapshot.payload))")
        } else {
            try output.line("stream \"\(stream)\" has no snapshot")
        }
        try output.send()
    }
}
