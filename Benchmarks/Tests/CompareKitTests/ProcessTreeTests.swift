import CompareKit
import Testing

@Suite struct ProcessTreeTests {
    private func entry(_ parent: Int, _ ticks: [Int]) -> ProcessTree.Entry? {
        let times = ticks.map(String.init).joined(separator: " ")
        return ProcessTree.Entry(status: "7 (a) b (c) S \(parent) 1 1 0 -1 4 0 0 0 0 \(times) 20 0")
    }

    @Test("the name of a process may hold anything, and gone children count")
    func status() throws {
        let found = try #require(entry(42, [1, 20, 300, 4_000]))
        #expect(found.parent == 42)
        #expect(found.ticks == 4_321)
        #expect(ProcessTree.Entry(status: "7 (a S 1 2") == nil)
        #expect(ProcessTree.Entry(status: "") == nil)
    }

    @Test("descendants are all below one, and not itself")
    func descendants() throws {
        let none = [0, 0, 0, 0]
        let parents: [(Int32, Int)] = [(2, 1), (3, 2), (4, 3), (5, 2), (6, 1), (7, 6)]
        var entries: [Int32: ProcessTree.Entry] = [:]
        for (process, parent) in parents {
            let made = try #require(entry(parent, none))
            entries[process] = made
        }
        let tree = ProcessTree(entries: entries)
        #expect(tree.descendants(of: 2) == [3, 4, 5])
        #expect(tree.descendants(of: 4).isEmpty)
        #expect(tree.descendants(of: 1) == [2, 3, 4, 5, 6, 7])
    }
}
