extension WorkflowDefinition {
    /// What executes a run, for who executes it for somebody else.
    public func decider(_ start: RunStart, codec: any PayloadCodec) -> any Decider {
        makeDecider(start, codec)
    }
}
