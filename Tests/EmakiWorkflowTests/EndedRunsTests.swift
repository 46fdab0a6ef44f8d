import EmakiPlatform
import EmakiSimulation
import EmakiWorkflowTesting
import Testing

@testable import EmakiWorkflow

extension Projection.Wish {
    /// All that have ended.
    static var ended: Self {
        var wish = Self()
        wish.wantsOpen = false
        wish.wantsEnded = true
        return wish
    }
}

/// What is known of workflows that have ended, whatever order their streams come in.
@Suite struct EndedRunsTests {
    /// What happens to one workflow, in this order.
    private enum Word {
        case start(String)
        case copy(String)
        case begin(String)
        case close(String, HistoryEvent.Outcome)
        case delete
        case drop(String)
    }

    /// An event as a journal has it.
    private struct Entry {
        var stream: String
        var version: UInt64
        var metadata: [UInt8]
    }

    private struct Journal {
        private static let id = "x"
        var entries: [Entry] = []
        /// Streams that were removed in the end.
        var removed: Set<String> = []
        private var opened: Set<String> = []
        private var versions: [String: Int] = [:]
        var streams: [String] { Set(entries.map(\.stream)).sorted() }

        init(_ words: [Word]) {
            for word in words { add(word) }
        }

        private mutating func add(_ word: Word) {
            switch word {
            case .start(let run):
                add(event(run, .started(start(run))), of: run)
                add(IDRecord(.opened, run))
            case .copy(let run):
                var start = start(run)
                start.copiedAhead = 2
                add(event(run, .started(start)), of: run)
                add(event(run, .cancelRequested(requestID: "r", reason: "")), of: run)
            case .begin(let run):
                add(event(run, .cancelRequested(requestID: "s", reason: "")), of: run)
                add(IDRecord(.opened, run))
            case .close(let run, let outcome):
                add(event(run, .closed(outcome)), of: run)
                add(IDRecord(closing: start(run), outcome))
            case .delete:
                removed = opened
                add(IDRecord(.deleted, "deletion"))
            case .drop(let run):
                removed.insert(StreamName.run(Self.id, run))
                add(IDRecord(.dropped, run))
            }
        }

        private func start(_ run: String) -> RunStart {
            RunStart(
                workflowType: "T", workflowID: Self.id, runID: run, firstRunID: run,
                continuedFrom: nil, parent: nil, seed: 1, fingerprint: "f", requestID: "q",
                attempt: 1, runDeadline: nil, executionDeadline: nil, runTimeout: nil,
                startsAt: nil, retry: nil, headers: [:], memo: [:], searchAttributes: [:],
                input: .empty)
        }

        private func event(_ run: String, _ body: HistoryEvent.Body) -> HistoryEvent {
            let id = (versions[StreamName.run(Self.id, run)] ?? 0) + 1
            return HistoryEvent(id: id, time: Int64(entries.count), commandCount: nil, body: body)
        }

        private mutating func add(_ event: HistoryEvent, of run: String) {
            add(event.stored().metadata, StreamName.run(Self.id, run))
        }

        private mutating func add(_ record: IDRecord) {
            if record.kind == .opened { opened.insert(StreamName.run(Self.id, record.runID)) }
            add(record.stored().metadata, StreamName.id(Self.id))
        }

        private mutating func add(_ metadata: [UInt8], _ stream: String) {
            versions[stream, default: 0] += 1
            entries.append(
                Entry(
                    stream: stream, version: UInt64(versions[stream] ?? 0), metadata: metadata))
        }
    }

    /// What is known in the end: the outcome, or the open run.
    private struct Known: Equatable {
        var outcome: UInt8?
        var openRuns: [String] = []

        init(_ outcome: HistoryEvent.Outcome.Variant?, _ openRuns: [String] = []) {
            self.outcome = outcome.map { UInt8($0.rawValue) }
            self.openRuns = openRuns
        }

