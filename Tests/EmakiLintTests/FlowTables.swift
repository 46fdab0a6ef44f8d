#if Lint
    /// Errors, loops, steps, siblings.
    enum FlowTables {
        static let all = [wf080, wf081, wf082, wf091]

        static let wf080 = RuleTable(
            id: "WF080",
            bad: #"""
                do { try await context.sleep(for: .seconds(1)) } catch { use(input) }
                ===
                do { _ = try await context.run(Pay.self, 1) } catch let error { use(error) }
                ===
                try? await context.sleep(for: .seconds(1))
                ===
                let paid = try? await context.run(Pay.self, 1)
                ===
                try? await pay(context)
                ---
                func pay(_ context: WorkflowContext<Order>) async throws {}
                ===
                do { try await context.wait { _ in true } } catch is StepFailure {} catch { use(1) }
                ===
                _ = try await context.saga { saga in try? await saga.run(Pay.self, 1) }
                """#,
            good: #"""
                do { _ = try await context.run(Pay.self, 1) } catch let failure as StepFailure {
                use(failure) }
                ===
                do { _ = try await context.run(Pay.self, 1) } catch { use(1); throw error }
                ===
                do { _ = try await context.run(Pay.self, 1) } catch is CancellationError {
                throw CancellationError() } catch { use(1) }
                ===
                let number = try? parse(input)
                ---
                func parse(_ item: Item) throws -> Int { 1 }
                ===
                do { try parse(input) } catch { use(1) }
                ---
                func parse(_ item: Item) throws {}
                ===
                _ = try await context.step("a") { _ in try? await load() }
                ===
                _ = try await context.step("a") { _ in do { try load() } catch { use(1) } }
                """#)

        static let wf081 = RuleTable(
            id: "WF081",
            bad: #"""
                while true { use(input) }
                ===
                while !context.state { use(input) }
                ---

                ---
                typealias State = Bool
                ===
                repeat { use(input) } while true
                ===
                while true { do { return try await context.run(Pay.self, 1) }
                catch is StepFailure { use(1) } }
                ===
                for _ in 1...3 { do { _ = try await context.run(Pay.self, 1); break }
                catch is StepFailure { continue } }
                ===
                for attempt in 1...3 { do { return try await context.step("a") { _ in Nothing() } }
                catch is StepFailure { try await context.sleep(for: .seconds(attempt)) } }
                """#,
            good: #"""
                while true { try await context.sleep(for: .seconds(1)) }
                ===
                while true { guard let next = queue.next() else { break }; use(next) }
                ===
                while let page = context.state { _ = try await context.run(Index.self, page) }
                ---

                ---
                typealias State = Int?
                ===
                for courier in input.couriers { do {
                return try await context.run(Book.self, courier) } catch is StepFailure {
                continue } }
                ===
                for number in 1...3 { use(number) }
                ===
                while !context.state { context.state = true }
                ---

                ---
                typealias State = Bool
                ===
                _ = try await context.step("a") { _ in while true { use(input) } }
                ===
                var left = 3
                while left > 0 { left -= 1 }
                ===
                while true { try await serve(context) }
                ---
                func serve(_ context: WorkflowContext<Order>) async throws {}
                """#)

        static let wf082 = RuleTable(
            id: "WF082",
            bad: #"""
                _ = try await context.step("a") { _ in context.now }
                ===
                _ = try await context.step("a") { _ in context.state.count }
                ===
                _ = try await context.saga { saga in try await context.step("a") { _ in
                use(saga); return 1 } }
                ===
                step: total
                ===
                step: self.total
                ===
                step: sum()
                """#,
            good: #"""
                let now = context.now
                _ = try await context.step("a") { _ in now }
                ===
                _ = try await context.step("a") { context in context.attempt }
                ===
                _ = try await context.step("a\(context.now)") { _ in 1 }
                ===
                step: limit
                ===
                step: Order.most
                ===
                let total = context.state
                _ = try await context.step("a") { [total] _ in total }
                """#)

        static let wf091 = RuleTable(
            id: "WF091",
            bad: #"""
                async let a = context.run(Pay.self, 1)
                async let b = context.run(Pay.self, 2)
                _ = try await (a, b)
                ===
                async let a = context.step("pay") { _ in 1 }
                async let b = context.step("pay") { _ in 2 }
                _ = try await (a, b)
                ===
                async let a = pay(context)
                async let b = pay(context)
                _ = try await (a, b)
                ---
                func pay(_ context: WorkflowContext<Order>) async throws -> Int {
                try await context.run(Pay.self, 1) }
                ===
                try await withThrowingTaskGroup(of: Int.self) { group in
                for item in input.items { group.addTask {
                try await context.run(Pay.self, item) } } }
                ===
                try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await context.run(Pay.self, 1) }
                group.addTask { try await context.run(Pay.self, 2) } }
                ===
                async let a = context.runChild(Ship.self, id: "a", 1)
                async let b = context.runChild(Ship.self, id: "b", 1)
                _ = try await (a, b)
                """#,
            good: #"""
                async let a = context.run(Pay.self, 1)
                async let b = context.run(Ship.self, 2)
                _ = try await (a, b)
                ===
                async let a = context.branch("a") { try await context.run(Pay.self, 1) }
                async let b = context.branch("b") { try await context.run(Pay.self, 2) }
                _ = try await (a, b)
                ===
                _ = try await context.all({ try await context.run(Pay.self, 1) }, {
                try await context.run(Pay.self, 2) })
                ===
                async let a = context.run(Pay.self, 1)
                _ = try await a
                ===
                let a = try await context.run(Pay.self, 1)
                let b = try await context.run(Pay.self, 2)
                ===
                try await withThrowingTaskGroup(of: Int.self) { group in
                for item in input.items { group.addTask {
                try await context.step("pay \(item)") { _ in 1 } } } }
                ===
                async let a: Void = context.sleep(for: .seconds(1))
                async let b: Void = context.sleep(for: .seconds(2))
                _ = try await (a, b)
                """#)
    }
#endif
