/// Executes a workflow that is written in Swift: a frame after the other, of which each begins at
/// the start or at a checkpoint, live as in a replay.
final class SwiftDecider<W: Workflow>: Decider, @unchecked Sendable {
    private let start: RunStart
    private let codec: any PayloadCodec
    private var frame: SwiftFrame<W>
    /// A frame before this one swallowed what lets it go.
    private var hasLeakedBefore = false

    init(_ start: RunStart, codec: any PayloadCodec) {
        self.start = start
        self.codec = codec
        frame = SwiftFrame(start, codec: codec)
    }

    func activate(_ activation: Activation) -> Decision {
        if case .checkpointed(let checkpoint) = activation.event.body { begin(from: checkpoint) }
        return frame.activate(activation)
    }

    func begin(from checkpoint: RunCheckpoint) {
        frame.evict()
        hasLeakedBefore = hasLeakedBefore || frame.hasLeaked
        frame = SwiftFrame(start, from: checkpoint, codec: codec)
    }

    func uncompensated() -> [String] { frame.uncompensated() }

    func validate(_ message: Message, isUpdate: Bool) -> Failure? {
        frame.validate(message, isUpdate: isUpdate)
    }

    func query(_ name: String, _ input: Payload) throws -> Payload {
        try frame.query(name, input)
    }

    func closure(of key: String) -> StepClosure? { frame.closure(of: key) }

    var declinedPatches: [String] { frame.declinedPatches }

    func place(inBranch branch: String) -> SourcePlace? { frame.place(inBranch: branch) }

    func evict() { frame.evict() }

    var hasLeaked: Bool { hasLeakedBefore || frame.hasLeaked }
}
