import EmakiCommandSupport
import EmakiLog
import EmakiWorkflow

/// Several requests about workflows, one after the other: to the process that has the store open,
/// or done here, on one engine that begins nothing.
struct WorkflowSession {
    private enum Place {
        case owner(StoreArgument)
        case here(WorkflowEngine)
    }

    private let place: Place

    /// Opens, works, closes; or works with the process that has the store open.
    /// - Parameters:
    ///   - onlyLooks: nothing is recorded, so the store is opened for reading only.
    ///   - code: answers where nobody has the store open.
    static func on<R>(
        _ store: StoreArgument, onlyLooks: Bool, code: OperatorCode?,
        _ body: (WorkflowSession) async throws -> R
    ) async throws -> R {
        let done: R? = try await store.open(onlyLooks ? .readOnly() : Configuration()) { _ in
            nil
        } _: { log in
            let engine = try await WorkflowEngine.operating(on: log, with: code)
            defer { engine.close() }
            return try await body(WorkflowSession(place: .here(engine)))
        }
        if let done { return done }
        return try await body(WorkflowSession(place: .owner(store)))
    }

    /// Asks, and waits for the whole answer.
    /// - Parameter take: called with each line, in order.
    func ask(
        _ request: WorkflowRequest, line take: @escaping ([UInt8]) throws -> Void = { _ in }
    ) async throws -> OwnerAnswer {
        switch place {
        case .here(let engine): return try await request.answer(by: engine, line: take)
        case .owner(let store):
            guard let answer = try await request.sendToOwner(of: store, line: take) else {
                throw CommandFailure(
                    .locked, code: "locked",
                    "the process that had \(store.store) open closes it just now; try again")
            }
            return answer
        }
    }
}
