import EmakiPlatform

/// Makes one sealed file of several whose positions follow one another.
///
/// A walk through all inputs at once, in the order of stream ids and versions: what a stream has in
/// them comes to lie in one place. Memory: what the writer needs, and a chunk for each input.
///
/// Order, so that a crash at any point leaves the inputs or the new file:
/// 1. events are written under a temporary name, and synced;
/// 2. the file is read back past the page cache: its pages, order, count and the digest of its
///    events must be those of the inputs without what was dropped;
/// 3. it gets its name, and the folder is synced.
///
/// The inputs are not touched, but for pages that their parity rebuilds. Listing the new file
/// instead of them, and removing them, is the caller's.
struct SealedMerge {
    /// Some events, whatever their order.
    struct Tally: Equatable {
        var eventCount = 0
        /// Sum of `SealedChunk.Event.digest`.
        var digest: UInt64 = 0

        /// - Parameter digest: of an event.
        mutating func add(_ digest: UInt64) {
            eventCount += 1
            self.digest &+= digest
        }
    }

    /// How a merge ended, if not with an error.
    enum Outcome {
        /// The new file, open, has its name.
        case merged(SealedFile, dropped: Tally)
        /// Everything was dropped, and there is no file.
        case nothingLeft(dropped: Tally)
        /// `goesOn` said no; nothing is left behind.
        case stopped
    }

    /// In the order of their positions.
    let inputs: [SealedFile]
    let number: UInt64
    let storeID: Bits128
    /// Where the new file will be, and where it is until it is proven.
    let path: String
    let temporaryPath: String
    /// The folder of both.
    let folder: String
    var options = Self.options(isDirect: false)

    static func options(isDirect: Bool) -> SealedFileWriter.Options {
        SealedFileWriter.Options(level: 4, isDirect: isDirect)
    }

    /// Whether files can be merged: their positions follow one another, and all that they hold fits
    /// into the numbers of one file.
    static func canMerge(_ inputs: [SealedFile]) -> Bool {
        guard let first = inputs.first, let last = inputs.last else { return false }
        let follow = zip(inputs, inputs.dropFirst()).allSatisfy {
            $0.footer.positions.upperBound <= $1.footer.positions.lowerBound
        }
        let start = first.footer.positions.lowerBound.rawValue
        let pageCount = inputs.reduce(0) { $0 + $1.footer.filePageCount }
        let idBytes = inputs.reduce(0) { $0 + $1.footer[.ids].byteCount }
        return follow && last.footer.positions.upperBound.rawValue - start <= UInt64(Int32.max)
            && pageCount <= SealedFooter.pageCountMax / 2 && idBytes <= Int(UInt32.max)
    }

    /// - Parameters:
    ///   - goesOn: called after each chunk that was written, and each MiB that was read back. It
    ///     may take its time; false ends the merge.
    /// - Throws: `.corrupt` with the place if an input is damaged beyond its parity, or if the new
    ///   file is not what was written; `.noSpace`, `.disk`. Nothing is left behind then, unless the
    ///   disk refuses that, too.
    /// - Precondition: `canMerge`.
    func run(
        dropping drops: SealedDrops = .nothing, in files: any FileSystem,
        goesOn: () -> Bool = { true }
    ) throws(LogError) -> Outcome {
        precondition(Self.canMerge(inputs), "files that follow one another and fit into one")
        do throws(LogError) {
            let pass = try MergePass(self, drops, files)
            defer { pass.close() }
            if try pass.run(goesOn) {
                try expectWhole(pass)
                guard let footer = try pass.finish() else {
                    return .nothingLeft(dropped: pass.dropped)
                }
                if let file = try prove(footer, goesOn, in: files) {
                    return .merged(file, dropped: pass.dropped)
                }
            }
        } catch {
            removeLeftovers(in: files)
            throw error
        }
        removeLeftovers(in: files)
        return .stopped
    }

    /// All that the inputs say they have was seen: it was kept or dropped.
    private func expectWhole(_ pass: MergePass) throws(LogError) {
        for (input, seen) in zip(inputs, pass.seen) {
            guard seen == Tally(eventCount: input.footer.eventCount, digest: input.footer.digest)
            else { throw input.nonsense(.chunks, 0, "count or digest of the events") }
        }
    }

    /// Reads the file back, holds it against what it was made from, and names it.
    /// - Returns: nil if it was to stop.
    private func prove(
        _ footer: SealedFooter, _ goesOn: () -> Bool, in files: any FileSystem
    ) throws(LogError) -> SealedFile? {
        let opened = try LogError.translating(path) { () throws(DiskError) in
            try files.open(temporaryPath, OpenMode(.mustExist))
        }
        do throws(LogError) {
            try LogError.translating(path) { () throws(DiskError) in try opened.dropCache() }
            let file = try SealedFile(opened, path: path, storeID: storeID, isWritable: true)
            guard try file.check(goesOn: goesOn) != nil else {
                opened.close()
                return nil
            }
            // The check proved that the events are those of the footer.
            guard file.footer == footer else {
                throw file.nonsense(.chunks, 0, "events that are not those of the inputs")
            }
            try LogError.translating(path) { () throws(DiskError) in
                try files.rename(temporaryPath, to: path)
                try files.syncFolder(folder)
            }
            return file
        } catch {
            opened.close()
            throw error
        }
    }

    /// Nobody lists what was made, so a file that cannot be removed costs space and nothing else.
    private func removeLeftovers(in files: any FileSystem) {
        for name in [temporaryPath, path] {
            do {
                if try files.kind(of: name) != nil { try files.remove(name) }
            } catch {
                // The next merge of this number writes over it.
            }
        }
    }
}
