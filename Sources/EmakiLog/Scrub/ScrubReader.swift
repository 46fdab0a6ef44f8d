import EmakiPlatform

/// A sealed file on the device, and the parity of the group that is being read.
final class ScrubReader {
    private static let pageBytes = PageParity.pageBytes

    let file: SealedFile
    private var pages: SealedPages { file.pages }
    /// Reads past the page cache; nil where that cannot be.
    private var direct: (any File)?
    private let buffer: PageMemory
    /// One page for each stripe of the group.
    private let parity: PageMemory
    /// The group of which the parity is being made; nil if it cannot be: a page of it is damaged.
    private var group: Int?

    /// - Returns: nil if the file has no name any more.
    init?(_ file: SealedFile, in files: any FileSystem) throws(LogError) {
        self.file = file
        do throws(DiskError) {
            direct = try files.open(
                file.pages.path, OpenMode(.mustExist, writable: false, direct: true))
        } catch {
            guard !error.isNotFound else { return nil }
            direct = nil
        }
        do throws(DiskError) {
            buffer = try PageMemory(byteCount: ScrubPiece.bytesMax)
            parity = try PageMemory(byteCount: ScrubPiece.bytesMax)
        } catch {
            direct?.close()
            throw LogError(error, file: file.pages.path)
        }
    }

    deinit { direct?.close() }

    func check(_ piece: ScrubPiece, _ outcome: inout ScrubPass.Outcome) throws(LogError) {
        do throws(LogError) {
            switch piece {
            case .pages(let range): try checkPages(range, &outcome)
            case .parity(let group): try checkParity(group, &outcome)
            case .footers: try checkFooters(&outcome)
            }
        } catch .corrupt(let corruption) {
            note(corruption, &outcome)
        }
    }

    private func note(_ corruption: Corruption, _ outcome: inout ScrubPass.Outcome) {
        group = nil
        outcome.damages.append(
            ScrubDamage(
                corruption: corruption, streams: file.streams(at: corruption.fileOffset)))
    }

    private func checkPages(
        _ range: Range<Int>, _ outcome: inout ScrubPass.Outcome
    ) throws(LogError) {
        if range.lowerBound % PageParity.groupPages == 0 {
            group = range.lowerBound / PageParity.groupPages
            parity.zero(0..<parity.byteCount)
        }
        try read(range)
        outcome.bytes += range.count * Self.pageBytes
        for page in range {
            let offset = (page - range.lowerBound) * Self.pageBytes
            do throws(LogError) {
                try check(page, at: offset, &outcome)
            } catch .corrupt(let corruption) {
                // The others may be mended all the same.
                note(corruption, &outcome)
            }
            let stripe = page % PageParity.stripeCount
            buffer.withBytes(in: offset..<offset + Self.pageBytes) {
                PageParity.mix($0, into: parity, at: stripe * Self.pageBytes)
            }
        }
    }

    /// Checks a page that is in the buffer, and mends it there and on the device.
    private func check(
        _ page: Int, at offset: Int, _ outcome: inout ScrubPass.Outcome
    ) throws(LogError) {
        guard try !pages.matches(buffer, page, at: offset) else { return }
        try pages.mend(page)
        try read(page..<page + 1, at: offset)
        guard try pages.matches(buffer, page, at: offset) else {
            throw pages.corrupt(
                at: (page + 1) * Self.pageBytes, .unreadable,
                "the device does not keep what was written to this page")
        }
        outcome.repairs.append((pages.path, (page + 1) * Self.pageBytes))
    }

