/// Brings a decider to where a history ends, by letting its events in again and comparing what the
/// code asks for with what was recorded.
struct Replay {
    private var machine: RunMachine
    /// The code's body has returned.
    private(set) var hasReturned = false
    /// The newest commands in which they agree, as the code asks for them.
    private var agreed: [Divergence.Entry] = []
    /// Where code and history parted, if that is why it failed.
    private(set) var divergence: Divergence?
    /// Is told of each event before the code sees it.
    var willActivate: ((Int) -> Void)?
    private let decider: any Decider
    private let comparesInput: Bool
    /// What the code is to see next, how many of the commands that it had then are still to come,
    /// and those that came.
    private var open: (activation: Activation, left: Int, recorded: [Divergence.Entry])?

    /// - Parameter comparesInput: inputs of steps must be the same, too.
    init(_ start: RunStart, into decider: any Decider, comparesInput: Bool) {
        machine = RunMachine(start)
        self.decider = decider
        self.comparesInput = comparesInput
    }

    /// Lets the next event in. The first may be a checkpoint.
    /// - Throws: the failure of the task: the code does not follow the history.
    mutating func add(_ event: HistoryEvent) throws(Failure) {
        if case .checkpointed(let checkpoint) = event.body, machine.lastID == 0 {
            decider.begin(from: checkpoint)
            return machine.apply(event)
        }
        if open != nil { return try addCommand(event) }
        guard let (activation, count) = activation(of: event) else {
            machine.apply(event)
            return
        }
        machine.apply(event)
        open = (activation, count, [])
        try activateIfComplete()
    }

    /// After the last event.
    func finish() throws(Failure) {
        guard let open else { return }
        throw Failure(
            .misuse, type: "Incomplete",
            message: "\(open.left) commands of event \(open.activation.event.id) are missing "
                + "in the history")
    }

    /// Lets the code see what it has not seen, as an engine would next, and throws away what it
    /// asks for then.
    func lookAhead() throws(Failure) {
        var left = machine.unseen
        while let index = left.firstIndex(where: { $0.event.body.isMessage }) ?? left.indices.first
        {
            let unseen = left.remove(at: index)
            var late = unseen.event
            late.time = max(machine.time, late.time)
            willActivate?(late.id)
            var activation = Activation(event: late, key: unseen.key, isReplay: false)
            activation.hasMoreMessages = left.contains { $0.event.body.isMessage }
            let decision = decider.activate(activation)
            if let failure = decision.taskFailure { throw failure }
            if decision.hasReturned { return }
        }
    }

    private func activation(of event: HistoryEvent) -> (Activation, Int)? {
        guard let count = event.commandCount else { return nil }
        if case .activated(let id) = event.body {
            guard let seen = machine.unseen.first(where: { $0.event.id == id }) else {
                return nil
            }
            var late = seen.event
            late.time = event.time
            var activation = Activation(event: late, key: seen.key, isReplay: true)
            activation.hasMoreMessages = machine.hasMoreMessages(beside: id)
            return (activation, count)
        }
        guard event.body.isInput else { return nil }
        return (
            Activation(event: event, key: machine.key(of: event.body), isReplay: true), count
        )
    }

    private mutating func addCommand(_ event: HistoryEvent) throws(Failure) {
        guard var current = open else { return }
        current.recorded.append(machine.describe(event.body, comparesInput: comparesInput))
        if case .patched(let id) = event.body { current.activation.patches.append(id) }
        current.left -= 1
        machine.apply(event)
        open = current
        try activateIfComplete()
    }

    private mutating func activateIfComplete() throws(Failure) {
        guard let current = open, current.left == 0 else { return }
        open = nil
        willActivate?(current.activation.event.id)
        let decision = decider.activate(current.activation)
        if let failure = decision.taskFailure { throw failure }
        hasReturned = hasReturned || decision.hasReturned
        var found = decision.commands.map {
            RunMachine.describe($0, comparesInput: comparesInput)
        }
        for index in found.indices where index < decision.places.count {
            found[index].place = decision.places[index]
        }
        let difference = Divergence.find(
            after: current.activation.event.id, recorded: current.recorded, found: found)
        guard var difference else {
            if !found.isEmpty { agreed = found }
            return
        }
        if difference.lastEqual == nil {
            let last = agreed.last { $0.branch == difference.branch } ?? agreed.last
            difference.lastEqual = last?.text
            difference.lastEqualPlace = last?.place
        }
        if difference.found == nil {
            difference.place = decider.place(inBranch: difference.branch)
        }
        divergence = difference
        throw difference.failure
    }
}
