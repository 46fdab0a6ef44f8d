import EmakiPlatform
import Testing

@testable import EmakiWorkflow

/// The table of open runs, and whose a stream is, by names of all lengths.
@Suite struct OpenRunTableTests {
    private func insert(
        _ id: String, _ run: String, _ table: inout OpenRunTable, events: UInt32 = 0
    ) -> Int? {
        var new = OpenRun()
        new.eventCount = events
        return id.withUTF8Span { id in run.withUTF8Span { table.insert(id, $0, new) } }
    }

    private func find(_ id: String, _ run: String, in table: OpenRunTable) -> Int? {
        id.withUTF8Span { id in run.withUTF8Span { table.find(id, $0) } }
    }

    private func name(_ byteCount: Int) -> String { String(repeating: "n", count: byteCount) }

    @Test(
        "a name of 1 to 255 bytes, and a run id of up to 255, are kept, and no others",
        arguments: [0, 1, 2, 254, 255, 256], [0, 1, 254, 255, 256])
    func lengths(idBytes: Int, runBytes: Int) {
        var table = OpenRunTable()
        let (id, run) = (name(idBytes), name(runBytes))
        let isPossible = (1...255).contains(idBytes) && runBytes <= 255
        let number = insert(id, run, &table)
        #expect((number != nil) == isPossible)
        #expect(table.count == (isPossible ? 1 : 0))
        #expect(find(id, run, in: table) == number)
        guard let number else { return }
        #expect(table.id(number) == Array(id.utf8) && table.runID(number) == Array(run.utf8))
    }

    @Test("a run is found by its whole name, or by that of its workflow if any run will do")
    func names() {
        var table = OpenRunTable()
        #expect(find("w", "r", in: table) == nil)
        let names = [("w", "r"), ("w", "s"), ("w", "rr"), ("ww", "r"), ("wr", ""), ("v", "r")]
        var numbers: [Int?] = []
        for (id, run) in names { numbers.append(insert(id, run, &table)) }
        #expect(Set(numbers).count == names.count)
        for ((id, run), number) in zip(names, numbers) {
            #expect(find(id, run, in: table) == number, "\(id)/\(run)")
        }
        for (id, run) in [("w", ""), ("w", "t"), ("w", "sr"), ("wr", "r"), ("x", "r")] {
            #expect(find(id, run, in: table) == nil, "\(id)/\(run)")
        }
        var asked: [Int] = []
        let none = "w".withUTF8Span { id in
            table.find(id) { number in
                asked.append(number)
                return false
            }
        }
        #expect(none == nil && Set(asked.map { .some($0) }) == Set(numbers[..<3]))
        let second = "w".withUTF8Span { id in table.find(id) { $0 == numbers[1] } }
        #expect(second == numbers[1])
    }

    @Test("workflows whose hashes begin alike are told apart")
    func alike() {
        // Found by trying: the bits that the index keeps of their hashes are the same.
        let pair = ("w-104340", "w-234277")
        func tag(_ id: String) -> UInt32 {
            UInt32(truncatingIfNeeded: id.withUTF8Span { StableHash.hash($0) } >> 24)
        }
        #expect(tag(pair.0) == tag(pair.1))
        var table = OpenRunTable()
        let first = insert(pair.0, "r", &table)
        #expect(find(pair.1, "r", in: table) == nil)
        let second = insert(pair.1, "r", &table)
        #expect(find(pair.0, "r", in: table) == first && find(pair.1, "r", in: table) == second)
        #expect(pair.1.withUTF8Span { id in table.find(id) { _ in true } } == second)
        if let first { table.remove(first) }
        #expect(find(pair.0, "r", in: table) == nil && find(pair.1, "r", in: table) == second)
    }

    @Test("numbers of runs that were removed are given again, before new ones")
    func numbers() {
        var table = OpenRunTable()
        let numbers = (0..<5).map { insert("w\($0)", "r", &table) }
        #expect(numbers == [0, 1, 2, 3, 4])
        table.remove(1)
        table.remove(3)
        #expect(Set([insert("a", "r", &table), insert("b", "r", &table)]) == [1, 3])
        #expect(insert("c", "r", &table) == 5)
        var seen: Set<Int> = []
        table.forEach { number, _, _, _ in seen.insert(number) }
        #expect(seen == [0, 1, 2, 3, 4, 5] && table.chunks.count == 1)
    }

    @Test("of a copy without an index nothing is found, and all is visited")
    func withoutIndex() {
        var table = OpenRunTable()
        for number in 0..<100 { #expect(insert("w\(number)", "r", &table) == number) }
        var copy = table
        copy.dropIndex()
        #expect(find("w1", "r", in: copy) == nil && find("w1", "r", in: table) == 1)
        var count = 0
        copy.forEach { _, _, _, _ in count += 1 }
        #expect(count == 100)
    }

    @Test(
        "the name of a stream says whose it is, or that it is nobody's",
        arguments: [
            ("workflow/w", "w", nil), ("workflow/", "", nil), ("workflow/a/b", "a/b", nil),
            ("run/w/r", "w", "r"), ("run/a/b/r", "a/b", "r"), ("run/w/", "w", ""),
            ("run/a//r", "a/", "r"), ("run//", nil, nil), ("run//r", nil, nil),
            ("run/", nil, nil), ("run/w", nil, nil), ("run", nil, nil), ("", nil, nil),
            ("workflow", nil, nil), ("runs/w/r", nil, nil), ("xrun/w/r", nil, nil),
        ] as [(String, String?, String?)])
    func streams(stream: String, id: String?, run: String?) {
        let bytes = Array(stream.utf8)
        let parts = bytes.withRawSpan { StreamParts($0) }
        #expect((parts != nil) == (id != nil))
        guard let parts else { return }
        #expect(Array(bytes[parts.id]) == id.map { Array($0.utf8) })
        #expect(parts.run.map { Array(bytes[$0]) } == run.map { Array($0.utf8) })
    }
}
