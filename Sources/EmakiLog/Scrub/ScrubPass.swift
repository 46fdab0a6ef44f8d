import EmakiPlatform

/// One walk through all sealed files, piece by piece, as the device has them. For one thread at a
/// time, which decides when the next piece is due.
///
/// Pages are read with direct I/O where the disk has it: so a page that is sound in the page cache
/// and bad on the device is found, and what readers have in the cache stays there.
final class ScrubPass {
    /// What a piece came to.
    struct Outcome {
        var bytes = 0
        /// Where pages were damaged that are whole now.
        var repairs: [(file: String, fileOffset: Int)] = []
        /// What is damaged beyond its parity.
        var damages: [ScrubDamage] = []
        /// The last piece of a file.
        var endsFile = false
    }

    private var walk: ScrubWalk
    private var extents: [ScrubWalk.Extent]
    private var sealed: SealedSet
    private let files: any FileSystem
    private var open: ScrubReader?

    /// - Parameter random: decides where the pass begins.
    init(over sealed: SealedSet, in files: any FileSystem, random: UInt64) {
        extents = sealed.files.map { ScrubWalk.Extent($0.footer) }
        walk = ScrubWalk(extents, random: random)
        self.sealed = sealed
        self.files = files
    }

    /// Looks at the next piece.
    /// - Parameter sealed: the files as they are now; nil: as they were.
    /// - Returns: nil once the pass is over.
    /// - Throws: `.disk` and the like; damage is an outcome.
    func step(over now: SealedSet? = nil) throws(LogError) -> Outcome? {
        let sealed = now ?? sealed
        if sealed !== self.sealed {
            self.sealed = sealed
            extents = sealed.files.map { ScrubWalk.Extent($0.footer) }
        }
        guard let (index, piece) = walk.next(in: extents) else { return nil }
        let reader = try reader(of: sealed.files[index])
        var outcome = Outcome()
        outcome.endsFile = piece == .footers
        try reader?.check(piece, &outcome)
        return outcome
    }

    /// - Returns: nil if the file has just been removed: a merge was faster.
    private func reader(of file: SealedFile) throws(LogError) -> ScrubReader? {
        if let open, open.file === file { return open }
        open = nil
        open = try ScrubReader(file, in: files)
        return open
    }
}
