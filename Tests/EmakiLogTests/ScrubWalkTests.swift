import Testing

@testable import EmakiLog

@Suite("The way of a scrub") struct ScrubWalkTests {
    typealias Extent = ScrubWalk.Extent

    private static func extent(_ number: UInt64, _ first: UInt64, _ end: UInt64, pages: Int)
        -> Extent
    {
        Extent(
            number: number, positions: Position(first)..<Position(end), coveredPages: pages)
    }

    private static let files = [
        extent(1, 0, 10, pages: 1), extent(2, 10, 20, pages: 64),
        extent(7, 20, 21, pages: 2048), extent(4, 21, 400, pages: 5000),
        extent(5, 500, 600, pages: 2049),
    ]

    private struct Seen: Equatable {
        var number: UInt64
        var piece: ScrubPiece
    }

    private func all(_ walk: inout ScrubWalk, _ files: [Extent]) -> [Seen] {
        var seen: [Seen] = []
        while let (index, piece) = walk.next(in: files) {
            seen.append(Seen(number: files[index].number, piece: piece))
        }
        return seen
    }

    @Test(
        "the pieces of a file are all of its pages, each group before its parity, and no more",
        arguments: [1, 63, 64, 65, 2047, 2048, 2049, 2112, 4096, 5000])
    func pieces(coveredPages: Int) {
        let count = ScrubPiece.count(coveredPages: coveredPages)
        var next = 0
        var groups = 0
        for number in 0..<count {
            switch ScrubPiece(number, coveredPages: coveredPages) {
            case .pages(let range):
                #expect(range.lowerBound == next && !range.isEmpty && range.count <= 64)
                #expect(range.lowerBound / 2048 == (range.upperBound - 1) / 2048)
                next = range.upperBound
            case .parity(let group):
                #expect(group == groups && next == min(coveredPages, (group + 1) * 2048))
                groups += 1
            case .footers: #expect(number == count - 1)
            }
        }
        #expect(next == coveredPages && groups == PageParity.groupCount(pages: coveredPages))
        #expect(ScrubPiece(count - 1, coveredPages: coveredPages) == .footers)
        // One more, or many, are still no pages.
        #expect(ScrubPiece(count, coveredPages: coveredPages) == .footers)
    }

    @Test("wherever a pass begins, it comes to every piece of every file once")
    func everything() {
        let groupCount = Self.files.reduce(0) { $0 + PageParity.groupCount(pages: $1.coveredPages) }
        var starts: [Seen] = []
        for random in 0..<UInt64(groupCount) + 3 {
            var walk = ScrubWalk(Self.files, random: random)
            let seen = all(&walk, Self.files)
            if let first = seen.first, !starts.contains(first) { starts.append(first) }
            let expected = Self.files.flatMap { file in
                (0..<file.pieceCount).map {
                    Seen(
                        number: file.number,
                        piece: ScrubPiece($0, coveredPages: file.coveredPages))
                }
            }
            #expect(seen.count == expected.count)
            for piece in expected { #expect(seen.count { $0 == piece } == 1, "\(piece)") }
            #expect(walk.next(in: Self.files) == nil)
        }
        // Each group of pages is where some pass begins.
        #expect(starts.count == groupCount)
        var nothing = ScrubWalk([], random: 5)
        #expect(nothing.next(in: []) == nil && nothing.next(in: Self.files) == nil)
    }

    @Test("files that are merged or added meanwhile end no pass early, and make none endless")
    func changes() {
        for random in 0..<UInt64(8) {
            for moment in 0..<170 {
                var walk = ScrubWalk(Self.files, random: random)
                var seen: [Seen] = []
                func go(_ files: [Extent], limit: Int) {
                    while seen.count < limit, let (index, piece) = walk.next(in: files) {
                        seen.append(Seen(number: files[index].number, piece: piece))
                    }
                }
                go(Self.files, limit: moment)
                let merged = [
                    Self.files[0], Self.extent(9, 10, 400, pages: 3_000), Self.files[4],
                    Self.extent(10, 600, 700, pages: 10),
                ]
                go(merged, limit: 2_000)
                #expect(seen.count < 2_000)
                // Those that stay are looked at once.
                for file in [Self.files[0], Self.files[4]] {
                    for number in 0..<file.pieceCount {
                        let piece = Seen(
                            number: file.number,
                            piece: ScrubPiece(number, coveredPages: file.coveredPages))
                        #expect(seen.count { $0 == piece } == 1, "\(random) \(moment) \(piece)")
                    }
                }
            }
        }
    }

    @Test("a scrub rests as long as its rate and its work ask for, and begins no pass too early")
    func schedule() {
        var schedule = ScrubSchedule(bytesPerSecond: 4 << 20, interval: 10_000, now: 500)
        #expect(schedule.restBeforePass(now: 500) == 10_000)
        #expect(schedule.restBeforePass(now: 10_499) == 1)
        #expect(schedule.restBeforePass(now: 10_500) == nil)
        schedule.begin(now: 20_000)
        #expect(schedule.restBeforePass(now: 29_999) == 1)
        #expect(schedule.restBeforePass(now: 30_000) == nil)
        // 256 KiB at 4 MiB a second are 62.5 ms, work included.
        let rest = schedule.restAfterPiece(bytes: 256 << 10, nanoseconds: 2_500_000)
        #expect(rest == 60_000_000)
        #expect(schedule.restAfterPiece(bytes: 0, nanoseconds: 7) == 7)
        // A slow device works no more than half of the time.
        #expect(schedule.restAfterPiece(bytes: 256 << 10, nanoseconds: 400_000_000) == 400_000_000)
        let week = ScrubSchedule(bytesPerSecond: 1, interval: 7 * 86_400_000_000_000, now: 0)
        #expect(week.restBeforePass(now: 0) == ScrubSchedule.firstRestMax)
        #expect(week.restAfterPiece(bytes: 1 << 40, nanoseconds: 1) == ScrubSchedule.restMax - 1)
        var day = ScrubSchedule(bytesPerSecond: 1, interval: 86_400_000_000_000, now: 0)
        day.begin(now: 0)
        #expect(day.restBeforePass(now: 0) == ScrubSchedule.restMax)
    }
}
