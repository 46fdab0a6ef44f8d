import EmakiPlatform
import Testing

@testable import EmakiSimulation

@Suite struct SweepTests {
    @Test(
        "each damage to a place of a small store is harmless, or refused with the place",
        arguments: [SweepEnding.idle, .killed], Sweep.Kind.allCases)
    func bounded(ending: SweepEnding, kind: Sweep.Kind) throws {
        var silent: [String] = []
        let counts = try Sweep.run(kind, ending, blockBytes: 4096, .bounded) { silent.append($0) }
        #expect(silent.isEmpty, "\(silent.prefix(3).joined(separator: "\n"))")
        #expect(counts.damages == counts.kept + counts.refused + counts.unmarkedGone)
        #expect(counts.damages > 3)
        if ending == .idle { #expect(counts.unmarkedGone == 0) }
        print("sweep, \(ending), \(kind): \(counts)")
    }

    @Test("a group that is gone without a mark is counted, and with one it is silent")
    func counted() throws {
        let store = try SweepStore(.killed, blockBytes: 4096)
        let last = try #require(store.groups.last)
        var state = store.state
        state.edit(last.place.path) { $0.damage(.zero(last.place.range)) }
        let outcome = store.outcome(of: state, in: last.place.path, [last.place.range])
        #expect(outcome == .unmarkedGone)
        // The same, said to be elsewhere.
        guard case .silent = store.outcome(of: state, in: "STORE", [0..<1]) else {
            Issue.record("an undamaged group was gone, and it did not count")
            return
        }
    }

    @Test("frames that changed places with the head of their file are evidence (once silent)")
    func framesInFront() throws {
        for ending in [SweepEnding.idle, .closed] {
            let store = try SweepStore(ending, blockBytes: 512)
            let path = try #require(store.groups.last).place.path
            var state = store.state
            state.edit(path) { $0.damage(.swap(0, 65_536, count: 4096)) }
            let outcome = store.outcome(of: state, in: path, [0..<4096, 65_536..<69_632])
            #expect(outcome == .refused(file: path))
        }
    }

    @Test("other events than were appended are a silent difference")
    func difference() throws {
        let store = try SweepStore(.killed, blockBytes: 4096)
        let other = try SweepStore(.rotated, blockBytes: 4096)
        guard case .silent = store.outcome(of: other.state, in: "MANIFEST", nil) else {
            Issue.record("another log was taken for this one")
            return
        }
    }
}
