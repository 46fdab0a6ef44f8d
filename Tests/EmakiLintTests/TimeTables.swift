#if Lint
    /// Time and chance.
    enum TimeTables {
        static let all = [wf001, wf002, wf003, wf010, wf011]

        static let wf001 = RuleTable(
            id: "WF001",
            bad: #"""
                let now = Date()
                ===
                let now = Date.now
                ===
                let now: Date = .now
                ===
                let later = Date(timeIntervalSinceNow: 60)
                ===
                let start = CFAbsoluteTimeGetCurrent()
                ===
                let seconds = time(nil)
                ===
                var spec = timespec()
                clock_gettime(CLOCK_REALTIME, &spec)
                ===
                let now = Foundation.Date()
                ===
                if input.due.timeIntervalSinceNow < 0 { return Nothing() }
                ===
                let due = DispatchTime.now() + 5
                ===
                let due = Date.init()
                ===
                let ticks = mach_absolute_time()
                """#,
            good: #"""
                let now = context.now
                ===
                let due = Date(timeIntervalSince1970: 5)
                ===
                let due = Date(timeIntervalSince1970: Double(context.now) / 1e9)
                ===
                let date = Date()
                ---
                struct Date { var day = 1 }
                ===
                let date = Date()
                ---

                ---
                struct Date { init() {} }
                ===
                let text = time(input)
                ---
                func time(_ item: Item) -> Int { 3 }
                ===
                let now = input.now
                ===
                let due = Clockwork.now
                ---
                enum Clockwork { static let now = 5 }
                ===
                _ = try await context.step("read") { _ in Date() }
                ===
                let dates: [Date] = []
                let first: Date? = dates.first
                """#)

        static let wf002 = RuleTable(
            id: "WF002",
            bad: #"""
                let clock = ContinuousClock()
                ===
                let start = ContinuousClock.now
                ===
                let start = ContinuousClock.Instant.now
                ===
                let clock: ContinuousClock = .init()
                ===
                let start = SuspendingClock().now
                ===
                let span = try await input.clock.measure { }
                ---
                struct Item { var clock: ContinuousClock }
                ===
                let start: ContinuousClock.Instant = .now
                ===
                let span = measure(input.clock)
                ---
                struct Item { var clock: any Clock<Duration> }
                func measure(_ clock: any Clock<Duration>) { clock.measure {} }
                """#,
            good: #"""
                let span: Duration = .seconds(5)
                ===
                let start = context.now
                let took = context.now - start
                ===
                let clock = ContinuousClock()
                ---
                struct ContinuousClock { let now = 0 }
                ===
                let lap = input.clock.now
                ---
                struct Item { var clock: Lap }
                struct Lap { var now = 1 }
                ===
                let took = measure(input)
                ---
                func measure(_ item: Item) -> Int { 1 }
                ===
                let kind: ContinuousClock.Type? = nil
                ===
                let time = input.clock.now
                ---
                struct Item { var clock: Clock }
                struct Clock { var now = 1 }
                """#)

        static let wf003 = RuleTable(
            id: "WF003",
            bad: #"""
                try await Task.sleep(for: .seconds(1))
                ===
                try await Task<Never, Never>.sleep(nanoseconds: 5)
                ===
                Thread.sleep(forTimeInterval: 1)
                ===
                usleep(100)
                ===
                sleep(1)
                ===
                try await ContinuousClock().sleep(for: .seconds(1))
                ===
                let timer = Timer.scheduledTimer(withTimeInterval: 1, repeats: true) { _ in }
                ===
                let source = DispatchSource.makeTimerSource()
                ===
                Foundation.sleep(2)
                """#,
            good: #"""
                try await context.sleep(for: .seconds(1))
                ===
                try await context.sleep(until: context.now + 5)
                ===
                let done = try await context.wait(until: { _ in true }, timeout: .seconds(5))
                ===
                sleep(input)
                ---
                func sleep(_ item: Item) {}
                ===
                try await Task.sleep(for: 5)
                ---
                enum Task { static func sleep(for: Int) {} }
                ===
                Bed().sleep()
                ---
                struct Bed { func sleep() {} }
                ===
                let timer = Timer()
                ---
                struct Timer {}
                ===
                _ = try await context.step("nap") { _ in try await Task.sleep(for: .seconds(1)) }
                """#)

        static let wf010 = RuleTable(
            id: "WF010",
            bad: #"""
                let id = UUID()
                ===
                let id = UUID().uuidString
                ===
                let id = NSUUID().uuidString
                ===
                let id: UUID = .init()
                ===
                let name = ProcessInfo.processInfo.globallyUniqueString
                ===
                let item = Thing(id: UUID())
                ---
                struct Thing { var id: UUID }
                ===
                let thing = Thing()
                ---
                struct Thing { let id = UUID() }
                """#,
            good: #"""
                let id = try context.uuid()
                ===
                let id = UUID(uuidString: input.id)
                ===
                let id = UUID()
                ---
                struct UUID {}
                ===
                let ids: [UUID] = []
                ===
                let id = UUID(uuid: input.bytes)
                ===
                _ = try await context.step("id") { _ in UUID().uuidString }
                """#)

        static let wf011 = RuleTable(
            id: "WF011",
            bad: #"""
                let number = Int.random(in: 1...6)
                ===
                let coin = Bool.random()
                ===
                let number: Double = .random(in: 0..<1)
                ===
                let one = input.items.randomElement()
                ===
                let mixed = input.items.shuffled()
                ===
                var list = [1, 2]
                list.shuffle()
                ===
                var generator = SystemRandomNumberGenerator()
                ===
                let number = arc4random_uniform(6)
                ===
                let number = drand48()
                ===
                let key = SymmetricKey(size: .bits256)
                ===
                let key = Curve25519.Signing.PrivateKey()
                ===
                let nonce = AES.GCM.Nonce()
                """#,
            good: #"""
                var random = try context.random()
                let number = Int.random(in: 1...6, using: &random)
                ===
                var random = try context.random()
                let one = [1, 2].randomElement(using: &random)
                ===
                var random = try context.random()
                let mixed = [1, 2].shuffled(using: &random)
                ===
                let die = Die.random(in: 1...6)
                ---
                enum Die { static func random(in range: ClosedRange<Int>) -> Int { 4 } }
                ===
                let deck = Deck().shuffled()
                ---
                struct Deck { func shuffled() -> Deck { self } }
                ===
                let key = SymmetricKey(data: input.bytes)
                ===
                let key = try Curve25519.Signing.PrivateKey(rawRepresentation: input.bytes)
                ===
                let number = rand()
                ---
                func rand() -> Int { 4 }
                ===
                let share = try await context.step("draw") { _ in Int.random(in: 1...6) }
                """#)
    }
#endif
