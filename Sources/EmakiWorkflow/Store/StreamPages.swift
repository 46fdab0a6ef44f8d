/// The streams of a store whose names start alike, page by page, in the order of their names.
///
/// A store may look at all that it has in memory for each page, as a log does. So each page is
/// four times as large as the one before: who wants the first few waits for a few, and who wants a
/// million pays for some twenty looks and not for thousands.
struct StreamPages: Sendable {
    private static let pageMax = 65_536

    private let prefix: String
    private var last: String?
    private var limit: Int
    /// There are no more pages.
    private(set) var isDone = false

    /// - Parameters:
    ///   - after: only names behind this one.
    ///   - first: names on the first page.
    init(prefix: String, after: String? = nil, first: Int = 256) {
        self.prefix = prefix
        last = after
        limit = first
    }

    /// The next page; empty: there are no more.
    ///
    /// After an error the same page can be asked for again.
    /// - Throws: what reading the store throws.
    mutating func next(in store: any HistoryStore) async throws -> [String] {
        guard !isDone else { return [] }
        let streams = try await store.streams(prefix: prefix, after: last, limit: limit)
        isDone = streams.count < limit
        last = streams.last ?? last
        limit = min(4 * limit, Self.pageMax)
        return streams
    }
}

extension Array {
    /// Its elements in their order, so many at a time.
    func pieces(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map {
            self[$0..<Swift.min($0 + count, self.count)]
        }
    }
}
