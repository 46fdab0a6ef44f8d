import ArgumentParser
import EmakiCommandSupport
import EmakiLog

struct WorkflowTailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Print the events of a workflow as they become durable.",
        discussion: """
            Goes on until the workflow ends: where a run is followed by another, as by \
            continue-as-new, from run to run. It asks the process that has the store open, five \
            times a second, and holds nothing there in between. Where nobody has the store open, \
            it prints what is there, lets go of the store, and waits for a process that has it.

            EXAMPLES
              \(Program.name) workflow tail bank.emaki transfer-7
              \(Program.name) workflow tail bank.emaki transfer-7 --from 100 --json
              \(Program.name) workflow tail bank.emaki transfer-7 --until caught-up
            """)

    enum End: String, CaseIterable, ExpressibleByArgument {
        case closed
        case caughtUp = "caught-up"
    }

    @OptionGroup var place: StoreArgument
    @OptionGroup var workflow: WorkflowArgument
    @Option(help: "Only this run, which may be an earlier one.") var run: String?
    @Option(help: "The event to begin with.") var from: UInt64 = 1
    @Option(help: "closed: until the workflow has ended; caught-up: until all is printed.")
    var until = End.closed
    @OptionGroup var answer: OutputOptions

    /// Between two questions.
    private static let rest: Duration = .milliseconds(200)

    func run() async throws {
        let follower = RunFollower(
            place: place, id: workflow.id, run: run, next: max(1, from), isJSON: answer.json)
        while true {
            let state = try await follower.read()
            switch state {
            case .ended: return
            case .goesOnAs(let next):
                if run != nil { return }
                follower.follow(next)
            case .open(let hasRead):
                if until == .caughtUp, hasRead { return }
                try await Task.sleep(for: Self.rest)
            }
        }
    }
}

/// Reads a run's events, from wherever they are to be had, each once.
private final class RunFollower {
    enum State {
        /// - Parameter hasRead: all that is there.
        case open(hasRead: Bool)
        case ended
        case goesOnAs(String)
    }

    let place: StoreArgument
    let id: String
    var run: String?
    /// The next event.
    var next: UInt64
    let isJSON: Bool
    /// Nobody has the store open, and all that it has was printed: it is left alone.
    private var isSpent = false
    /// No event was there to be printed yet, so the last one may be before those that are wanted.
    private var hasPrinted = false

    init(place: StoreArgument, id: String, run: String?, next: UInt64, isJSON: Bool) {
        self.place = place
        self.id = id
        self.run = run
        self.next = next
        self.isJSON = isJSON
    }

    func follow(_ run: String) {
        self.run = run
        next = 1
        isSpent = false
    }

    /// Prints what is new.
    func read() async throws -> State {
        var request = WorkflowRequest("history", onlyLooks: true)
        request.add("id", id)
        request.add("run", run)
        request.add("from", next)
        var output = Output()
        var state = State.open(hasRead: true)
        var next = next
        func take(_ line: [UInt8]) throws {
            let event = try TailedEvent(line)
            next = event.number + 1
            hasPrinted = true
            if event.isEnd { state = event.successor.map { .goesOnAs($0) } ?? .ended }
            try output.line(
                isJSON ? String(decoding: line, as: UTF8.self) : try WorkflowText.event(line))
        }
        do {
            var result = try await request.sendToOwner(of: place, line: take)
            if result != nil {
                isSpent = false
            } else if !isSpent {
                result = try await request.send(to: place, line: take)
                isSpent = true
            }
            run = try result?.value("run", as: String.self) ?? run
            if !hasPrinted, result != nil, try await hasEnded() { state = .ended }
        } catch let failure as CommandFailure where passes(failure.code) {
            // The end may have come before the conversation broke off.
            if case .open = state { state = .open(hasRead: false) }
        }
        // What was printed is not printed again, also if the rest could not be had.
        self.next = next
        // Somebody waits for each line.
        try output.send()
        return state
    }

    private func hasEnded() async throws -> Bool {
        var request = WorkflowRequest("describe", onlyLooks: true)
        request.add("id", id)
        request.add("run", run)
        let result = try await request.send(to: place)
        return !["open", "paused"].contains(try result.required("state", as: String.self))
    }

    /// It is over after a while: others ask, or the store is being opened or closed. A log listens
    /// before there is an engine on it, so that counts, too, once there was one.
    private func passes(_ code: String) -> Bool {
        ["busy", "locked", "engineClosed"].contains(code) || code == "noEngine" && run != nil
    }
}

/// What `tail` has to know of an event.
private struct TailedEvent {
    var number: UInt64
    var isEnd: Bool
    /// The run after this one.
    var successor: String?

    init(_ line: [UInt8]) throws {
        let slices = try JSONSlices(validating: line)
        let whole = try slices.whole()
        func text(_ name: String) throws -> String? {
            try slices.member(name, of: whole).flatMap(slices.text)
        }
        guard let number = try slices.member("event", of: whole).flatMap(slices.number) else {
            throw CommandFailure(
                .internalError, code: "answer", "the owner sent an event without a number")
        }
        self.number = number
        isEnd = try text("type") == "RunClosed"
        successor = isEnd ? try text("run") : nil
    }
}
