import EmakiWorkflow

// One promise each. See `HistoryStoreConformance.Check`.
extension ConformanceBench {
    mutating func nothingIsThere() async throws {
        let (found, token) = try await read("nowhere")
        try require(found.isEmpty && token == nil, "a stream that was never written has something")
        let names = try await streams("")
        try require(names.isEmpty, "streams in an empty store: \(names)")
    }

    mutating func committedIsRead() async throws {
        var all = events(1, payload: [])
        all += events(1, payload: Array(0...255))
        all += events(3)
        let tokens = try await stored(commit("a", nil, Array(all.prefix(2))))
        try await stored(commit("a", tokens[0], Array(all.dropFirst(2))))
        try await holds("a", all)
    }

    mutating func pagesJoin() async throws {
        let all = events(10)
        var token: VersionToken?
        for event in all { token = try await stored(commit("a", token, [event]))[0] }
        let payloads = all.map(\.payload)
        for limit in 1...11 {
            for index in 0...10 {
                let found = try await read("a", from: index, limit: limit).events.map(\.payload)
                try require(
                    found == Array(payloads.dropFirst(index)), "from \(index), \(limit) at a time")
            }
        }
    }

    mutating func tokensAgree() async throws {
        var token: VersionToken?
        for count in 1...3 {
            token = try await stored(commit("a", token, events(count)))[0]
            let found = try await read("a").token
            try require(found == token, "a read gives another token than the commit")
        }
        // The token of a page is that of its last event, so that it can be expected.
        let end = try await read("a", from: 6).token
        try require(end == token, "a read at the end gives another token")
    }

    mutating func oldTokensConflict() async throws {
        let old = try await stored(commit("a", nil, events(1)))[0]
        let more = events(2)
        let new = try await stored(commit("a", old, more))[0]
        try await conflicts(commit("a", old, events(1)), "an older place")
        try await conflicts(commit("a", nil, events(1)), "no place, of a stream that is written")
        let count = try await read("a").events.count
        try require(count == 3, "a refused commit was stored")
        try await stored(commit("a", new, events(1)))
    }

    mutating func missingStreamConflicts() async throws {
        let token = try await stored(commit("a", nil, events(1)))[0]
        try await conflicts(commit("b", token, events(1)), "a place in a stream without events")
        try await holds("b", [])
    }

    mutating func severalAtOnce() async throws {
        let (left, right) = (events(2), events(3))
        let tokens = try await stored(
            commit([
                Part(stream: "a", expecting: nil, events: left),
                Part(stream: "b", expecting: nil, events: right),
            ]))
        let (more, other) = (events(1), events(1))
        try await stored(
            commit([
                Part(stream: "b", expecting: tokens[1], events: more),
                Part(stream: "c", expecting: nil, events: other),
                Part(stream: "a", expecting: tokens[0], events: other),
            ]))
        try await holds("a", left + other)
        try await holds("b", right + more)
        try await holds("c", other)
    }

    mutating func severalOrNone() async throws {
        let start = events(1)
        let token = try await stored(commit("a", nil, start))[0]
        for place in 0..<3 {
            var parts = ["b", "c"].map { Part(stream: $0, expecting: nil, events: events(1)) }
            parts.insert(
                Part(stream: "a", expecting: nil, events: events(1)), at: place)
            try await conflicts(commit(parts), "a commit of which one stream is elsewhere")
            try await holds("a", start)
            try await holds("b", [])
            try await holds("c", [])
        }
        try await stored(commit("a", token, events(1)))
    }

    mutating func repeatedIsStoredOnce() async throws {
        let (left, right) = (events(2), events(1))
        let both = commit([
            Part(stream: "a", expecting: nil, events: left),
            Part(stream: "b", expecting: nil, events: right),
        ])
        let tokens = try await stored(both)
        for _ in 1...3 {
            let again = try await stored(both)
            try require(again == tokens, "a repeated commit gets other tokens")
        }
        try await holds("a", left)
        try await holds("b", right)
    }

    mutating func repeatedLaterIsStoredOnce() async throws {
        let (one, two, three) = (events(1), events(2), events(1))
        let first = commit("a", nil, one)
        let token = try await stored(first)[0]
        let second = commit("a", token, two)
        let next = try await stored(second)[0]
        try await stored(commit("a", next, three))
        try await stored(commit("b", nil, events(1)))
        let again = [try await stored(first)[0], try await stored(second)[0]]
        try require(again == [token, next], "a commit that is repeated later gets other tokens")
        try await holds("a", one + two + three)
    }

    mutating func otherBytesConflict() async throws {
        let event = events(1)
        try await stored(commit("a", nil, event))
        var other = event
        other[0].payload = Array("something else".utf8)
        try await conflicts(commit("a", nil, other), "another payload under the same id")
        other = event
        other[0].metadata = [1]
        try await conflicts(commit("a", nil, other), "other metadata under the same id")
        try await holds("a", event)
    }

