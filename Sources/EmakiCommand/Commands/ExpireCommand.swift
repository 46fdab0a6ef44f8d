import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import Foundation

struct ExpireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire",
        abstract: "Say when the events of a stream are to go, or remove what has expired.",
        discussion: """
            With a stream: the events that it has now are to go at an instant; what is appended \
            later stays. Answers once that is durable. The last call counts.

            With --due: removes all events whose time has come. A store that is in use does so \
            when it is opened and whenever a segment is full. If the clock is more than a day \
            ahead of the newest commit that is refused, unless --trust-clock is given.

            EXAMPLES
              emaki expire orders.emaki order-7 --at 2027-01-31T00:00:00Z
              emaki expire orders.emaki order-7 --in 86400
              emaki expire orders.emaki --due --json
            """)

    @OptionGroup var place: StoreArgument

    @Argument(help: "The stream: 1 to 255 bytes.")
    var stream: String?

    @Option(help: "When, in ISO 8601.")
    var at: String?

    @Option(name: .customLong("in"), help: "In how many seconds from now.")
    var seconds: Double?

    @Option(help: "What the stream must be at: a version, \"none\" or \"any\".")
    var expecting: ExpectedVersion = .anything

    @Flag(help: "Remove what has expired.")
    var due = false

    @Flag(help: "With --due: also if the clock is far ahead of the newest commit.")
    var trustClock = false

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard due == (stream == nil) else {
            throw ValidationError("Give a stream, or --due, and not both.")
        }
        if due {
            guard at == nil, seconds == nil else {
                throw ValidationError("--due removes what has expired by now.")
            }
        } else {
            guard (at == nil) != (seconds == nil) else {
                throw ValidationError("Give --at or --in.")
            }
            guard !trustClock else { throw ValidationError("--trust-clock belongs to --due.") }
            _ = try instant()
        }
    }

    /// Years that instants in nanoseconds reach: 1678 to 2261.
    private static let secondsMax = 9.2e9

    /// Nanoseconds since 1970 UTC.
    private func instant() throws -> Int64 {
        var since1970 = seconds.map { Double(SystemClock.wallNanoseconds()) / 1e9 + $0 } ?? 0
        if let at {
            guard let date = try? Date(at, strategy: .iso8601) else {
                throw ValidationError("--at is \"\(at)\"; it is like 2027-01-31T00:00:00Z.")
            }
            since1970 = date.timeIntervalSince1970
        }
        guard abs(since1970) < Self.secondsMax else {
            throw ValidationError("The instant is too far away.")
        }
        return Int64(since1970 * 1e9)
    }

    func run() async throws {
        var output = Output()
        if let stream {
            let (stream, instant) = (try StreamID(stream), try instant())
            let version = try await place.open(Configuration()) { log in
                try await log.expire(stream, at: instant, expecting: expecting)
            }
            let report = Report(
                stream: stream.text, version: version.rawValue, instant: instant)
            if answer.json {
                try output.line(JSONObject.encoded(report))
            } else if version == .none {
                try output.line("stream \"\(stream)\" was never written: nothing expires")
            } else {
                try output.line(
                    "events of \"\(stream)\" up to version \(version) expire at"
                        + " \(EventView.time(instant))")
            }
        } else {
            let trusts = trustClock
            let count = try await place.open(Configuration()) { log in
                try await log.removeExpired(trustingClock: trusts)
            }
            if answer.json {
                var object = JSONObject()
                object.add("streams", count)
                try output.line(object)
            } else {
                try output.line("removed: events of \(count) streams")
            }
        }
        try output.send()
    }

    private struct Report: Encodable {
        var stream: String
        var version: UInt64
        var instant: Int64
    }
}
