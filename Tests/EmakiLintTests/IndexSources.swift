#if Lint
    /// The fixture's texts. A comment at the end of a line says what is found there: `index` with
    /// the index store only, `text` without it only, and then wrongly, `both` either way.
    enum IndexSources {
        static let engine = """
            public protocol Workflow {}
            public struct WorkflowContext<W>: Sendable { public init() {} }
            """

        /// Names of the compiler's own libraries, which mean something else here.
        static let days = """
            public struct Date { public init() {} }
            public func sleep(_ count: Int) {}
            """

        static let order = """
            import EmakiWorkflow
            import Foundation

            enum Order: Workflow {
                static func run(context: WorkflowContext<Self>, input: Int) async throws {
                    _ = UUID()  // both WF010
                    inferred()
                    overloaded()
                    dispatched(Dice(), Sub())
                    lookAlikes()
                }

                /// Types that are nowhere written.
                private static func inferred() {
                    let price = made { Price() }
                    price.refresh()
                    _ = price + price
                    _ = price[1]
                    _ = Item(id: .init())  // index WF010
                    _ = later(.now)  // index WF001
                    let table = made { ["é": 1] }
                    for entry in table { _ = entry }  // index WF020
                    _ = ["é", "ü"].isEmpty ? [] : table.map(\\.key)  // index WF020
                    for key in table.keys { _ = key }  // index WF020
                    for key in table.keys.sorted() { _ = key }
                }

                private static func overloaded() {
                    for name in names(1) { _ = name }  // index WF020
                    for name in others("a") { _ = name }  // text WF020
                    note("begun")
                    _ = Price(cents: 1)
                    _ = Price(name: 1)
                }

                private static func dispatched(_ one: some Source, _ other: Base) {
                    _ = one.next()
                    _ = one.title
                    other.go()
                }
            }

            func made<T>(_ value: () -> T) -> T { value() }
            func later(_ date: Date) -> Date { date }
            func names(_ text: String) -> [String] { [text] }
            func names(_ count: Int) -> Set<String> { ["\\(count)"] }
            func others(_ count: Int) -> Set<String> { ["\\(count)"] }
            func others(_ text: String) -> [String] { [text] }
            func note(_ text: String) {}
            func note(_ count: Int) { _ = Date() }  // text WF001

            struct Item { var id: UUID }

            struct Price {
                init() {}
                init(cents: Int) {}
                init(name: Int...) { _ = UUID() }  // both WF010
                func refresh() { _ = Date() }  // index WF001
                subscript(count: Int) -> Int { Int.random(in: 0...count) }  // index WF011
                static func + (left: Price, right: Price) -> Price {
                    _ = Date.now  // index WF001
                    return left
                }
            }

            protocol Source {
                var title: String { get }
                func next() -> Int
            }
            struct Dice: Source {
                var title: String { UUID().uuidString }  // index WF010
                func next() -> Int { Int.random(in: 1...6) }  // index WF011
            }

            class Base { func go() {} }
            class Sub: Base { override func go() { _ = Date() } }  // index WF001

            """

        static let parts = """
            import Days

            func lookAlikes() {
                _ = Date()  // text WF001
                sleep(1)  // text WF003
                let deck = made { Deck() }
                _ = deck.randomElement()  // text WF011
                _ = deck.keys.first
                for card in deck.keys { _ = card }
                start(.now)
            }

            func start(_ urgency: Urgency) {}
            enum Urgency { case now, later }

            struct Deck {
                var keys: [Int] { [1, 2] }
                func randomElement() -> Int { 4 }
            }

            """

        /// Was changed after it was compiled.
        static let late = """
            import EmakiWorkflow
            import Foundation

            enum Late: Workflow {
                static func run(context: WorkflowContext<Self>, input: Int) async throws {
                    _ = UUID()  // both WF010
                    _ = later(.now)
                    note(1)
                }
            }

            """
    }
#endif
