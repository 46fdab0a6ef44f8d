#if Macros
    import EmakiWorkflowMacros
    import EmakiWorkflowTesting
    import Testing

    struct MeddlerFault: Error {}

    /// What a query and a validator must not do.
    @Workflow(version: 7, name: "meddler", failures: [MeddlerFault.self])
    struct Meddler {
        var count = 0

        func run(context: WorkflowContext<Self>) async throws {
            try await context.wait { $0.count > 9 }
        }

        @Query func meddle() -> Int {
            count = 5
            return count
        }

        @Query(name: "ask") func sneak() throws -> Int { try sneakily() }

        private func sneakily() throws -> Int { try context.uuid().count }

        @Signal func add(_ number: Int) { count += number }
        @Signal func fail() throws { throw MeddlerFault() }
        @Update(validator: "meddleToo") func change() {}
        func meddleToo() { count = 7 }
    }

    /// What only the macro form has.
    @Suite struct MacroFormTests {
        @Test("both forms give one definition: name, version, and the hash of the declaration")
        func definition() {
            let definition = WorkflowDefinition(Meddler.self)
            #expect(definition.name == "meddler")
            #expect(
                definition.fingerprint.hasPrefix("meddler@7+\(Meddler.workflowCodeHash)/swift"))
            #expect(WorkflowDefinition(Counter.self).fingerprint.hasPrefix("Counter@1+"))
            #expect(Meddler.workflowCodeHash != Counter.workflowCodeHash)
            #expect(Meddler.workflowCodeHash.count == 16)
        }

        @Test("handlers are tested without an engine")
        func alone() throws {
            let counter = Counter(input: 3)
            var other = counter
            other.add(4)
            #expect(other.value() == 7)
            #expect(try Meddler().sneakyAnswer() == nil)
            #expect(throws: ApplicationFailure.self) { try counter.checkSet(-1) }
        }

        @Test(
            "a query that changes the state is an error, and changes nothing",
            arguments: [false, true])
        func queries(evicts: Bool) async throws {
            let engine = try await makeEngine([Meddler.self], evictsAlways: evicts)
            let handle = try await engine.start(Meddler.self, id: "m", Nothing())
            await #expect(throws: (any Error).self) { try await handle.query(Meddler.meddle) }
            await #expect(throws: (any Error).self) { try await handle.query(Meddler.sneak) }
            #expect(Meddler.sneak.name == "ask")
            await #expect(throws: WorkflowError.self) {
                try await handle.update(Meddler.change, Nothing())
            }
            try await handle.signal(Meddler.add, 10)
            _ = try await handle.result()
            engine.close()
        }

        @Test("an error that the macro declares fails the run")
        func failures() async throws {
            let engine = try await makeEngine([Meddler.self])
            let handle = try await engine.start(Meddler.self, id: "m", Nothing())
            try await handle.signal(Meddler.fail, Nothing())
            await #expect(throws: WorkflowError.self) { try await handle.result() }
            engine.close()
        }
    }

    extension Meddler {
        /// What a query that wants more than the state gives outside of a run.
        func sneakyAnswer() throws -> Int? {
            do { return try sneak() } catch is Failure { return nil }
        }
    }
#endif
