import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// What cannot be encoded or read now says nothing about what happened, nor about the code.
@Suite struct UnreadableNowTests {
    /// Reads and makes nothing.
    private struct Closed: PayloadCodec {
        struct Locked: UnreadablePayload {}
        func encode<Value: Encodable & Sendable>(_ value: Value) throws -> Payload {
            throw Locked()
        }
        func decode<Value: Decodable & Sendable>(
            _ type: Value.Type, from payload: Payload
        ) throws -> Value { throw Locked() }
    }

    /// Its state has changed since, and it begins anew with what is no state of before.
    enum Forgetful: Workflow {
        struct State: Codable, Sendable, Equatable { var count = 0 }
        static func initialState(for input: Int) -> State { State() }
        static func migrate(from recorded: RecordedState) throws -> State? { State() }
        static func run(context: WorkflowContext<Self>, input: Int) async throws -> Int { input }
    }

    @Test("an attempt whose result cannot be recorded leaves doubt, whatever the reason")
    func results() {
        func failure(_ body: () throws -> Void) -> Failure? {
            do {
                try body()
                return nil
            } catch {
                return error as? Failure
            }
        }
        let noNumber = failure { _ = try JSONPayloadCodec().encodeResult(Double.nan) }
        #expect(noNumber?.leavesDoubt == true)
        let locked = failure { _ = try Closed().encodeResult(1) }
        #expect(locked?.leavesDoubt == true)
        let large = failure {
            _ = try ActivityPool.bounded(Payload([UInt8](repeating: 0, count: 10)), 9)
        }
        #expect(large?.leavesDoubt == true && large?.type == "PayloadTooLarge")
    }

    @Test("a state that cannot be read now is not taken for one of before")
    func checkpoints() throws {
        let codec = JSONPayloadCodec()
        let state = try codec.encode(Forgetful.State(count: 7))
        let checkpoint = RunCheckpoint(epoch: 1, state: state, patches: [])
        #expect(try checkpoint.state(of: Forgetful.self, codec).count == 7)
        #expect(throws: Closed.Locked.self) { try checkpoint.state(of: Forgetful.self, Closed()) }
        let other = RunCheckpoint(epoch: 1, state: try codec.encode("old"), patches: [])
        #expect(try other.state(of: Forgetful.self, codec).count == 0)
    }

    @Test("an input that cannot be read now is not taken for one of other code")
    func inputs() async throws {
        var options = EngineOptions()
        options.clock = SkippingClock(skips: false)
        let definition = WorkflowDefinition(Forgetful.self, fingerprint: "1")
        let engine = try await WorkflowEngine(
            store: MemoryHistoryStore().session(), definitions: [definition], options: options)
        let handle = try await engine.start(Forgetful.self, id: "f", 1)
        _ = try await handle.result()
        let history = try await handle.history()
        engine.close()
        let verdict = Replayer(definitions: [definition], codec: Closed()).verdict(on: history)
        #expect(verdict.kind == .fails && verdict.message.contains("Locked"))
        #expect(!verdict.message.contains("Undecodable"))
        // A codec that is not the one which made it knows that.
        let sealed = Payload([1, 2, 3], metadata: ["encryption": "aes"])
        #expect(throws: ForeignPayload.self) {
            try JSONPayloadCodec().decode(Int.self, from: sealed)
        }
    }
}
