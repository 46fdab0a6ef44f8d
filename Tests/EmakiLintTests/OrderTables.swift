#if Lint
    /// Order, hashes, sorting.
    enum OrderTables {
        static let all = [wf020, wf021, wf022]

        static let wf020 = RuleTable(
            id: "WF020",
            bad: #"""
                let stock = ["a": 1]
                for (name, count) in stock { use(name, count) }
                ===
                for name in input.names { use(name) }
                ---
                struct Item { var names: Set<String> }
                ===
                let one = input.stock.first
                ---
                struct Item { var stock: [String: Int] }
                ===
                let names = input.stock.keys.map { $0 }
                ---
                struct Item { var stock: [String: Int] }
                ===
                let list = Array(input.names)
                ---
                struct Item { var names: Set<String> }
                ===
                var names: Set = [1, 2]
                let one = names.popFirst()
                ===
                let text = "\(input.names)"
                ---
                struct Item { var names: Set<String> }
                ===
                let text = input.stock.reduce("") { $0 + $1.key }
                ---
                struct Item { var stock: [String: Int] }
                ===
                let json = try JSONEncoder().encode(input)
                ===
                let names = Set(input.list)
                for name in names { use(name) }
                ===
                for value in context.state.counts.values { use(value) }
                ---

                ---
                struct State { var counts: [String: Int] = [:] }
                ===
                for name in names() { use(name) }
                ---
                func names() -> Set<String> { [] }
                ===
                let groups = [Int: [Item]]()
                groups.forEach { use($0) }
                ===
                let text = String(describing: input.stock)
                ---
                struct Item { var stock: [String: Int] }
                """#,
            good: #"""
                let stock = ["a": 1]
                for (name, count) in stock.sorted(by: { $0.key < $1.key }) { use(name, count) }
                ===
                for name in input.names.sorted() { use(name) }
                ---
                struct Item { var names: Set<String> }
                ===
                let list = [1, 2]
                let one = list.first
                for number in list { use(number) }
                ===
                let count = input.stock.count
                ---
                struct Item { var stock: [String: Int] }
                ===
                let value = input.stock["a"]
                ---
                struct Item { var stock: [String: Int] }
                ===
                let total = input.stock.values.reduce(0, +)
                ---
                struct Item { var stock: [String: Int] }
                ===
                let names = input.stock.keys.map { $0 }.sorted()
                ---
                struct Item { var stock: [String: Int] }
                ===
                let names = Set(input.names.map { $0 + "!" })
                ---
                struct Item { var names: Set<String> }
                ===
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys]
                let json = try encoder.encode(input)
                ===
                let known = input.names.reduce(into: [String: Int]()) { $0[$1] = 1 }
                let other = input.names.reduce(into: Set<Int>()) { $0.insert($1.count) }
                ---
                struct Item { var names: Set<String> }
                ===
                let item = Basket().first
                ---
                struct Basket { var first: Int { 1 } }
                ===
                for pair in input.pairs { use(pair) }
                ===
                let stock: OrderedDictionary<String, Int> = [:]
                for pair in stock { use(pair) }
                ===
                let big = input.stock.mapValues { $0 * 2 }.filter { $0.value > 1 }
                ---
                struct Item { var stock: [String: Int] }
                ===
                let known = input.names.contains("a")
                ---
                struct Item { var names: Set<String> }
                ===
                for name in names { use(name) }
                ---
                let names = ["a", "b"]
                """#)

        static let wf021 = RuleTable(
            id: "WF021",
            bad: #"""
                let bucket = input.name.hashValue % 8
                ===
                var hasher = Hasher()
                ===
                let id = ObjectIdentifier(input)
                ===
                let address = Unmanaged.passUnretained(input).toOpaque()
                ===
                withUnsafePointer(to: input) { use($0) }
                ===
                let bits = unsafeBitCast(input, to: Int.self)
                ===
                let place = Int(bitPattern: input.start)
                ---
                struct Item { var start: UnsafeRawPointer }
                """#,
            good: #"""
                let bucket = input.hashValue
                ---
                struct Item { var hashValue: Int { 3 } }
                ===
                let bucket = input.key % 8
                ===
                let same = input == input
                ===
                let box = Hasher()
                ---
                struct Hasher {}
                ===
                let sum = input.bytes.withUnsafeBytes { $0.count }
                ===
                let table: [Int: Item] = [3: input]
                ===
                let bits = UInt64(bitPattern: input.count)
                ---
                struct Item { var count: Int64 }
                """#)

        static let wf022 = RuleTable(
            id: "WF022",
            bad: #"""
                let sorted = input.list.sorted(by: <=)
                ---
                struct Item { var list: [Int] }
                ===
                let sorted = input.list.sorted { $0.age >= $1.age }
                ---
                struct Item { var list: [Person] }
                ===
                let best = [1.5, 2.5].max()
                ===
                let sorted = input.prices.sorted()
                ---
                struct Item { var prices: [Double] }
                ===
                let sorted = input.stock.sorted { $0.value < $1.value }
                ---
                struct Item { var stock: [String: Int] }
                ===
                let oldest = input.people.max { $0.age < $1.age }
                ---
                struct Item { var people: Set<Person> }
                """#,
            good: #"""
                let sorted = input.list.sorted(by: <)
                ---
                struct Item { var list: [Int] }
                ===
                let sorted = input.list.sorted { $0.age < $1.age }
                ---
                struct Item { var list: [Person] }
                ===
                let best = [1, 2].max()
                ===
                let best = max(1.5, 2.5)
                ===
                let sorted = input.stock.sorted { $0.key < $1.key }
                ---
                struct Item { var stock: [String: Int] }
                ===
                let sorted = input.stock.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
                ---
                struct Item { var stock: [String: Int] }
                ===
                let most = input.stock.values.max()
                ---
                struct Item { var stock: [String: Int] }
                ===
                let sorted = Pile().sorted()
                ---
                struct Pile { func sorted() -> Pile { self } }
                """#)
    }
#endif
