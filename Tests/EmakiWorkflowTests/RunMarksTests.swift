import Foundation
import Testing

@testable import EmakiWorkflow

/// What one process tells the next about whose code was being executed.
@Suite struct RunMarksTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// The marks of the process with this number.
    private func marks(_ process: UInt64) throws -> RunMarks {
        try #require(RunMarks(folder: folder.url.path, process: process))
    }

    private func suspect(_ hash: UInt64, step: Int = 0, tries: Int = 0) -> RunMarks.Suspect {
        RunMarks.Suspect(hash: hash, step: step, tries: tries)
    }

    @Test("who was marked at the end is suspected, with the step, and who was not is not")
    func marked() throws {
        let first = try marks(1)
        #expect(first.found.isEmpty)
        first.mark(first.takeSlot(), 7, step: 3)
        let ended = first.takeSlot()
        first.mark(ended, 8)
        first.giveBack(ended)
        #expect(try marks(2).found == [suspect(7, step: 3)])
    }

    @Test("after a close, and within one process, nobody is suspected of what is marked")
    func noEnd() throws {
        let first = try marks(1)
        first.mark(first.takeSlot(), 7)
        #expect(try marks(1).found.isEmpty)
        let second = try marks(2)
        second.mark(second.takeSlot(), 7)
        second.close()
        #expect(try marks(3).found.isEmpty)
    }

    @Test("within one process suspects of the one before are kept")
    func kept() throws {
        let first = try marks(1)
        first.mark(first.takeSlot(), 7)
        #expect(try marks(2).found == [suspect(7)])
        #expect(try marks(2).found == [suspect(7)])
    }

    @Test("the suspect on trial is caught, unless one of whom nothing was known was in a turn")
    func onTrial() throws {
        let first = try marks(1)
        for hash in [7, 8] as [UInt64] { first.mark(first.takeSlot(), hash) }
        let second = try marks(2)
        second.tries(7)
        // Another's activity is no turn.
        second.mark(second.takeSlot(), 9, step: 1)
        for hash in [7, 8] as [UInt64] { second.mark(second.takeSlot(), hash) }
        let third = try marks(3)
        #expect(third.found == [suspect(8), suspect(9, step: 1), suspect(7, tries: 1)])
        third.tries(7)
        third.mark(third.takeSlot(), 7)
        third.mark(third.takeSlot(), 10)
        #expect(try marks(4).found.contains(suspect(7, tries: 1)))
    }

    @Test("the only suspect at work is caught, also without a trial; of two neither is")
    func onlyOne() throws {
        let first = try marks(1)
        for hash in [7, 8] as [UInt64] { first.mark(first.takeSlot(), hash) }
        let second = try marks(2)
        for hash in [7, 8] as [UInt64] { second.mark(second.takeSlot(), hash) }
        let third = try marks(3)
        #expect(third.found == [suspect(7), suspect(8)])
        third.mark(third.takeSlot(), 8, step: 4)
        #expect(try marks(4).found == [suspect(7), suspect(8, step: 4, tries: 1)])
    }

    @Test("who is cleared is suspected no more; marks of an engine that lost the file do nothing")
    func cleared() throws {
        let first = try marks(1)
        first.mark(first.takeSlot(), 7)
        let second = try marks(2)
        second.clear(7)
        #expect(try marks(3).found.isEmpty)
        let fourth = try marks(4)
        fourth.mark(fourth.takeSlot(), 9)
        second.mark(second.takeSlot(), 8)
        second.close()
        #expect(try marks(5).found == [suspect(9)])
    }
}
