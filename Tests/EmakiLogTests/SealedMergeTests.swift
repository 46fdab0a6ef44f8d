import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite("Merging sealed files")
struct SealedMergeTests {
    static let shapes: [MergeSample.Shape] = {
        var one = MergeSample.Shape(partCount: 1)
        one.eventCount = 50
        let pair = MergeSample.Shape(partCount: 2, streamCount: 1, eventCount: 300)
        let many = MergeSample.Shape(partCount: 9, streamCount: 90, eventCount: 900)
        let sparse = MergeSample.Shape(partCount: 4, streamCount: 90, eventCount: 40)
        let large = MergeSample.Shape(
            partCount: 3, streamCount: 6, eventCount: 60, payloadBytesMax: 5_000,
            isCompressible: false)
        return [MergeSample.Shape(), one, pair, many, sparse, large]
    }()

    @Test("all events of all files are in the new one, each where it belongs", arguments: shapes)
    func keepsAll(_ shape: MergeSample.Shape) throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let sample = try MergeSample(seed: seed, shape)
            let (file, dropped) = try merged(sample.merge(level: seed == 2 ? 4 : nil), sample)
            #expect(dropped == SealedMerge.Tally())
            try expect(file, holds: sample.events, of: sample)
            #expect(file.footer.number == 99)
            #expect(file.footer.lastGroup == UInt64(shape.partCount - 1) * 10 + 7)
            expectInputsUntouched(sample, besides: [MergeSample.mergedPath])
        }
    }

    @Test("what is dropped is gone, the rest is there, and both are counted", arguments: shapes)
    func drops(_ shape: MergeSample.Shape) throws {
        for seed in 1...4 as ClosedRange<UInt64> {
            let sample = try MergeSample(seed: seed, shape)
            let plan = DropPlan(sample, SeededEntropy(seed: seed))
            let merge = try sample.merge()
            let outcome = try merge.run(dropping: plan.drops, in: sample.files)
            let left = sample.events.filter { !plan.drops($0.stream, $0.event) }
            if left.isEmpty {
                guard case .nothingLeft(let dropped) = outcome else {
                    Issue.record("\(outcome)")
                    continue
                }
                #expect(dropped.eventCount == sample.events.count)
                continue
            }
            guard case .merged(let file, let dropped) = outcome else {
                Issue.record("\(outcome)")
                continue
            }
            try expect(file, holds: left, of: sample)
            #expect(dropped.eventCount == sample.events.count - left.count)
            let all = merge.inputs.reduce(0 as UInt64) { $0 &+ $1.footer.digest }
            #expect(file.footer.digest &+ dropped.digest == all)
            expectInputsUntouched(sample, besides: [MergeSample.mergedPath])
        }
    }

    @Test("where everything is dropped no file is made, and the drops are counted")
    func nothingLeft() throws {
        let sample = try MergeSample(seed: 5)
        let merge = try sample.merge()
        let drops = SealedDrops(extent: { _, _ in .everything }, contains: { _ in false })
        guard case .nothingLeft(let dropped) = try merge.run(dropping: drops, in: sample.files)
        else {
            Issue.record("something is left")
            return
        }
        #expect(dropped.eventCount == sample.events.count)
        #expect(dropped.digest == merge.inputs.reduce(0) { $0 &+ $1.footer.digest })
        expectInputsUntouched(sample)
    }

    @Test("commits without an event are not listed; the others keep their instants")
    func commits() throws {
        let sample = try MergeSample(seed: 6)
        let (all, _) = try merged(sample.merge(), sample)
        let kept = Set(sample.events.prefix(100).map(\.event.position))
        let drops = SealedDrops(
            extent: { _, _ in .nothing }, contains: { !kept.contains($0.position.rawValue) })
        let outcome = try sample.merge(to: "sealed/few").run(dropping: drops, in: sample.files)
        guard case .merged(let few, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        let used = Set(
            sample.events.map { event in
                sample.groups.last { $0.position <= event.event.position }?.position
            })
        #expect(all.groupCount == used.count)
        #expect(all.groupCount < sample.groups.count)
        #expect(few.groupCount < all.groupCount / 2)
        try expect(few, holds: Array(sample.events.prefix(100)), of: sample)
    }

    @Test("merging in steps makes the same bytes as merging at once")
    func steps() throws {
        for seed in 1...3 as ClosedRange<UInt64> {
            let sample = try MergeSample(seed: seed, .init(partCount: 4))
            _ = try merged(sample.merge(), sample)
            let inputs = try sample.paths.map { try sample.open($0) }
            let (first, _) = try merged(
                sample.merge(Array(inputs[0...1]), to: "sealed/a"), sample)
            let (second, _) = try merged(
                sample.merge(Array(inputs[2...3]), to: "sealed/b"), sample)
            _ = try merged(sample.merge([first, second], to: "sealed/c"), sample)
            let isSame = sample.files["sealed/c"] == sample.files[MergeSample.mergedPath]
            #expect(isSame, "seed \(seed)")
        }
    }

    @Test("a stream that fits into a chunk is not cut, though nobody knew its size before")
    func clustering() throws {
        let shape = MergeSample.Shape(partCount: 5, streamCount: 90, eventCount: 900)
        let sample = try MergeSample(seed: 7, shape)
        let (file, _) = try merged(sample.merge(), sample)
        var cut = 0
        for number in 0..<file.footer.streamCount {
            let stream = try file.stream(number)
            let last = try file.chunk(ofOrdinal: stream.ordinals.upperBound - 1)
            #expect(try file.chunk(ofOrdinal: stream.ordinals.lowerBound) == stream.firstChunk)
            var bytes = 0
            try file.visit(stream, from: .first) {
                bytes += $0.contentBytes + 40
                return true
            }
            if bytes < shape.chunkBytes { #expect(last == stream.firstChunk) } else { cut += 1 }
        }
        #expect(cut > 0)
        let content = sample.events.reduce(0) { $0 + $1.event.payload.count }
        #expect(file.footer.chunkCount * shape.chunkBytes > content)
    }

    @Test("files that do not follow one another, or none, are not merged")
    func order() throws {
        let sample = try MergeSample(seed: 8)
        let inputs = try sample.paths.map { try sample.open($0) }
        #expect(SealedMerge.canMerge(inputs))
        #expect(SealedMerge.canMerge([inputs[0], inputs[2]]))
        #expect(!SealedMerge.canMerge([inputs[1], inputs[0]]))
        #expect(!SealedMerge.canMerge([inputs[0], inputs[0]]))
        #expect(!SealedMerge.canMerge([]))
    }

    // MARK: Parts

    /// What some streams and positions lose, at random.
    private struct DropPlan {
        var extents: [UInt64: SealedDrops.Extent] = [:]
        var positions: Set<UInt64> = []

        init(_ sample: MergeSample, _ random: SeededEntropy) {
            for (id, events) in MergeSample.byStream(sample.events) {
                let hash = id.withUTF8Span { StableHash.hash($0) }
                switch random.below(4) {
                case 0: extents[hash] = .everything
                case 1:
                    let event = events[random.below(events.count)]
                    extents[hash] = .before(StreamVersion(event.version))
                default: break
                }
            }
            for (_, event) in sample.events where random.below(10) == 0 {
                positions.insert(event.position)
            }
        }

        var drops: SealedDrops {
            SealedDrops(
                extent: { id, _ in extents[StableHash.hash(id)] ?? .nothing },
                contains: { positions.contains($0.position.rawValue) })
        }

        /// The same in other words.
        func drops(_ stream: String, _ event: MergeSample.Event) -> Bool {
            if positions.contains(event.position) { return true }
            switch extents[stream.withUTF8Span { StableHash.hash($0) }] {
            case .everything: return true
            case .before(let version): return event.version < version.rawValue
            case .nothing, nil: return false
            }
        }
    }

    private func merged(
        _ merge: SealedMerge, _ sample: MergeSample
    ) throws -> (SealedFile, SealedMerge.Tally) {
        guard case .merged(let file, let dropped) = try merge.run(in: sample.files) else {
            throw DiskError(.open, 0)
        }
        return (file, dropped)
    }

    private func expect(
        _ file: SealedFile, holds events: [(stream: String, event: MergeSample.Event)],
        of sample: MergeSample
    ) throws {
        let streams = MergeSample.byStream(events)
        let found = try sample.read(file)
        #expect(found.map(\.id) == streams.map(\.id))
        let isSame = zip(found, streams).allSatisfy { $0.events == $1.events }
        #expect(isSame)
        #expect(file.footer.eventCount == events.count)
        let held = Dictionary(uniqueKeysWithValues: events.map { ($0.event.position, $0) })
        let positions = file.footer.positions
        #expect(positions.lowerBound.rawValue == 100)
        for position in positions.lowerBound.rawValue..<positions.upperBound.rawValue {
            let found = try file.event(at: Position(position)) { number, event in
                (number, MergeSample.Event(event))
            }
            #expect(found?.1 == held[position]?.event)
            guard let found else { continue }
            #expect(streams[found.0].id == held[position]?.stream)
            let group = sample.groups.last { $0.position <= position }
            #expect(try file.commitInstant(of: Position(position)) == group?.instant)
        }
        #expect(try file.check().repairedCount == 0)
    }

    private func expectInputsUntouched(_ sample: MergeSample, besides made: Set<String> = []) {
        let left = sample.files.contents.filter { !made.contains($0.key) }
        #expect(left == sample.contents)
    }
}
