import EmakiPlatform
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

/// Going over very many streams asks a store a few times, and going over a few is no longer for it.
@Suite struct StreamPagesTests {
    /// Lists names, and does nothing else.
    private final class Names: HistoryStore {
        struct Broken: Error {}

        let capabilities = HistoryStoreCapabilities(
            eventsPerCommitMax: 1, commitBytesMax: 1, payloadBytesMax: 1)
        private let names: [String]
        private let failing: Int
        private let lock = Lock()
        private let limits = Guarded<[Int]>([])

        /// - Parameter failing: the question, counted from 1, that fails; 0: none.
        init(_ count: Int, failing: Int = 0) {
            names = (0..<count).map { "a\($0 + 100_000)" } + ["b"]
            self.failing = failing
        }

        /// How much was asked for each time.
        var asked: [Int] { lock.withLock { limits.value } }

        func streams(prefix: String, after: String?, limit: Int) async throws -> [String] {
            let number = lock.withLock {
                limits.value.append(limit)
                return limits.value.count
            }
            if number == failing { throw Broken() }
            let wanted = names.drop { $0 <= after ?? "" }.prefix { $0.hasPrefix(prefix) }
            return Array(wanted.prefix(limit))
        }

        func claim() async throws -> UInt64 { throw Broken() }
        nonisolated(nonsending) func append(_ commit: HistoryCommit) async -> CommitAnswer {
            .conflict
        }
        func read(_ stream: String, from index: Int, limit: Int) async throws -> HistoryPage {
            throw Broken()
        }
    }

    private func all(_ pages: inout StreamPages, _ store: Names) async throws -> [String] {
        var names: [String] = []
        while true {
            let page = try await pages.next(in: store)
            if page.isEmpty { return names }
            names += page
        }
    }

    @Test(
        "each page is four times as large as the one before",
        arguments: [0, 1, 255, 256, 257, 5_000])
    func pages(count: Int) async throws {
        let store = Names(count)
        var pages = StreamPages(prefix: "a")
        let names = try await all(&pages, store)
        #expect(names == (0..<count).map { "a\($0 + 100_000)" })
        #expect(pages.isDone)
        #expect(store.asked == (0..<store.asked.count).map { 256 << (2 * $0) })
        #expect(store.asked.reduce(0, +) <= 4 * count + 2 * 256)
    }

    @Test("it begins behind a name, with a page of the size that is wanted")
    func after() async throws {
        let store = Names(100)
        var pages = StreamPages(prefix: "a", after: "a100097", first: 2)
        #expect(try await pages.next(in: store) == ["a100098", "a100099"])
        #expect(!pages.isDone)
        #expect(try await pages.next(in: store) == [])
        #expect(pages.isDone)
        #expect(store.asked == [2, 8])
    }

    @Test("after an error the same page is asked for again, and nothing is left out")
    func error() async throws {
        let store = Names(1_000, failing: 2)
        var pages = StreamPages(prefix: "a")
        #expect(try await pages.next(in: store).count == 256)
        await #expect(throws: Names.Broken.self) { try await pages.next(in: store) }
        let rest = try await all(&pages, store)
        #expect(rest.first == "a100256" && rest.count == 744)
        #expect(store.asked == [256, 1_024, 1_024])
    }

    @Test("pieces are the elements in their order, the last piece what is left")
    func pieces() {
        #expect([1, 2, 3, 4, 5].pieces(of: 2).map { Array($0) } == [[1, 2], [3, 4], [5]])
        #expect([1, 2].pieces(of: 2).map { Array($0) } == [[1, 2]])
        #expect([Int]().pieces(of: 2).isEmpty)
    }
}
