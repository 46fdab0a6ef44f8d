import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct CreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make a store in a new or empty folder.",
        discussion: """
            Measures which way to sync is fastest on this disk, and records it in the store with \
            F, the median time of one durable block write there. Warns about a disk whose syncs \
            cannot be what they claim.

            EXAMPLES
              emaki create orders.emaki
              emaki create small.emaki --segment-bytes 1048576
            """)

    @OptionGroup var place: StoreArgument

    @Option(help: "Size of a segment: a power of two, 131072 to 1073741824.")
    var segmentBytes = StoreOptions().segmentBytes

    @Option(help: "Unit of writing: a power of two. Default: what the disk wants, at least 4096.")
    var blockBytes: Int?

    @Option(help: "Largest batch as stored. Default: what fits into a segment.")
    var batchBytesMax: Int?

    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let made = try await EventLog.create(
            at: place.store,
            StoreOptions(
                segmentBytes: segmentBytes, blockBytes: blockBytes, batchBytesMax: batchBytesMax))
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("path", place.store)
            try object.add("store", encoding: made)
            try output.line(object)
        } else {
            try output.line("made \(place.store)")
            for line in StoreLines.lines(of: made) { try output.line(line) }
            for warning in made.warnings { ErrorOutput.warn(warning) }
        }
        try output.send()
    }
}

/// What a store is, for people.
enum StoreLines {
    static func lines(of store: StoreDescription) -> [String] {
        [
            "store \(store.storeID), format \(store.formatVersion),"
                + " made \(EventView.time(store.createdAt))",
            "segments of \(store.segmentBytes) bytes, blocks of \(store.blockBytes),"
                + " batches up to \(store.batchBytesMax) bytes",
            "sync method \(store.syncMethod), F = \(microseconds(store.rawLatencyNanoseconds)) us"
                + " (median of one durable block write)",
        ]
    }

    static func microseconds(_ nanoseconds: Int64) -> String {
        "\(nanoseconds / 1000).\(nanoseconds % 1000 / 100)"
    }
}
