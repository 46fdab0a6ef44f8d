import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import EmakiWorkflow
import Foundation

/// One request about workflows: to the process that has the store open, or done here.
struct WorkflowRequest {
    /// `do` and what goes with it.
    private(set) var object: JSONObject
    /// Nothing is recorded, so the store is opened for reading only.
    let onlyLooks: Bool

    init(_ verb: String, onlyLooks: Bool = false) {
        object = ControlClient.request(Operator.verb)
        object.add("do", verb)
        self.onlyLooks = onlyLooks
    }

    mutating func add(_ name: String, _ text: String?) {
        if let text { object.add(name, text) }
    }

    mutating func add(_ name: String, _ number: UInt64?) {
        if let number { object.add(name, number) }
    }

    mutating func fill(_ body: (inout JSONObject) throws -> Void) rethrows { try body(&object) }

    /// Asks, and waits for the whole answer.
    /// - Parameters:
    ///   - count: shows how many workflows were looked at.
    ///   - take: called with each line, in order.
    func send(
        to place: StoreArgument, count: CountLine? = nil,
        line take: @escaping ([UInt8]) throws -> Void = { _ in }
    ) async throws -> OwnerAnswer {
        defer { count?.end() }
        return try await naming(place) {
            try await place.open(onlyLooks ? .readOnly() : Configuration()) { owner in
                try ask(&owner, count, take)
            } _: { log in
                try await here(log, count, take)
            }
        }
    }

    /// Asks the process that has the store open, if there is one that answers.
    /// - Returns: nil if there is none.
    func sendToOwner(
        of place: StoreArgument, line take: ([UInt8]) throws -> Void
    ) async throws -> OwnerAnswer? {
        try await naming(place) {
            guard var owner = try StoreOwner(of: place.store) else { return nil }
            return try ask(&owner, nil, take)
        }
    }

    private func ask(
        _ owner: inout StoreOwner, _ count: CountLine?, _ take: ([UInt8]) throws -> Void
    ) throws -> OwnerAnswer {
        try owner.ask(object) { phase, done, _ in
            if phase == "runs" { count?.report(done) }
        } line: { line in
            try take(line)
        }
    }

    private func naming<R>(
        _ place: StoreArgument, _ body: () async throws -> R
    ) async throws -> R {
        do {
            return try await body()
        } catch let failure as CommandFailure where failure.code == "unknownVerb" {
            throw CommandFailure(
                .refused, code: "noEngine",
                "the process that has \(place.store) open runs no workflows on it")
        }
    }

    private func here(
        _ log: EventLog, _ count: CountLine?, _ take: @escaping ([UInt8]) throws -> Void
    ) async throws -> OwnerAnswer {
        let engine = try await WorkflowEngine.operating(on: log, with: WorkflowCode.atHand)
        defer { engine.close() }
        return try await answer(by: engine, count, line: take)
    }

    /// - Parameter engine: of this process, which begins nothing.
    func answer(
        by engine: WorkflowEngine, _ count: CountLine? = nil,
        line take: @escaping ([UInt8]) throws -> Void = { _ in }
    ) async throws -> OwnerAnswer {
        let line = Array(object.text.utf8)
        let taker = Taker(take)
        let result = try await SystemThread.offload(name: "emaki-operator") {
            () throws(ControlFault) -> Result<JSONObject, any Error> in
            do throws(ControlFault) {
                let sink = Operator.Sink(
                    line: { taker.take($0) },
                    progress: {
                        count?.report($0)
                        return true
                    })
                let object = try Operator(engine).answer(ControlRequest(line: line), sink)
                return taker.problem.map { .failure($0) } ?? .success(object)
            } catch {
                if let problem = taker.problem { return .failure(problem) }
                throw error
            }
        }
        let slices = try JSONSlices(validating: Array(try result.get().text.utf8))
        return OwnerAnswer(slices: slices, result: try slices.whole())
    }
}

/// Takes lines on the one thread that answers, while the task that asked waits for it.
private final class Taker: @unchecked Sendable {
    private let body: ([UInt8]) throws -> Void
    /// Why no more are wanted.
    private(set) var problem: (any Error)?

    init(_ body: @escaping ([UInt8]) throws -> Void) { self.body = body }

    func take(_ object: JSONObject) -> Bool {
        do {
            try body(Array(object.text.utf8))
            return true
        } catch {
            problem = error
            return false
        }
    }
}
