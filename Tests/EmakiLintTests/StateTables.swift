#if Lint
    /// Globals, objects, queries, builds, the state.
    enum StateTables {
        static let all = [wf060, wf061, wf062, wf070, wf071, wf090]

        static let wf060 = RuleTable(
            id: "WF060",
            bad: #"""
                count += 1
                ---
                nonisolated(unsafe) var count = 0
                ===
                let limit = Limits.most
                ---
                enum Limits { static var most = 3 }
                ===
                let shop = Shop.shared
                ===
                let cache = Cache.common
                ---
                final class Cache { static let common = Cache(); var items = [1] }
                ===
                let user = Session.user
                ---
                enum Session { @TaskLocal static var user = 1 }
                ===
                let table = prices
                ---
                nonisolated(unsafe) let prices = Prices()
                ===
                seen = true
                ---

                ---
                static var seen = false
                ===
                let most = helper()
                ---
                var limit = 3
                func helper() -> Int { limit }
                """#,
            good: #"""
                let limit = Limits.most
                ---
                enum Limits { static let most = 3 }
                ===
                let limit = Limits.most
                ---
                enum Limits { static var most: Int { 3 } }
                ===
                var count = 0
                count += 1
                ---

                ===
                let shop = Shop.shared
                ---
                struct Shop { static let shared = Shop() }
                ===
                let cache = Cache.common
                ---
                final class Cache { static let common = Cache(); let items = [1] }
                ===
                context.state.count += 1
                ---

                ---
                struct State { var count = 0 }
                ===
                let count = count(input)
                ---
                var other = 0
                func count(_ item: Item) -> Int { 1 }
                ===
                let count = 3
                use(count)
                ---
                var count = 0
                """#)

        static let wf061 = RuleTable(
            id: "WF061",
            bad: #"""
                let body = { [weak input] in use(input) }
                ===
                if node.parent == nil { use(node) }
                ---
                let node = Node()
                struct Node { weak var parent: Box? }
                ===
                weak var other = input.box
                if other == nil { return Nothing() }
                ===
                if isKnownUniquelyReferenced(&input.box) { use(input) }
                ===
                let box = Box()
                ---
                final class Box { deinit { close() } }
                ===
                let start = Table.start
                ---
                var reads = 0
                enum Table { static let start: Int = { reads += 1; return 3 }() }
                """#,
            good: #"""
                let body = { [input] in use(input) }
                ===
                let box = Box()
                ---
                final class Box { deinit {} }
                ===
                let parent = input.parent
                ---
                struct Item { var parent: Box? }
                ===
                let start = Table.start
                ---
                enum Table { static let start: Int = { let a = 3; return a }() }
                ===
                let same = isKnownUniquelyReferenced(input)
                ---
                func isKnownUniquelyReferenced(_ item: Item) -> Bool { true }
                """#)

        static let wf062 = RuleTable(
            id: "WF062",
            bad: #"""
                query: var cache = Cache()
                state.cache.hits += 1; return 1
                ===
                query: var cache = Cache()
                state.cache.items.append(1); return 1
                ===
                query: var cache = Cache()
                state.cache.bump(); return 1
                ===
                macro:
                @Query func hits() -> Int { cache.hits += 1; return 1 }
                ===
                macro:
                @Update(validator: "check") func go(_ n: Int) {}
                func check(_ n: Int) throws { cache.hits = n }
                """#,
            good: #"""
                query: var cache = Cache()
                return state.cache.hits
                ===
                query: var list = [1]
                var list = state.list; list.append(1); return list.count
                ===
                query: var a = 1
                let cache = Cache(); cache.hits += 1; return cache.hits
                ===
                macro:
                @Query func hits() -> Int { cache.hits }
                ===
                macro:
                @Update func go(_ n: Int) { cache.hits += n }
                """#)

        static let wf070 = RuleTable(
            id: "WF070",
            bad: #"""
                #if DEBUG
                use(input)
                #endif
                ===
                #if os(Linux)
                let a = 1
                #else
                let a = 2
                #endif
                ===
                let children = Mirror(reflecting: input).children
                ===
                let name = "\(type(of: input))"
                ===
                let name = String(describing: type(of: input))
                ===
                _ = try await context.step("a\(#line)") { _ in 1 }
                ===
                if #function == "run" { use(input) }
                """#,
            good: #"""
                context.log("\(#function), line \(#line)")
                ===
                let mirror = Mirror()
                ---
                struct Mirror {}
                ===
                let isItem = type(of: input) == Item.self
                ===
                use(input)
                ---
                #if DEBUG
                func use(_ item: Item) {}
                #endif
                ===
                precondition(input.count > 0, "none", file: #fileID, line: #line)
                ===
                _ = try await context.step("a") { _ in
                #if DEBUG
                1
                #else
                2
                #endif
                }
                ===
                if context.patched("fraud") { use(input) }
                """#)

        static let wf071 = RuleTable(
            id: "WF071",
            bad: #"""
                let exact = Float80(3)
                ===
                if input.total == 0.3 { use(input) }
                ---
                struct Item { var total: Double }
                ===
                guard input.total * 2 != input.other else { return Nothing() }
                ---
                struct Item { var total: Double; var other: Double }
                ===
                if sin(input.angle) > 0 { use(input) }
                ===
                let sum = input.lanes.sum()
                ---
                struct Item { var lanes: SIMD4<Float> }
                ===
                let way = pow(input.x, 2) > 3 ? 1 : 2
                """#,
            good: #"""
                if input.total == 3 { use(input) }
                ---
                struct Item { var total: Int }
                ===
                if input.total > 99.5 { use(input) }
                ---
                struct Item { var total: Double }
                ===
                let height = sin(input.angle)
                ===
                let isSame = input.total == 0.3
                ---
                struct Item { var total: Double }
                ===
                if sin(input) > 0 { use(input) }
                ---
                func sin(_ item: Item) -> Int { 1 }
                ===
                let sum = input.lanes.sum()
                ---
                struct Item { var lanes: Lanes }
                struct Lanes { func sum() -> Int { 1 } }
                """#)

        static let wf090 = RuleTable(
            id: "WF090",
            bad: #"""
                try await context.checkpoint()
                ---

                ---
                struct State { var count = 0 }
                ===
                try await context.checkpoint()
                ---
                final class Box {}
                ---
                struct State: Codable { var box: Box }
                ===
                try await context.serveMessages()
                ---

                ---
                struct State: Codable { var then: () -> Void }
                ===
                try await context.checkpoint()
                ---

                ---
                struct State: Codable { var shape: any Shape }
                ===
                try await context.checkpoint()
                ---

                ---
                final class State: Codable { let count = 0 }
                ===
                macro:
                @Signal mutating func go() async throws { try await context.checkpoint() }
                """#,
            good: #"""
                try await context.checkpoint()
                ---

                ---
                struct State: Codable { var count = 0 }
                ===
                use(input)
                ---
                final class Box {}
                ---
                struct State { var box: Box }
                ===
                try await context.serveMessages(checkpointAfter: 9)
                ---

                ---
                struct State: Codable, Sendable { var names: [String: Int] = [:] }
                ===
                input.checkpoint()
                ---

                ---
                struct State { var then: () -> Void }
                ===
                try await context.checkpoint()
                ---

                ---
                typealias State = Int
                ===
                macro:
                @Query func hits() -> Int { 1 }
                """#)
    }
#endif