    /// Parity that says something else than its pages is written again.
    private func checkParity(
        _ number: Int, _ outcome: inout ScrubPass.Outcome
    ) throws(LogError) {
        // Parity over a damaged page would make the damage final.
        guard group == number else { return }
        let pageCount = pages.footer.coveredPageCount
        let inGroup = PageParity.pages(ofGroup: number, in: pageCount).count
        let used = PageParity.stripes(inGroupOf: inGroup)
        let first = pageCount + number * PageParity.stripeCount
        try read(first..<first + used)
        outcome.bytes += used * Self.pageBytes
        for stripe in 0..<used {
            let place = PageParity.place(ofStripe: stripe, pages: inGroup, used: used)
            let wanted = stripe * Self.pageBytes..<(stripe + 1) * Self.pageBytes
            let isSame = parity.withBytes(in: wanted) {
                buffer.isEqual($0, at: place * Self.pageBytes)
            }
            guard !isSame else { continue }
            let offset = (first + place + 1) * Self.pageBytes
            try pages.mend(at: offset, by: parity, wanted)
            outcome.repairs.append((pages.path, offset))
        }
    }

    /// A footer that does not say what the other says is written again.
    private func checkFooters(_ outcome: inout ScrubPass.Outcome) throws(LogError) {
        let footer = pages.footer
        group = nil
        footer.encode(into: parity, at: 0)
        // Counted like covered pages, which start behind the first footer.
        for page in [-1, footer.filePageCount - 2] {
            try read(page..<page + 1)
            outcome.bytes += Self.pageBytes
            let isSame = parity.withBytes(in: 0..<Self.pageBytes) { buffer.isEqual($0, at: 0) }
            guard !isSame, pages.isWritable else { continue }
            let offset = (page + 1) * Self.pageBytes
            try pages.mend(at: offset, by: parity, 0..<Self.pageBytes)
            outcome.repairs.append((pages.path, offset))
        }
    }

    // MARK: Reading

    /// Reads pages, counted from the first covered one, to the start of the buffer or an offset in
    /// it. What the device does not give is zeros, which match nothing.
    private func read(_ range: Range<Int>, at target: Int = 0) throws(LogError) {
        if try readAtOnce(range, at: target) { return }
        for page in range {
            let offset = target + (page - range.lowerBound) * Self.pageBytes
            if try !readAtOnce(page..<page + 1, at: offset) {
                buffer.zero(offset..<offset + Self.pageBytes)
            }
        }
    }

    /// - Returns: false if the device does not give all of it.
    private func readAtOnce(_ range: Range<Int>, at target: Int) throws(LogError) -> Bool {
        let bytes = target..<target + range.count * Self.pageBytes
        let offset = (range.lowerBound + 1) * Self.pageBytes
        do throws(DiskError) {
            let got = try buffer.withMutableBytes(in: bytes) {
                (bytes: inout MutableRawSpan) throws(DiskError) in
                try (direct ?? pages.file).read(into: &bytes, at: offset)
            }
            return got == bytes.count
        } catch {
            if error.isUnreadable { return false }
            guard let file = direct else { throw LogError(error, file: pages.path) }
            // Direct I/O that does not work here after all.
            file.close()
            direct = nil
        }
        return try readAtOnce(range, at: target)
    }
}

extension SealedPages {
    /// Makes a page whole that is bad on the device: by what the page cache still has of it, or
    /// else by its parity.
    /// - Throws: `.corrupt` if that cannot be.
    func mend(_ page: Int) throws(LogError) {
        let cached = try bytes(ofPage: page)
        guard try matches(cached, page, at: 0) else { return try rebuild(page) }
        try mend(at: (page + 1) * PageParity.pageBytes, by: cached, 0..<PageParity.pageBytes)
    }

    /// Writes a page of the file by what belongs there.
    func mend(at offset: Int, by memory: PageMemory, _ range: Range<Int>) throws(LogError) {
        guard isWritable else {
            throw corrupt(
                at: offset, .badHeader,
                "the page is damaged; open the store for writing to have it mended")
        }
        try LogError.translating(path) { () throws(DiskError) in
            try memory.withBytes(in: range) { (bytes: RawSpan) throws(DiskError) in
                try file.write(bytes, at: offset)
            }
            try file.sync()
        }
    }
}
