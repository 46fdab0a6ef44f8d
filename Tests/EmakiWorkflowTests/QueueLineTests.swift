import Testing

@testable import EmakiWorkflow

/// Who is next in a queue, decided without tasks and clocks.
@Suite struct QueueLineTests {
    /// A line that can be looked at while it changes.
    private final class Line {
        var line: QueueLine<Int, String>

        init(_ options: QueueOptions = QueueOptions()) { line = QueueLine(options) }

        func add(
            _ item: String, _ id: Int, key: String? = nil, priority: Int = 0, isLate: Bool = false
        ) {
            line.add(item, id, key: key, priority: priority, isLate: isLate)
        }

        func remove(_ id: Int) -> Bool { line.remove(id) }

        func drain(at now: Int64 = 0) -> [String] {
            var items: [String] = []
            while let item = line.popFirst(at: now) { items.append(item) }
            return items
        }
    }

    @Test(
        "lower numbers first; within a priority first in, first out; what is beyond is the nearest")
    func priorities() {
        let line = Line()
        for (id, priority) in [5, 0, -1, 0, .max, 100, .min].enumerated() {
            line.add("\(id)", id, priority: priority)
        }
        #expect(line.drain() == ["6", "2", "1", "3", "0", "4", "5"])
        #expect(line.line.count == 0)
    }

    @Test("limit keys take turns, those without one as one of them; late ones get every second")
    func turns() {
        let line = Line()
        for id in 0..<4 { line.add("a\(id)", id, key: "a") }
        for id in 4..<6 { line.add("-\(id)", id, isLate: id == 4) }
        line.add("b6", 6, key: "b")
        #expect(line.drain() == ["a0", "-4", "b6", "a1", "-5", "a2", "a3"])
    }

    @Test("a key at its limit is passed over, and takes turns again once one of its own has ended")
    func hotKey() {
        let line = Line(QueueOptions(concurrencyPerKey: 2))
        for id in 0..<5 { line.add("a\(id)", id, key: "a", priority: id % 2) }
        for id in 5..<8 { line.add("-\(id)", id, priority: 2) }
        #expect(line.drain() == ["a0", "a2", "-5", "-6", "-7"])
        #expect(line.line.count == 3 && line.line.holderCount == 5)
        line.line.leave(5)
        #expect(line.drain() == [])
        line.line.leave(0)
        line.line.leave(0)
        #expect(line.drain() == ["a4"])
        line.line.leave(2)
        line.line.leave(4)
        #expect(line.drain() == ["a1", "a3"])
    }

    @Test("no more are under way than the limit, and as many, whoever is taken back or comes later")
    func concurrency() {
        let line = Line(QueueOptions(concurrency: 3))
        for id in 0..<6 { line.add("\(id)", id) }
        #expect(line.drain() == ["0", "1", "2"])
        #expect(line.remove(3))
        #expect(!line.remove(3))
        line.line.leave(1)
        #expect(line.drain() == ["4"])
        // One that was under way before counts, too.
        line.line.hold(100, nil)
        line.line.leave(0)
        #expect(line.drain() == [])
        line.line.leave(100)
        #expect(line.drain() == ["5"])
    }

    @Test("what is taken back leaves nothing behind, however much it is")
    func takenBack() {
        let line = Line(QueueOptions(concurrencyPerKey: 1))
        line.add("held", -1, key: "0")
        #expect(line.drain() == ["held"])
        for id in 0..<5_000 {
            line.add("x", id, key: "\(id % 10)", priority: id % 3, isLate: id % 2 == 0)
        }
        for id in 0..<4_999 { #expect(line.remove(id)) }
        #expect(line.drain() == ["x"])
        line.line.leave(-1)
        #expect(line.line.count == 0 && line.drain() == [])
        line.add("again", 1, key: "0")
        #expect(line.drain() == ["again"])
    }

    @Test("the rate lets a burst begin, then one after the other, and fills up again in a pause")
    func rate() {
        let second: Int64 = 1_000_000_000
        let line = Line(QueueOptions(rate: QueueRate(3, per: .seconds(9), burst: 2)))
        for id in 0..<9 { line.add("\(id)", id) }
        let start = 1_000 * second
        #expect(line.drain(at: start) == ["0", "1"])
        #expect(line.line.rateInstant == start + 3 * second)
        #expect(line.drain(at: start + 3 * second - 1) == [])
        #expect(line.drain(at: start + 3 * second) == ["2"])
        #expect(line.drain(at: start + 7 * second) == ["3"])
        #expect(line.line.rateInstant == start + 9 * second)
        #expect(line.drain(at: start + 100 * second) == ["4", "5"])
    }

    @Test("a rate that does not divide is rounded down, and extremes do not overflow")
    func roundedRate() {
        let line = Line(QueueOptions(rate: QueueRate(3, per: .nanoseconds(10), burst: 1)))
        for id in 0..<9 { line.add("\(id)", id) }
        let counts = (0..<20).map { line.drain(at: 1_000 + Int64($0)).count }
        #expect(counts.reduce(0, +) == 5)
        let wide = QueueRate(.max, per: .seconds(1 << 62), burst: .max)
        let open = Line(QueueOptions(rate: wide))
        for id in 0..<1_000 { open.add("x", id) }
        #expect(open.drain(at: 1).count == 1_000)
    }
}
