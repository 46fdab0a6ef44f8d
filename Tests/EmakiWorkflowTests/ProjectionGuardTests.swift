import EmakiPlatform
import EmakiSimulation
import Testing

@testable import EmakiWorkflow

/// What a projection makes of events and counts that no engine records, and of many runs.
@Suite struct ProjectionGuardTests {
    private func event(_ kind: EventKind, id: UInt64 = 1) -> [UInt8] {
        var fields = FieldWriter()
        fields.put(CommonField.kind, kind.rawValue)
        fields.put(CommonField.id, id)
        fields.put(CommonField.time, signed: 5)
        fields.put(EventField.variant, 1)
        fields.put(EventField.workflowType, "T")
        return fields.bytes
    }

    private func take(_ stream: [UInt8], _ events: [UInt8]..., into projection: inout Projection) {
        let isWanted = stream.withRawSpan { projection.begin($0) }
        #expect(isWanted)
        for (index, event) in events.enumerated() {
            event.withRawSpan { projection.take(version: UInt64(index + 1), $0) }
        }
    }

    @Test("a run of which only the end is left is none, and one without its start is in doubt")
    func lostStarts() {
        var projection = Projection()
        take(Array("run/w/r".utf8), event(.runClosed, id: 9), into: &projection)
        #expect(projection.runs.count == 0 && projection.doubtful.isEmpty)
        // How it ended is counted where all of it was seen.
        #expect(projection.endings.isEmpty && projection.types.isEmpty)
        take(Array("run/w/r".utf8), event(.signalReceived, id: 9), into: &projection)
        #expect(projection.runs.count == 1 && projection.runs[0].isInDoubt)
        take(Array("run/v/r".utf8), event(.runStarted), into: &projection)
        #expect(projection.runs.count == 2 && !projection.runs[1].isInDoubt)
    }

    @Test("events that make no sense are remembered by their workflow, if that has a name")
    func senseless() {
        var projection = Projection()
        take(Array("run/w/r".utf8), [0x80], into: &projection)
        take(Array("workflow/v".utf8), [0x80], into: &projection)
        #expect(projection.doubtful == ["w", "v"])
        take(Array("run/".utf8) + [0xFF] + Array("/r".utf8), [0x80], into: &projection)
        take(Array("workflow/".utf8) + [0xFF], [0x80], into: &projection)
        #expect(projection.doubtful == ["w", "v"] && projection.runs.count == 0)
    }

    @Test("how many have ended is not told if fewer than none have")
    func endings() {
        var projection = Projection(endedMost: 0)
        func counts(_ type: String? = nil) -> [HistoryEvent.Outcome.Variant: Int]? {
            var wish = Projection.Wish.ended
            wish.type = type
            return projection.endedCounts(wish)
        }
        let (first, second) = (projection.type("T"), projection.type("U"))
        projection.endings = [
            .init(type: first, outcome: 1): 2, .init(type: second, outcome: 1): 3,
            .init(type: second, outcome: 2): 0,
        ]
        #expect(counts() == [.completed: 5])
        #expect(counts("U") == [.completed: 3])
        #expect(counts("none") == [:])
        projection.endings[.init(type: first, outcome: 2)] = -1
        #expect(counts() == nil)
        projection.endings = [.init(type: first, outcome: 255): 1]
        #expect(counts() == nil)
        // The same of those that are known one by one.
        projection = Projection()
        _ = projection.type("T")
        for outcome in [1, 2, 255] as [UInt8] {
            let run = EndedRun(version: 2, runHash: 1, type: 0, outcome: outcome)
            "w\(outcome)".withUTF8Span { projection.ended.ended($0, run, labels: []) }
            #expect(counts() == (outcome == 1 ? [.completed: 1] : nil) || outcome == 2)
        }
        #expect(counts() == nil && counts("none") == [:])
    }

    @Test(
        "a page of open runs has the first ones behind an id, however many there are",
        arguments: 1..<9 as Range<UInt64>)
    func pages(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var projection = Projection()
        _ = projection.type("T")
        var ids: Set<String> = []
        for _ in 0..<Int.random(in: 1...200, using: &random) {
            ids.insert("w\(Int.random(in: 0..<10_000, using: &random))")
        }
        for id in ids.shuffled(using: &random) {
            let number = id.withUTF8Span { id in
                "r".withUTF8Span { projection.runs.insert(id, $0, OpenRun()) }
            }
            #expect(number != nil)
        }
        let sorted = ids.sorted()
        for limit in [1, 2, 3, 7, 50, 200, 1_000] {
            for after in [nil, sorted.first, sorted.randomElement(using: &random), sorted.last] {
                let page = projection.workflows(
                    .init(), after: after.map { Array($0.utf8) }, limit: limit)
                let expected = sorted.filter { id in after.map { id > $0 } ?? true }.prefix(limit)
                #expect(page == Array(expected), "\(limit) after \(after ?? "")")
            }
        }
    }
}
