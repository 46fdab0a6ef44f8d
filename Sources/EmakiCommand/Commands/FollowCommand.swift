import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct FollowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Print events in commit order, then wait for more.",
        discussion: """
            Prints each event as soon as it is durable, without a gap or a repeat, until it is \
            interrupted; with --until-caught-up it ends after the last event that was durable when \
            it started. Positions that hold nothing any more are reported as skipped. The command \
            holds the store's lock, so nobody appends meanwhile: to follow a store that a process \
            writes to, call `EventLog.follow` in that process.

            EXAMPLES
              emaki follow orders.emaki --until-caught-up
              emaki follow orders.emaki --stream order-7 --json
              emaki follow orders.emaki --prefix order- --from-position 1000
            """)

    @OptionGroup var place: StoreArgument

    @Option(help: "Only this stream.")
    var stream: String?

    @Option(help: "Only streams whose id starts with this.")
    var prefix: String?

    @Option(help: "Position to start at.")
    var fromPosition: UInt64 = 0

    @Flag(help: "End once everything that is durable now was printed.")
    var untilCaughtUp = false

    @OptionGroup var answer: OutputOptions

    func validate() throws {
        guard stream == nil || prefix == nil else {
            throw ValidationError("--stream and --prefix exclude each other.")
        }
    }

    func run() async throws {
        let scope = try scope()
        try await place.open(.readOnly()) { log in
            let end = log.durablePosition
            if untilCaughtUp, fromPosition >= end.rawValue { return }
            if untilCaughtUp {
                try catchUp(log, to: end, scope)
            } else {
                try await follow(log, scope)
            }
        }
    }

    private func scope() throws(LogError) -> FollowScope {
        if let stream { return .stream(try StreamID(stream)) }
        return prefix.map { .prefix($0) } ?? .everything
    }

    /// A follower is only told of events in its scope, so it cannot know that it has seen the last:
    /// up to a known end, the log is read.
    private func catchUp(_ log: EventLog, to end: Position, _ scope: FollowScope) throws {
        var printer = EventPrinter(isJSON: answer.json, isPayloadOnly: false, showsStream: true)
        var next = Position(fromPosition)
        try log.forEachEventThrowing(from: next) { event in
            guard event.position < end else { return .stop }
            try printer.printSkipped(next..<event.position)
            next = Position(event.position.rawValue + 1)
            if scope.contains(event.stream) { try printer.print(event) }
            return .next
        }
        if next < end { try printer.printSkipped(next..<end) }
        try printer.finish()
    }

    private func follow(_ log: EventLog, _ scope: FollowScope) async throws {
        var printer = EventPrinter(isJSON: answer.json, isPayloadOnly: false, showsStream: true)
        for try await followed in log.follow(from: Position(fromPosition), in: scope) {
            switch followed {
            case .event(let event): try printer.print(event)
            case .skipped(let positions): try printer.printSkipped(positions)
            }
            // Somebody waits for each line.
            try printer.finish()
        }
    }
}

extension FollowScope {
    func contains(_ stream: StreamID) -> Bool {
        switch self {
        case .stream(let wanted): stream == wanted
        case .prefix(let prefix): stream.text.utf8.starts(with: prefix.utf8)
        default: true
        }
    }
}