    mutating func newOwnerFences() async throws {
        let before = events(1)
        let old = commit("a", nil, before)
        let token = try await stored(old)[0]
        let rival = try await claimed(by: second)
        try require(rival != epoch, "two owners of one epoch")
        for late in [commit("a", token, events(1)), old, commit("b", nil, events(1))] {
            let answer = try await answer(late)
            guard case .fenced = answer else {
                throw broken("a commit of an owner that was replaced is answered \(answer)")
            }
        }
        let after = events(1)
        try await stored(commit("a", token, after, epoch: rival), by: second)
        try await holds("a", before + after)
        try await holds("b", [])
        if first.capabilities.removesStreams {
            do {
                _ = try await removed("a", expecting: nil)
                throw broken("an owner that was replaced removes a stream")
            } catch WorkflowError.fenced {
                try await holds("a", before + after)
            }
        }
        // The first one comes back, and now the second is too late.
        try await claim()
        let answer = try await answer(commit("b", nil, events(1), epoch: rival), by: second)
        guard case .fenced = answer else {
            throw broken("the rival that was replaced itself is answered \(answer)")
        }
        try await stored(commit("b", nil, events(1)))
    }

    mutating func oneOfManyWins() async throws {
        var token: VersionToken?
        var winners: [Event] = []
        for _ in 0..<8 {
            let rivals = (0..<6).map { _ in events(1) }
            let (bench, place) = (self, token)
            let answers = try await withThrowingTaskGroup(of: (Int, CommitAnswer).self) { group in
                for (index, events) in rivals.enumerated() {
                    group.addTask {
                        (index, try await bench.answer(bench.commit("a", place, events)))
                    }
                }
                return try await group.reduce(into: [Int: CommitAnswer]()) { $0[$1.0] = $1.1 }
            }
            var won: [Int] = []
            for (index, answer) in answers {
                switch answer {
                case .committed(let tokens):
                    won.append(index)
                    token = tokens[0]
                case .conflict: break
                default: throw broken("a commit that came too late is answered \(answer)")
                }
            }
            try require(won.count == 1, "\(won.count) commits that expect one place are stored")
            winners += rivals[won[0]]
        }
        try await holds("a", winners)
    }

    mutating func streamsAreListed() async throws {
        let names = ["run/a", "run/b", "run/b/1", "run/ä", "workflow/a", "workflow/z"]
        for name in names.reversed() { try await stored(commit(name, nil, events(1))) }
        let runs = try await streams("run/")
        try require(runs == Array(names.prefix(4)), "streams that start with run/: \(runs)")
        let all = try await streams("")
        try require(all == names, "all streams: \(all)")
        let later = try await streams("run/", after: "run/b", limit: 1)
        try require(later == ["run/b/1"], "one after run/b: \(later)")
        let last = try await streams("workflow/", after: "workflow/z")
        try require(last.isEmpty, "after the last: \(last)")
    }

    mutating func limitsAreHeld() async throws {
        let limits = first.capabilities
        try require(
            limits.eventsPerCommitMax > 0 && limits.payloadBytesMax > 0
                && limits.commitBytesMax >= limits.payloadBytesMax, "limits make no sense")
        let many = events(limits.eventsPerCommitMax, payload: [1])
        if many.count * 200 <= limits.commitBytesMax {
            try await stored(commit("many", nil, many))
            try await holds("many", many)
        }
        let payload = [UInt8](repeating: 0xa5, count: min(limits.payloadBytesMax, 4 << 20))
        let large = events(1, payload: payload)
        try await stored(commit("large", nil, large))
        try await holds("large", large)
    }

    mutating func readsAreCurrent() async throws {
        var token: VersionToken?
        var all: [Event] = []
        for count in 1...20 {
            let more = events(1)
            token = try await stored(commit("a", token, more))[0]
            all += more
            let found = try await read("a", by: second)
            try require(
                found.events.count == count && found.token == token,
                "after \(count) commits a read sees \(found.events.count) events")
        }
        try await holds("a", all)
    }

    mutating func removedIsGone() async throws {
        guard first.capabilities.removesStreams else { return }
        let old = try await stored(commit("a", nil, events(3)))[0]
        let kept = events(1)
        try await stored(commit("ab", nil, kept))
        let token = try await stored(commit("a", old, events(2)))[0]
        let isElsewhere = try await removed("a", expecting: old)
        let count = try await read("a").events.count
        try require(!isElsewhere && count == 5, "a stream was removed that is elsewhere")
        for _ in 1...2 {
            let isGone = try await removed("a", expecting: token)
            try require(isGone, "a stream was not removed where it was expected")
            let (found, end) = try await read("a")
            try require(found.isEmpty && end == token, "a removed stream has events, or no token")
            let names = try await streams("")
            try require(names == ["ab"], "a removed stream is listed: \(names)")
        }
        try await holds("ab", kept)
        try await conflicts(commit("a", nil, events(1)), "no place, of a stream that was removed")
        let again = events(4)
        var next: VersionToken? = token
        for event in again { next = try await stored(commit("a", next, [event]))[0] }
        for limit in 1...5 {
            let found = try await read("a", limit: limit).events.map(\.payload)
            try require(found == again.map(\.payload), "after a removal, \(limit) at a time")
        }
        let isGone = try await removed("a", expecting: nil)
        try require(isGone, "a stream was not removed wherever it was")
        let names = try await streams("")
        try require(names == ["ab"], "a removed stream is listed: \(names)")
    }
}
