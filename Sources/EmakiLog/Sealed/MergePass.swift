import EmakiPlatform

/// One walk through the inputs of a merge, and what it wrote.
final class MergePass {
    private let merge: SealedMerge
    private let drops: SealedDrops
    private let files: any FileSystem
    private var walks: [SealedWalk]
    /// Made at the first event that stays.
    private var file: (any File)?
    private var writer: SealedFileWriter?

    private var seenCount = 0
    private static let seenPerPause = 1_024

    /// Of each input.
    private(set) var seen: [SealedMerge.Tally]
    private(set) var dropped = SealedMerge.Tally()

    init(
        _ merge: SealedMerge, _ drops: SealedDrops, _ files: any FileSystem
    ) throws(LogError) {
        self.merge = merge
        self.drops = drops
        self.files = files
        seen = merge.inputs.map { _ in SealedMerge.Tally() }
        var walks: [SealedWalk] = []
        for input in merge.inputs {
            walks.append(
                try LogError.translating(input.pages.path) { () throws(DiskError) in
                    try SealedWalk(input, among: merge.inputs.count)
                })
        }
        self.walks = walks
    }

    /// Takes every stream of every input.
    /// - Returns: false if it was to stop.
    func run(_ goesOn: () -> Bool) throws(LogError) -> Bool {
        for index in walks.indices { try walks[index].advance() }
        while let id = lowestID() {
            guard try takeStream(id, goesOn) else { return false }
        }
        return true
    }

    /// The first id of those that the walks are at.
    private func lowestID() -> [UInt8]? {
        var lowest: [UInt8]?
        for walk in walks where walk.event != nil {
            guard let found = lowest else {
                lowest = walk.id
                continue
            }
            if walk.id.order(against: found) < 0 { lowest = walk.id }
        }
        return lowest
    }

    /// Takes what all inputs have of a stream. A walk that has no event is at no id.
    private func takeStream(_ id: [UInt8], _ goesOn: () -> Bool) throws(LogError) -> Bool {
        let hash = id.withRawSpan { StableHash.hash($0) }
        var newest = StreamVersion.none
        for walk in walks where walk.id == id {
            newest = max(newest, try walk.file.stream(walk.stream).lastVersion)
        }
        let extent = id.withRawSpan { drops.extent($0, newest) }
        var isBegun = false
        var version = StreamVersion.none
        for index in walks.indices where walks[index].id == id {
            let number = walks[index].stream
            while walks[index].stream == number, let event = walks[index].event {
                guard event.version > version else {
                    throw walks[index].file.nonsense(stream: number, "versions of a stream")
                }
                version = event.version
                let digest = event.digest(stream: hash)
                seen[index].add(digest)
                seenCount += 1
                if drops.drops(event, extent) {
                    dropped.add(digest)
                    // Where nothing is written, it goes on no less.
                    if seenCount % Self.seenPerPause == 0, !goesOn() { return false }
                } else {
                    let before = writer?.footer.chunkCount ?? 0
                    try LogError.translating(merge.path) { () throws(DiskError) in
                        try write(event, digest, of: isBegun ? nil : id)
                    }
                    isBegun = true
                    if writer?.footer.chunkCount != before, !goesOn() { return false }
                }
                try walks[index].advance()
            }
        }
        return true
    }

    /// - Parameter id: of the stream, if this is its first event.
    private func write(
        _ event: SealedChunk.Event, _ digest: UInt64, of id: [UInt8]?
    ) throws(DiskError) {
        let writer = try takeWriter()
        if let id {
            try id.withRawSpan { (bytes: RawSpan) throws(DiskError) in
                try writer.beginStream(bytes)
            }
        }
        try writer.add(event, digest: digest)
    }

    private func takeWriter() throws(DiskError) -> SealedFileWriter {
        if let writer { return writer }
        let path = merge.temporaryPath
        if try files.kind(of: path) != nil { try files.remove(path) }
        let file = try files.open(path, OpenMode(.mustBeNew, direct: merge.options.isDirect))
        self.file = file
        let footers = merge.inputs.map(\.footer)
        let start = footers.first?.positions.lowerBound ?? .start
        let writer = try SealedFileWriter(
            file: file, storeID: merge.storeID, number: merge.number,
            positions: start..<(footers.last?.positions.upperBound ?? start),
            lastGroup: footers.map(\.lastGroup).max() ?? 0, options: merge.options)
        self.writer = writer
        return writer
    }

    /// Ends the file, if there is one, and holds its count and digest against those of the inputs:
    /// what was seen, and is neither written nor listed as dropped, was lost here.
    func finish() throws(LogError) -> SealedFooter? {
        guard let writer else { return nil }
        try LogError.translating(merge.path) { () throws(DiskError) in try writer.endStream() }
        try addGroups(to: writer)
        let footer = try LogError.translating(merge.path) { () throws(DiskError) in
            try writer.finish()
        }
        let all = seen.reduce(into: SealedMerge.Tally()) {
            $0.eventCount += $1.eventCount
            $0.digest &+= $1.digest
        }
        guard footer.eventCount == all.eventCount - dropped.eventCount,
            footer.digest == all.digest &- dropped.digest
        else {
            throw .corrupt(
                Corruption(
                    file: merge.path, fileOffset: 0, reason: .badBatch,
                    evidence: "it has other events than the files that it was made from"))
        }
        return footer
    }

    /// Commits without an event go: nobody can ask for them.
    private func addGroups(to writer: SealedFileWriter) throws(LogError) {
        for input in merge.inputs {
            for index in 0..<input.groupCount {
                let positions = try input.positions(ofGroup: index)
                guard writer.hasEvents(in: positions) else { continue }
                let instant = try input.group(index).instant
                try LogError.translating(merge.path) { () throws(DiskError) in
                    try writer.addGroup(at: positions.lowerBound, instant: instant)
                }
            }
        }
    }

    func close() { file?.close() }
}
