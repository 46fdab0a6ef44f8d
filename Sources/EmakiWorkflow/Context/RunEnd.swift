/// What an error that `run` threw means.
enum RunEnd {
    /// It ends the run; anything else is a fault of the code.
    static func fails<W: Workflow>(_ type: W.Type, _ error: any Error) -> Bool {
        if isOwn(error) { return true }
        return type.failures.contains { Swift.type(of: error) == $0 }
    }

    private static func isOwn(_ error: any Error) -> Bool {
        switch error {
        case is ApplicationFailure, is StepFailure, is SagaFailure, is CancellationError: true
        case let failure as Failure: failure.kind != .misuse
        default: false
        }
    }

    /// - Parameter isCancelRequested: somebody asked the run to stop.
    /// - Returns: nil for a fault of the code.
    static func closing<W: Workflow>(
        _ type: W.Type, _ result: Result<Payload, any Error>, isCancelRequested: Bool
    ) -> Command.Closing? {
        switch result {
        case .success(let payload): .completed(payload)
        case .failure(let next as ContinueAsNew):
            .continueAsNew(workflowType: next.workflowType, next.input)
        case .failure(is CancellationError): isCancelRequested ? .cancelled : nil
        case .failure(let error):
            fails(type, error) ? .failed(Failure(describing: error)) : nil
        }
    }
}
