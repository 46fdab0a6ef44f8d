import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Forget deleted streams, as if they had never been written.",
        discussion: """
            A deleted stream keeps its version for ever, to keep out late writers, and takes \
            memory. Forgetting drops that: an append that expects no stream is accepted again, at \
            version 1. What is left of the stream's events is erased first, so it is better to \
            merge before, and to forget many streams at once. A stream that is not deleted is \
            refused; one that was never written is passed over.

            EXAMPLES
              emaki forget orders.emaki order-7
              emaki forget orders.emaki order-7 order-8 --json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "Deleted streams: 1 to 255 bytes each.")
    var streams: [String]

    @OptionGroup var answer: OutputOptions

    func run() async throws {
        let streams = try streams.map { try StreamID($0) }
        var configuration = Configuration()
        // What is asked for is done, and nothing else.
        configuration.sealsInBackground = false
        configuration.mergesInBackground = false
        let (count, left) = try await place.open(configuration) { log in
            (try await log.forget(streams), log.statistics.removedStreams)
        }
        var output = Output()
        if answer.json {
            var object = JSONObject()
            object.add("forgotten", count)
            object.add("removedStreams", left)
            try output.line(object.text)
        } else {
            try output.line("forgotten: \(count) of \(streams.count) streams")
            try output.line("\(left) streams are left of which something was removed")
        }
        try output.send()
    }
}
