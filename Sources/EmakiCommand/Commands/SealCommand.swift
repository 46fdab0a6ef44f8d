import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Move all full segments into sealed files now.",
        discussion: """
            An open store does so in the background by itself. A sealed file holds the events by \
            stream, compressed, with parity that rebuilds damaged pages. The segment that is being \
            appended to is left alone, unless --all is given.

            EXAMPLES
              emaki seal orders.emaki
              emaki seal orders.emaki --all
              emaki seal orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @Flag(help: "The segment that is being appended to, too, though it is not full.")
    var all = false
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try await MaintenanceReport.run(place, answer) { log in try await log.seal(all: all) }
    }
}

struct MergeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "merge",
        abstract: "Merge sealed files into as few as possible now.",
        discussion: """
            Seals what is full first. An open store merges in the background by itself, tier by \
            tier. Needs space for the new files until the old ones are gone. Afterwards the sealed \
            events of a stream lie in one place, and the store takes the least space.

            What was removed goes once its removal is sealed itself: with --all that is so for \
            everything that was removed before.

            EXAMPLES
              emaki merge orders.emaki
              emaki merge orders.emaki --all
              emaki merge orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument
    @Flag(help: "Seal the segment that is being appended to, too, though it is not full.")
    var all = false
    @OptionGroup var answer: OutputOptions

    func run() async throws {
        try await MaintenanceReport.run(place, answer) { log in
            try await log.seal(all: all)
            try await log.merge()
        }
    }
}

/// What sealing and merging changed, for people or as JSON.
private struct MaintenanceReport: Encodable {
    var sealedSegments: UInt64
    var merges: UInt64
    var writtenBytes: UInt64
    var sealedFiles: Int
    var events: Int
    var bytes: Int

    init(_ statistics: LogStatistics) {
        sealedSegments = statistics.sealedSegments
        merges = statistics.merges
        writtenBytes = statistics.sealedBytesWritten + statistics.mergedBytesWritten
        sealedFiles = statistics.sealedFiles
        events = statistics.eventsInSealedFiles
        bytes = statistics.sealedFileBytes
    }

    static func run(
        _ place: StoreArgument, _ answer: OutputOptions,
        _ work: (EventLog) async throws -> Void
    ) async throws {
        var configuration = Configuration()
        // What is asked for is done, and nothing else.
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        let report = try await place.open(configuration) { log in
            try await work(log)
            return MaintenanceReport(log.statistics)
        }
        var output = Output()
        if answer.json {
            try output.line(JSONObject.encoded(report))
        } else {
            try output.line(
                "\(report.sealedSegments) segments sealed, \(report.merges) merges,"
                    + " \(report.writtenBytes) bytes written")
            try output.line(
                "\(report.events) events in \(report.sealedFiles) sealed files of"
                    + " \(report.bytes) bytes")
        }
        try output.send()
    }
}
