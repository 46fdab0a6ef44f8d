#if Encryption
    import Crypto
    import EmakiEncryption
    import EmakiWorkflow
    import EmakiWorkflowTesting
    import Testing

    /// Runs whose payloads are encrypted.
    @Suite struct EncryptedRunTests {
        static let secret = "the-customers-secret"

        enum Mailing: Workflow {
            static let add = Signal<Self, String>("add")
            static let read = Query<Self, Nothing, String>("read")
            static let set = Update<Self, String, String>("set")
            static func initialState(for input: String) -> String { "" }
            static func handle(_ handlers: inout MessageHandlers<Self>) {
                handlers.on(add) { state, text in state += text }
                handlers.on(read) { state, _ in state }
                handlers.on(set) { state, text in
                    defer { state = text }
                    return state
                }
            }

            static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
                let sent = try await context.run(Send.self, input)
                try await context.wait { $0.count > 40 }
                let step = try await context.step("s") { _ in sent + "!" }
                let child = try await context.runChild(Echo.self, id: "echo", step)
                return "\(child) \(context.state)"
            }
        }

        enum Echo: Workflow {
            static func run(context: WorkflowContext<Self>, input: String) async throws -> String {
                input
            }
        }

        struct Send: Activity {
            static let options = ActivityOptions(
                startToClose: .seconds(10), heartbeat: .seconds(10))
            func run(context: ActivityContext, input: String) async throws -> String {
                try context.heartbeat(input)
                return "sent \(input)"
            }
        }

        private func ring(_ current: String, _ ids: [String]) throws -> KeyRing {
            try KeyRing(
                current: current,
                keyBytes: Dictionary(
                    uniqueKeysWithValues: ids.map { id in
                        (id, [UInt8](repeating: id.utf8.first ?? 0, count: 32))
                    }))
        }

        private func engine(
            _ store: MemoryHistoryStore, _ keys: KeyRing, evicts: Bool,
            comparing: SymmetricKey? = SymmetricKey(data: [UInt8](repeating: 7, count: 32)),
            comparesInput: Bool = true, clock: SkippingClock = SkippingClock(),
            watch: EventWatch? = nil
        ) async throws -> WorkflowEngine {
            var options = EngineOptions()
            options.clock = clock
            options.evictsAlways = evicts
            options.comparesInput = comparesInput
            options.observer = watch
            options.encrypt(
                with: EncryptingCodec(keys: keys, domain: "test", comparing: comparing))
            return try await WorkflowEngine(
                store: store.session(),
                definitions: [WorkflowDefinition(Mailing.self), WorkflowDefinition(Echo.self)],
                activities: [Send()], options: options)
        }

        @Test(
            "a run goes on in another process with another current key, and the store says nothing",
            arguments: [false, true], [false, true])
        func run(evicts: Bool, compares: Bool) async throws {
            let store = MemoryHistoryStore()
            let first = try await engine(
                store, try ring("a", ["a"]), evicts: evicts, comparesInput: compares)
            let handle = try await first.start(Mailing.self, id: "m", Self.secret)
            try await handle.signal(Mailing.add, Self.secret)
            #expect(try await handle.query(Mailing.read) == Self.secret)
            first.close()
            let second = try await engine(
                store, try ring("b", ["a", "b"]), evicts: evicts, comparesInput: compares)
            let again = second.handle(Mailing.self, id: "m")
            #expect(try await again.update(Mailing.set, Self.secret + "2") == Self.secret)
            let long = Self.secret + Self.secret
            try await again.signal(Mailing.add, long)
            #expect(
                try await again.result() == "sent \(Self.secret)! \(Self.secret)2\(long)")
            let keys = Set(try await payloads(store).compactMap { $0.metadata["key"] })
            #expect(keys == ["a", "b"])
            second.close()
            #expect(try await payloads(store).allSatisfy { $0.metadata["encryption"] != nil })
            #expect(try await !bytes(store).contains { Self.has(Self.secret, $0) })
        }

        @Test("without a comparing key inputs are not compared, and nothing diverges")
        func withoutComparing() async throws {
            let store = MemoryHistoryStore()
            let engine = try await engine(
                store, try ring("a", ["a"]), evicts: true, comparing: nil)
            let handle = try await engine.start(Mailing.self, id: "m", Self.secret)
            try await handle.signal(Mailing.add, String(repeating: "x", count: 41))
            #expect(try await handle.result().hasPrefix("sent"))
            engine.close()
        }

        @Test("a run whose key is missing rests, and goes on when it is there again")
        func missingKey() async throws {
            let store = MemoryHistoryStore()
            let clock = SkippingClock(skips: false)
            let watch = EventWatch()
            let first = try await engine(
                store, try ring("a", ["a"]), evicts: false, clock: clock, watch: watch)
            try await first.start(Mailing.self, id: "m", Self.secret)
            await watch.wait(for: "StepCompleted", of: "m")
            first.close()
            let second = try await engine(
                store, try ring("b", ["a", "b"]), evicts: false, clock: clock)
            try await second.handle(Mailing.self, id: "m").signal(Mailing.add, Self.secret)
            second.close()
            // Of the run's input there is a key, of the signal there is none.
            let third = try await engine(store, try ring("a", ["a"]), evicts: false, clock: clock)
            let lost = third.handle(Mailing.self, id: "m")
            await #expect(throws: WorkflowError.self) { try await lost.query(Mailing.read) }
            try await lost.signal(Mailing.add, String(repeating: "x", count: 41))
            while try await lost.describe().pause == nil { clock.advance(by: .seconds(60)) }
            third.close()
            let fourth = try await engine(store, try ring("b", ["a", "b"]), evicts: false)
            let found = fourth.handle(Mailing.self, id: "m")
            try await found.resume()
            #expect(try await found.result().contains("! \(Self.secret)xxx"))
            fourth.close()
        }

        /// All payloads of runs that are not empty.
        private func payloads(_ store: MemoryHistoryStore) async throws -> [Payload] {
            try await events(store).compactMap { event in
                switch event.body {
                case .started(let start): start.input
                case .stepScheduled(let step): step.input
                case .heartbeat(_, _, let details): details
                case .stepCompleted(_, _, let result): result
                case .signalReceived(let message), .updateAccepted(let message): message.input
                case .updateCompleted(_, let result): result
                case .childInitiated(let child): child.input
                case .childClosed(_, .completed(let result)), .closed(.completed(let result)):
                    result
                default: nil
                }
            }.filter { $0 != .empty }
        }

        private func events(_ store: MemoryHistoryStore) async throws -> [HistoryEvent] {
            try await stored(store).map {
                try HistoryEvent(metadata: $0.metadata, payload: $0.payload)
            }
        }

        private func bytes(_ store: MemoryHistoryStore) async throws -> [[UInt8]] {
            try await stored(store).flatMap { [$0.metadata, $0.payload] }
        }

        private func stored(
            _ store: MemoryHistoryStore
        ) async throws -> [HistoryPage.Stored] {
            let session = store.session()
            var events: [HistoryPage.Stored] = []
            for name in try await session.streams(prefix: "run/", after: nil, limit: 100) {
                events += try await session.read(name, from: 0, limit: 1_000).events
            }
            return events
        }

        private static func has(_ text: String, _ bytes: [UInt8]) -> Bool {
            let wanted = Array(text.utf8)
            guard bytes.count >= wanted.count else { return false }
            return (0...(bytes.count - wanted.count)).contains {
                bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
            }
        }
    }
#endif
