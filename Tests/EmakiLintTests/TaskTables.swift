#if Lint
    /// Tasks, threads, actors, sequences, locks.
    enum TaskTables {
        static let all = [wf030, wf031, wf032, wf033, wf034, wf040]

        static let wf030 = RuleTable(
            id: "WF030",
            bad: #"""
                Task { await input.go() }
                ===
                let task = Task.detached { 1 }
                ===
                let task = Task(priority: .high) { 1 }
                ===
                let task = Task<Int, Never> { 1 }
                ===
                Task.immediate { use(input) }
                ===
                await withTaskGroup(of: Int.self) { group in
                group.addTask(executorPreference: other) { 1 } }
                ===
                await withTaskExecutorPreference(other) { use(input) }
                """#,
            good: #"""
                async let one = context.sleep(for: .seconds(1))
                try await one
                ===
                try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await context.step("a") { _ in 1 } }
                for try await number in group { use(number) } }
                ===
                let job = Task(name: "a")
                ---
                struct Task { var name: String }
                ===
                let over = Task.isCancelled
                ===
                try Task.checkCancellation()
                ===
                _ = try await context.step("a") { _ in await Task { 1 }.value }
                ===
                let task: Task<Int, Never>? = nil
                """#)

        static let wf031 = RuleTable(
            id: "WF031",
            bad: #"""
                DispatchQueue.main.async { use(input) }
                ===
                let queue = DispatchQueue(label: "a")
                ===
                let queue = OperationQueue()
                ===
                Thread.detachNewThread { use(input) }
                ===
                var thread = pthread_t()
                pthread_create(&thread, nil, body, nil)
                ===
                let work = DispatchWorkItem { use(input) }
                ===
                let loop = RunLoop.current
                """#,
            good: #"""
                let queue = DispatchQueue()
                ---
                struct DispatchQueue {}
                ===
                let thread = Thread(id: 3)
                ---
                struct Thread { var id: Int }
                ===
                let both = try await context.all({ 1 }, { 2 })
                ===
                _ = try await context.step("a") { _ in DispatchQueue.main.sync { 1 } }
                ===
                let queue = input.queue
                let head = queue.head
                """#)

        static let wf032 = RuleTable(
            id: "WF032",
            bad: #"""
                await Stock.shared.take(1)
                ---
                actor Stock { static let shared = Stock(); func take(_ n: Int) {} }
                ===
                await show(input)
                ---
                @MainActor func show(_ item: Item) {}
                ===
                let view = await View()
                ---
                @MainActor final class View { init() {} }
                ===
                await MainActor.run { use(input) }
                ===
                await crunch(input)
                ---
                @concurrent func crunch(_ item: Item) async {}
                ===
                await save(input)
                ---
                @globalActor actor Disk { static let shared = Disk() }
                @Disk func save(_ item: Item) {}
                ===
                let body = { @MainActor in use(input) }
                ===
                await ledger.add(1)
                ---
                let ledger = Ledger()
                actor Ledger { func add(_ n: Int) {} }
                ===
                let pump = Pump()
                await pump.go()
                ---
                actor Pump {
                nonisolated var unownedExecutor: UnownedSerialExecutor { other }
                func go() {} }
                """#,
            good: #"""
                let stock = Stock()
                await stock.take(1)
                ---
                actor Stock { func take(_ n: Int) {} }
                ===
                let tally = context.state.tally
                await tally.add(1)
                ---
                actor Tally { func add(_ n: Int) {} }
                ---
                struct State { let tally = Tally() }
                ===
                show(input)
                ---
                func show(_ item: Item) {}
                ===
                let name = await Stock.title(1)
                ---
                actor Stock { static func title(_ n: Int) -> String { "" } }
                ===
                let rank = ledger.rank()
                ---
                let ledger = Ledger()
                actor Ledger { nonisolated func rank() -> Int { 1 } }
                ===
                _ = try await context.step("show") { _ in await MainActor.run { 1 } }
                ===
                await MainActor.run { 1 }
                ---
                enum MainActor { static func run(_ body: () -> Int) async {} }
                """#)

        static let wf033 = RuleTable(
            id: "WF033",
            bad: #"""
                for await note in NotificationCenter.default.notifications(named: .saved) {
                use(note) }
                ===
                let value = await withCheckedContinuation { waiting in keep(waiting) }
                ===
                let value = try await withCheckedThrowingContinuation { waiting in
                input.ask { waiting.resume(returning: $0) } }
                ===
                for await price in Market.prices { use(price) }
                ---
                enum Market { static let prices = AsyncStream<Int> { _ in } }
                ===
                for await price in prices.filter({ $0 > 1 }) { use(price) }
                ---
                let prices = AsyncStream<Int> { _ in }
                """#,
            good: #"""
                let (stream, feed) = AsyncStream.makeStream(of: Int.self)
                feed.finish()
                for await number in stream { use(number) }
                ===
                let stream = AsyncStream<Int> { $0.finish() }
                for await number in stream { use(number) }
                ===
                let value = await withCheckedContinuation { $0.resume(returning: 1) }
                ===
                let value = await withCheckedContinuation {
                waiting in waiting.resume(returning: 1) }
                ===
                for await note in NotificationCenter().notes { use(note) }
                ---
                struct NotificationCenter { var notes: AsyncStream<Int> { .init { _ in } } }
                ===
                try await context.wait { _ in true }
                """#)

        static let wf034 = RuleTable(
            id: "WF034",
            bad: #"""
                await Task.yield()
                ===
                if Task.currentPriority == .high { use(input) }
                ===
                let isMain = Thread.isMainThread
                ===
                let name = Thread.current.name
                ===
                withUnsafeCurrentTask { use($0) }
                """#,
            good: #"""
                context.log("at \(Task.currentPriority)")
                ===
                let priority = input.currentPriority
                ===
                await Task.yield()
                ---
                enum Task { static func yield() async {} }
                ===
                let task = Thread.isMainThread
                ---
                enum Thread { static let isMainThread = true }
                ===
                if Task.isCancelled { return Nothing() }
                """#)

        static let wf040 = RuleTable(
            id: "WF040",
            bad: #"""
                let lock = NSLock()
                ===
                let count = Mutex(0)
                ===
                let count = Mutex<Int>(0)
                ===
                let number = Atomic<Int>(0)
                ===
                let gate = DispatchSemaphore(value: 1)
                ===
                let group = DispatchGroup()
                ===
                let lock = OSAllocatedUnfairLock()
                ===
                pthread_mutex_lock(&input.lock)
                ===
                input.lock.withLock { use(input) }
                ---
                struct Item { let lock: NSLock }
                ===
                let value = counts.withLock { $0 }
                ---
                let counts = Mutex(0)
                """#,
            good: #"""
                let lock = NSLock()
                ---
                struct NSLock {}
                ===
                let count = Mutex(0)
                ---
                struct Mutex { init(_ value: Int) {} }
                ===
                let door = input.lock
                let key = door.key
                ===
                let both = Atomic.pair
                ---
                enum Atomic { static let pair = 2 }
                ===
                _ = try await context.step("a") { _ in Mutex(0).withLock { $0 } }
                ===
                let locks: [NSLock] = []
                _ = locks.count
                """#)
    }
#endif
