import EmakiPlatform

/// Makes one sealed file of several neighbours, off the commit path: planned under the log's lock,
/// run without it. As `Sealing`, with `SealedMerge` for its first steps.
package struct Merging: Sendable {
    /// What was made.
    package struct Made: Sendable {
        /// Nil if nothing was left to keep.
        let file: SealedFile?
        let entry: SealedEntry?
        package var fileBytes = 0
        /// Events that were left out, because they are removed.
        package var droppedCount = 0
    }

    let inputs: [SealedFile]
    let number: UInt64
    let tier: UInt8
    let storeID: Bits128
    /// Some stream has lost something.
    let hasRemovals: Bool

    /// - Parameters:
    ///   - removed: what nobody sees of a stream any more, and is left out.
    ///   - goesOn: called now and then; it may take its time, and false ends the merge.
    /// - Throws: `.corrupt`, `.noSpace`, `.disk`; `.closed` if it was ended. Nothing has changed
    ///   then.
    package func run(
        in files: any FileSystem, removed: @escaping (StreamID) -> StreamVersion,
        goesOn: () -> Bool = { true }
    ) throws(LogError) -> Made {
        let positions =
            inputs[0].footer.positions
            .lowerBound..<inputs[inputs.count - 1].footer.positions.upperBound
        var entry = SealedEntry(
            number: number, positions: positions, footerChecksum: 0, tier: tier)
        let merge = SealedMerge(
            inputs: inputs, number: number, storeID: storeID, path: entry.path,
            temporaryPath: entry.temporaryPath, folder: StoreFolder.sealed)
        let drops = SealedDrops(
            extent: { id, _ in
                guard let text = String(validating: id) else { return .nothing }
                let through = removed(StreamID(checked: text))
                return through == .none ? .nothing : .before(StreamVersion(through.rawValue + 1))
            }, contains: { _ in false })
        switch try merge.run(dropping: hasRemovals ? drops : .nothing, in: files, goesOn: goesOn) {
        case .stopped: throw .closed
        case .nothingLeft(let dropped):
            return Made(file: nil, entry: nil, droppedCount: dropped.eventCount)
        case .merged(let file, let dropped):
            entry.footerChecksum = try LogError.translating(entry.path) { () throws(DiskError) in
                try file.footer.checksum()
            }
            return Made(
                file: file, entry: entry, fileBytes: file.footer.fileBytes,
                droppedCount: dropped.eventCount)
        }
    }
}
