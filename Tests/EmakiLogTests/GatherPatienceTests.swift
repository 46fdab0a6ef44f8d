import Testing

@testable import EmakiLog

/// How long a round of jobs may last follows the disk, and never below what was configured.
@Suite struct GatherPatienceTests {
    private func limit(after writes: [Int64], configured: Int64 = 200_000) -> Int64 {
        var patience = GatherPatience(configured: configured)
        for write in writes { patience.note(write: write) }
        return patience.limit
    }

    @Test("on a fast disk it is what was configured")
    func fast() {
        #expect(limit(after: []) == 200_000)
        #expect(limit(after: Array(repeating: 30_000, count: 1000)) == 200_000)
        #expect(limit(after: Array(repeating: 200_000, count: 1000)) == 200_000)
    }

    @Test("on a slow disk it is a usual write, at most four times what was configured")
    func slow() {
        #expect(limit(after: Array(repeating: 300_000, count: 1000)) == 300_000)
        #expect(limit(after: Array(repeating: 800_000, count: 1000)) == 800_000)
        #expect(limit(after: Array(repeating: 40_000_000, count: 1000)) == 800_000)
        let endless = Int64(1) << 60
        #expect(limit(after: [endless, endless], configured: endless) == endless)
    }

    @Test("a stall of the disk, however long, changes little")
    func stall() {
        let usual = Array(repeating: Int64(100_000), count: 100)
        #expect(limit(after: usual + [2_000_000_000] + usual.prefix(1)) == 200_000)
        let slow = Array(repeating: Int64(400_000), count: 1000)
        let after = limit(after: slow + [2_000_000_000])
        #expect(after > 400_000 && after <= 450_000)
    }

    @Test("it follows a disk that becomes slow, and one that becomes fast, within fifty writes")
    func change() {
        let slow = Array(repeating: Int64(400_000), count: 50)
        let fast = Array(repeating: Int64(50_000), count: 50)
        #expect(limit(after: fast + slow) == 400_000)
        #expect(limit(after: fast + slow + fast) == 200_000)
    }
}
