import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct TruncateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "truncate",
        abstract: "Remove the oldest events of a stream.",
        discussion: """
            Removes the events before a version; versions and positions of the others stay. \
            Answers once that is durable. Nobody sees the events from then on; their bytes go \
            when their file is merged, with `emaki merge` at once. Removing what is removed \
            already changes nothing.

            EXAMPLES
              emaki truncate orders.emaki order-7 --before 40
              emaki truncate orders.emaki order-7 --before 40 --json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream: 1 to 255 bytes.")
    var stream: String

    @Option(help: "The oldest version that stays.")
    var before: UInt64

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard before > 0 else { throw ValidationError("--before is 0; versions start at 1.") }
    }

    func run() async throws {
        let stream = try StreamID(stream)
        try await RemovalReport.run(place, answer) { log in
            let version = try await log.truncate(stream, before: StreamVersion(before))
            // It may have lost more than that before.
            let first = try log.events(in: stream, limit: 1).first?.version.rawValue
            return RemovalReport(
                stream: stream.text, version: version.rawValue,
                firstVersion: first ?? version.rawValue + 1, isDeleted: false)
        }
    }
}

struct DeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Remove all events of a stream, and end it.",
        discussion: """
            Answers once that is durable. The stream keeps its version: an append that does not \
            expect exactly that version is refused, so that a late writer does not bring the \
            stream back by mistake. The bytes of the events go when their file is merged, with \
            `emaki merge` at once. Deleting a deleted stream changes nothing.

            EXAMPLES
              emaki delete orders.emaki order-7
              emaki delete orders.emaki order-7 --expecting 12 --json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream: 1 to 255 bytes.")
    var stream: String

    @Option(help: "What the stream must be at: a version, \"none\" or \"any\".")
    var expecting: ExpectedVersion = .anything

    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let stream = try StreamID(stream)
        try await RemovalReport.run(place, answer) { log in
            let version = try await log.delete(stream, expecting: expecting)
            return RemovalReport(
                stream: stream.text, version: version.rawValue,
                firstVersion: version.rawValue + 1, isDeleted: version > .none)
        }
    }
}

struct PurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Erase a stream: delete it, and rewrite files until its bytes are gone.",
        discussion: """
            Answers once no file of the store holds a byte of the stream's events and snapshots. \
            Its id stays, with the version at which it was deleted. Backups that were made before \
            keep what they hold: remove those that end before the position in the answer. If it is \
            interrupted, repeat it.

            EXAMPLES
              emaki purge orders.emaki order-7
              emaki purge orders.emaki order-7 --json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream: 1 to 255 bytes.")
    var stream: String

    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let stream = try StreamID(stream)
        var configuration = Configuration()
        // What is asked for is done, and nothing else.
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        let report = try await place.open(configuration) { log in try await log.purge(stream) }
        var output = Output()
        if answer.json {
            try output.line(JSONObject.encoded(report))
        } else {
            try output.line(
                "purged: \(report.rewrittenFiles) sealed files of \(report.rewrittenBytes) bytes"
                    + " written again, \(report.cleanedSegments) segment files cleaned")
            try output.line(
                "backups that end before position \(report.position) may hold the stream")
        }
        try output.send()
    }
}

/// What a stream is like once events of it were removed, for people or as JSON.
private struct RemovalReport: Encodable {
    var stream: String
    var version: UInt64
    /// The oldest version that is left, or will be the next one.
    var firstVersion: UInt64
    var isDeleted: Bool

    static func run(
        _ place: StoreArgument, _ answer: OutputOptions,
        _ work: (EventLog) async throws -> RemovalReport
    ) async throws {
        let report = try await place.open(Configuration(), work)
        var output = Output()
        if answer.json {
            try output.line(JSONObject.encoded(report))
        } else {
            try output.line(report.text)
        }
        try output.send()
    }

    private var text: String {
        if version == 0 { return "stream \"\(stream)\" was never written: nothing to remove" }
        if isDeleted { return "deleted: stream \"\(stream)\" at version \(version)" }
        if firstVersion > version {
            return "removed: all \(version) events of stream \"\(stream)\""
        }
        return "removed: stream \"\(stream)\" now has versions \(firstVersion) to \(version)"
    }
}