        init(_ projection: Projection) {
            projection.ended.table.forEach { _, run, _, _ in outcome = run.outcome }
            projection.runs.forEach { number, _, _, run in
                guard projection.unbegun[number] == nil else { return }
                openRuns.append(String(validating: run) ?? "")
            }
        }
    }

    private func scan(_ entries: [Entry], _ streams: [String], into projection: inout Projection) {
        for stream in streams {
            let own = entries.filter { $0.stream == stream }
            guard !own.isEmpty else { continue }
            _ = stream.withUTF8Span { projection.begin($0) }
            for entry in own {
                entry.metadata.withRawSpan {
                    projection.take(version: entry.version, $0)
                }
            }
        }
    }

    private static let failed = HistoryEvent.Outcome.failed(
        Failure(.application, type: "T", message: "no"))
    private static let next = HistoryEvent.Outcome.continuedAsNew(runID: "c", nil)

    private static let stories: [(words: [Word], truth: Known)] = [
        ([.start("a")], Known(nil, ["a"])),
        ([.start("a"), .close("a", .cancelled)], Known(.cancelled)),
        ([.start("a"), .close("a", .cancelled), .start("b")], Known(nil, ["b"])),
        (
            [.start("a"), .close("a", .cancelled), .start("b"), .close("b", failed)],
            Known(.failed)
        ),
        (
            [.start("a"), .close("a", next), .start("c"), .close("c", failed)],
            Known(.failed)
        ),
        (
            [.start("a"), .close("a", failed), .start("b"), .close("b", next), .start("c")],
            Known(nil, ["c"])
        ),
        ([.start("a"), .copy("b"), .close("a", .cancelled)], Known(.cancelled)),
        ([.start("a"), .copy("b"), .close("a", .cancelled), .begin("b")], Known(nil, ["b"])),
        (
            [
                .start("a"), .copy("b"), .close("a", .cancelled), .begin("b"),
                .close("b", failed),
            ], Known(.failed)
        ),
        ([.start("a"), .close("a", failed), .delete], Known(nil)),
        ([.start("a"), .close("a", failed), .delete, .start("b")], Known(nil, ["b"])),
        (
            [
                .start("a"), .close("a", failed), .delete, .start("b"),
                .close("b", .cancelled),
            ], Known(.cancelled)
        ),
        (
            [
                .start("a"), .close("a", failed), .start("b"), .close("b", .cancelled),
                .drop("a"),
            ], Known(.cancelled)
        ),
        ([.start("a"), .close("a", next), .start("c"), .drop("a")], Known(nil, ["c"])),
        (
            [.start("a"), .copy("b"), .close("a", failed), .delete, .begin("b")],
            Known(nil, ["b"])
        ),
        (
            [
                .start("a"), .close("a", failed), .delete, .start("b"), .close("b", .cancelled),
                .delete, .start("c"), .close("c", next), .start("d"), .close("d", .cancelled),
            ], Known(.cancelled)
        ),
    ]

