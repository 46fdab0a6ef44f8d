import EmakiPlatform

/// Makes one sealed file of several neighbours, off the commit path: planned under the log's lock,
/// run without it. As `Sealing`, with `SealedMerge` for its first steps.
package final class Merging: @unchecked Sendable {
    /// What was made.
    package struct Made: Sendable {
        /// Nil if nothing was left to keep.
        let file: SealedFile?
        let entry: SealedEntry?
        package var fileBytes = 0
        /// Events that were left out, because they are removed.
        package var droppedCount = 0
    }

    /// Empty once the merge is done: a removed file takes space as long as somebody has it open.
    /// Changed when nobody runs the merge any more.
    private(set) var inputs: [SealedFile]
    let number: UInt64
    let tier: UInt8
    let storeID: Bits128
    private let isDirect: Bool
    /// What streams had lost when they were planned, as far as it is sealed: a removal that is only
    /// in a segment may still be lost with it, and then its events must be here.
    let removals: RemovalFile?
    /// Something in the inputs may have been removed.
    let givesSpaceBack: Bool

    init(
        inputs: [SealedFile], number: UInt64, tier: UInt8, storeID: Bits128, isDirect: Bool,
        removals: RemovalFile?, givesSpaceBack: Bool
    ) {
        self.inputs = inputs
        self.number = number
        self.tier = tier
        self.storeID = storeID
        self.isDirect = isDirect
        self.removals = removals
        self.givesSpaceBack = givesSpaceBack
    }

    /// Closes the inputs that nobody else has.
    func letGo() { inputs = [] }

    /// What the new file takes at most.
    var byteCountMax: Int { inputs.reduce(0) { $0 + $1.footer.fileBytes } }

    /// - Parameters:
    ///   - goesOn: called now and then; it may take its time, and false ends the merge.
    /// - Throws: `.corrupt`, `.noSpace`, `.disk`; `.closed` if it was ended. Nothing has changed
    ///   then.
    func run(
        in files: any FileSystem, goesOn: () -> Bool = { true }
    ) throws(LogError) -> Made {
        let extents = try removals?.read(in: files, storeID: storeID).extents ?? [:]
        var inputs = inputs
        var droppedCount = 0
        // Their index says so; of their events not one is read.
        for (place, input) in inputs.enumerated().reversed()
        where try input.isRemoved(by: extents) {
            droppedCount += input.footer.eventCount
            inputs.remove(at: place)
        }
        guard let first = inputs.first, let last = inputs.last else {
            return Made(file: nil, entry: nil, droppedCount: droppedCount)
        }
        let positions = first.footer.positions.lowerBound..<last.footer.positions.upperBound
        var entry = SealedEntry(
            number: number, positions: positions, footerChecksum: 0, tier: tier)
        let merge = SealedMerge(
            inputs: inputs, number: number, storeID: storeID, path: entry.path,
            temporaryPath: entry.temporaryPath, folder: StoreFolder.sealed,
            options: SealedMerge.options(isDirect: isDirect))
        switch try merge.run(dropping: drops(extents), in: files, goesOn: goesOn) {
        case .stopped: throw .closed
        case .nothingLeft(let dropped):
            return Made(file: nil, entry: nil, droppedCount: droppedCount + dropped.eventCount)
        case .merged(let file, let dropped):
            entry.footerChecksum = try LogError.translating(entry.path) { () throws(DiskError) in
                try file.footer.checksum()
            }
            return Made(
                file: file, entry: entry, fileBytes: file.footer.fileBytes,
                droppedCount: droppedCount + dropped.eventCount)
        }
    }

    /// What nobody sees any more: removed events, and all snapshots of a stream but the newest one
    /// that can be used.
    private func drops(_ extents: [StreamID: Removals.Extent]) -> SealedDrops {
        var holdsSnapshots = false
        return SealedDrops(
            extent: { id, newest in
                holdsSnapshots = SnapshotStream.isSnapshots(id)
                if holdsSnapshots { return .before(newest) }
                guard let text = String(validating: id),
                    let extent = extents[StreamID(checked: text)]
                else { return .nothing }
                return .before(StreamVersion(extent.through.rawValue + 1))
            },
            contains: { event in
                guard holdsSnapshots else { return false }
                let owner = event.memory.withBytes(in: event.metadataRange) {
                    SnapshotStream.owner($0)
                }
                guard let owner, let extent = extents[owner.stream] else { return false }
                return !extent.leaves(snapshotAt: owner.version)
            })
    }
}

extension SealedFile {
    /// Whether every event was removed. The index alone is asked, up to the first stream of which
    /// something is left; snapshots count as left, because only their events say whose they are.
    func isRemoved(by extents: [StreamID: Removals.Extent]) throws(LogError) -> Bool {
        for number in 0..<footer.streamCount {
            let newest = try stream(number).lastVersion
            let through = try withID(number) { (id: RawSpan) -> StreamVersion in
                guard let text = String(validating: id) else { return .none }
                return extents[StreamID(checked: text)]?.through ?? .none
            }
            guard newest <= through else { return false }
        }
        return true
    }
}
