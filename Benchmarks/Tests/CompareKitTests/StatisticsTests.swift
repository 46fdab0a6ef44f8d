import CompareKit
import Testing

@Suite struct StatisticsTests {
    @Test(
        "the median is in the middle, and the spread reaches from end to end",
        arguments: [([3], 3), ([1, 9], 5), ([7, 1, 3], 3), ([4, 1, 3, 2], 2.5)]
            as [([Double], Double)])
    func median(numbers: [Double], median: Double) throws {
        let spread = try #require(Spread(numbers))
        #expect(spread.median == median)
        #expect(spread.least == numbers.min())
        #expect(spread.most == numbers.max())
        #expect(spread.count == numbers.count)
    }

    @Test("of nothing there is no median")
    func nothing() { #expect(Spread([]) == nil) }

    @Test("each further nine takes the same room")
    func nines() {
        #expect(Percentiles.nines(0) == 0)
        for (percent, place) in [(90.0, 1.0), (99, 2), (99.9, 3), (99.99, 4)] {
            #expect(abs(Percentiles.nines(percent) - place) < 1e-9)
        }
        #expect(Percentiles.nines(100).isFinite)
    }

    @Test("between two points of a plot the value is between theirs")
    func interpolation() {
        let points = [[0.0, 10], [50, 20], [100, 40]]
        for (percent, value) in [(0.0, 10.0), (25, 15), (50, 20), (75, 30), (100, 40), (120, 40)] {
            #expect(Percentiles.value(at: percent, in: points) == value)
        }
        #expect(Percentiles.value(at: 50, in: []) == nil)
        let plots = [points, [[0, 30], [100, 30]], [[0, 0], [100, 0]]]
        #expect(Percentiles.median(of: plots, at: [50]) == [[50, 20]])
    }

    @Test("a histogram gives the percentiles of what it was given")
    func recorder() throws {
        var recorder = LatencyRecorder()
        #expect(recorder.summary == nil)
        for microseconds in 1...1_000 { recorder.record(Int64(microseconds) * 1_000) }
        var other = LatencyRecorder()
        other.record(2_000_000)
        recorder.add(other)
        let summary = try #require(recorder.summary)
        // Three digits that count.
        #expect(abs(summary.p50 - 501) < 2)
        #expect(abs(summary.p99 - 991) < 2)
        #expect(abs(summary.max - 2_000) < 2)
        let points = try #require(recorder.points)
        #expect(points.last?[0] == 100)
        #expect(zip(points, points.dropFirst()).allSatisfy { $0[1] <= $1[1] && $0[0] <= $1[0] })
    }

    @Test("numbers show three digits that count, and thousands")
    func numberText() {
        for (number, text) in [
            (0.0, "0"), (1.236, "1.24"), (12.36, "12.4"), (123.6, "124"), (1_234_567, "1,234,567"),
        ] { #expect(NumberText.short(number) == text) }
        #expect(NumberText.axis(20_000) == "20 k")
        #expect(NumberText.axis(0.5) == "0.5")
    }
}