    @Test(
        "the last word about a workflow holds, in whatever order and parts its streams come",
        arguments: stories.indices)
    func orders(story: Int) throws {
        let journal = Journal(Self.stories[story].words)
        let truth = Self.stories[story].truth
        let runs = journal.removed.map { String($0.split(separator: "/").last ?? "") }
        for order in permutations(journal.streams) {
            for cuts in cuts(journal) {
                // Of each stream a part was looked at before.
                let first = journal.entries.filter { $0.version <= cuts[$0.stream] ?? 0 }
                let second = journal.entries.filter { $0.version > cuts[$0.stream] ?? 0 }
                // What is removed may be gone by then, or not yet.
                let left = second.filter { !journal.removed.contains($0.stream) }
                for later in [second, left] {
                    var projection = Projection()
                    scan(first, order, into: &projection)
                    projection = try #require(
                        try ProjectionFileTests.read(projection, endedMost: 100))
                    scan(later, order, into: &projection)
                    projection.areGone("x", runs, deletion: nil)
                    #expect(Known(projection) == truth, "\(order), cut at \(cuts)")
                }
            }
        }
    }

    /// Some parts that each stream may have had when it was looked at.
    private func cuts(_ journal: Journal) -> [[String: UInt64]] {
        var random = SeededRandom(seed: 1)
        return (0..<12).map { _ in
            var cuts: [String: UInt64] = [:]
            for stream in journal.streams {
                let count = journal.entries.filter { $0.stream == stream }.count
                cuts[stream] = UInt64.random(in: 0...UInt64(count), using: &random)
            }
            return cuts
        }
    }

    @Test("what was removed before anybody looked at it is neither open nor ended")
    func removedUnseen() {
        let journal = Journal([
            .start("a"), .close("a", Self.failed), .start("b"), .close("b", .cancelled),
        ])
        for cut in 0...journal.entries.count {
            var projection = Projection()
            scan(Array(journal.entries[..<cut]), journal.streams, into: &projection)
            projection.areGone("x", ["a", "b"], deletion: "deletion")
            #expect(Known(projection) == Known(nil), "cut at \(cut)")
        }
    }

    @Test("an id whose records are lost has not ended, unless there are newer ones")
    func lost() {
        let journal = Journal([.start("a"), .close("a", Self.failed)])
        for (stream, count, isKnown) in [
            (StreamName.id("x"), 1, true), (StreamName.id("x"), 2, false),
            (StreamName.id("y"), 9, true), (StreamName.run("x", "a"), 9, true),
        ] {
            var projection = Projection()
            scan(journal.entries, journal.streams, into: &projection)
            stream.withUTF8Span { projection.lost($0, UInt64(count)) }
            #expect(Known(projection).outcome == (isKnown ? 2 : nil))
        }
    }

    @Test("a record of an early version says not how a run ended, and then nothing is known")
    func early() {
        var projection = Projection()
        _ = StreamName.id("x").withUTF8Span { projection.begin($0) }
        IDRecord(.closed, "a").stored().metadata.withRawSpan {
            projection.take(version: 2, $0)
        }
        #expect(!projection.knowsEnded && projection.workflows(.ended, after: nil, limit: 1) == nil)
    }

    @Test("more workflows that have ended than are kept: none is known, and the rest goes on")
    func tooMany() throws {
        func add(_ count: Int, to projection: inout Projection) {
            for number in 0..<count {
                let run = EndedRun(version: 2, runHash: 1, type: 0, outcome: 1)
                "w\(number)".withUTF8Span { projection.ended.ended($0, run, labels: []) }
            }
        }
        for (most, count) in [(0, 0), (0, 1), (2, 2), (2, 3), (2_000, 2_001)] {
            var projection = Projection(endedMost: most)
            _ = projection.type("T")
            projection.endings = [.init(type: 0, outcome: 1): count]
            add(count, to: &projection)
            let isKnown = most > 0 && count <= most
            #expect(projection.knowsEnded == isKnown && projection.ended.isOff != isKnown)
            #expect(projection.ended.table.count == (isKnown ? count : 0))
            #expect(projection.endedCounts(.ended)?[.completed] ?? 0 == count)
            #expect((projection.workflows(.ended, after: nil, limit: 9) != nil) == isKnown)
            // A file that has them all gives all, or none to who wants fewer.
            for wanted in [0, 1, 2, 3, 2_000, 5_000] {
                let read = try ProjectionFileTests.read(projection, endedMost: wanted)
                #expect(read?.knowsEnded == (isKnown && wanted >= max(1, count)))
                #expect(read?.endedCounts(.ended)?[.completed] ?? 0 == count)
            }
        }
        var projection = Projection()
        projection.doubtful = ["x"]
        #expect(!projection.knowsEnded && projection.endedCounts(.ended) == [:])
        var wish = Projection.Wish.ended
        wish.prefix = [1]
        #expect(projection.endedCounts(wish) == nil)
    }

    private func permutations(_ names: [String]) -> [[String]] {
        guard names.count > 1 else { return [names] }
        return names.indices.flatMap { index in
            var rest = names
            let first = rest.remove(at: index)
            return permutations(rest).map { [first] + $0 }
        }
    }
}
