import EmakiPlatform

/// Reading all pages of a sealed file in order, many with one call, and mending what fails.
extension SealedPages {
    /// Pages that are read with one call: 1 MiB. A divisor of those of a group, and a multiple of
    /// the stripes.
    private static let pagesPerRead = 256

    /// Reads every covered page from the device, and mends those that fail their checksum.
    /// - Parameters:
    ///   - scrubsParity: parity pages that say something else than the pages that they cover are
    ///     written again. By then those pages are sound: parity over others would make the damage
    ///     final.
    ///   - goesOn: called after each MiB; false ends it.
    /// - Returns: parity pages that were mended; nil if it was ended.
    func sweep(scrubsParity: Bool, goesOn: () -> Bool) throws(LogError) -> Int? {
        let pageCount = footer.coveredPageCount
        // Checksum pages first: the others are checked by them.
        for page in footer.sectionPageCount..<pageCount { try checkAgain(page) }
        let stripeBytes = PageParity.stripeCount * Self.pageBytes
        let (buffer, parity) = try LogError.translating(path) { () throws(DiskError) in
            (
                try PageMemory(byteCount: Self.pagesPerRead * Self.pageBytes),
                try PageMemory(byteCount: stripeBytes)
            )
        }
        var mended = 0
        for group in 0..<PageParity.groupCount(pages: pageCount) {
            let pages = PageParity.pages(ofGroup: group, in: pageCount)
            parity.zero(0..<stripeBytes)
            for first in stride(from: pages.lowerBound, to: pages.upperBound, by: Self.pagesPerRead)
            {
                let some = first..<min(first + Self.pagesPerRead, pages.upperBound)
                try readSound(some, into: buffer)
                if scrubsParity { mix(some, in: buffer, into: parity) }
                if some.count == Self.pagesPerRead, !goesOn() { return nil }
            }
            if scrubsParity { mended += try mend(group, by: parity, buffer) }
        }
        if mended > 0 {
            try LogError.translating(path) { () throws(DiskError) in try file.sync() }
        }
        return mended
    }

    /// Reads pages as they are, or as they are once they are mended.
    private func readSound(_ pages: Range<Int>, into buffer: PageMemory) throws(LogError) {
        try copy(Self.bytes(ofPages: pages), into: buffer)
        for page in pages {
            let offset = (page - pages.lowerBound) * Self.pageBytes
            if try !matches(buffer, page, at: offset) {
                try checkAgain(page)
                let sound = try soundBytes(ofPage: page)
                sound.withBytes(in: 0..<Self.pageBytes) { buffer.copy($0, at: offset) }
            }
            checked.insert(page)
        }
    }

    /// Pages of a group start with its first stripe wherever a read starts.
    private func mix(_ pages: Range<Int>, in buffer: PageMemory, into parity: PageMemory) {
        for index in 0..<pages.count {
            let offset = index * Self.pageBytes
            buffer.withBytes(in: offset..<offset + Self.pageBytes) {
                PageParity.mix(
                    $0, into: parity, at: index % PageParity.stripeCount * Self.pageBytes)
            }
        }
    }

    /// Holds the parity pages of a group against what they should be.
    /// - Parameter buffer: for what they are.
    /// - Returns: how many were written again.
    private func mend(
        _ group: Int, by parity: PageMemory, _ buffer: PageMemory
    ) throws(LogError) -> Int {
        let pageCount = footer.coveredPageCount
        let inGroup = PageParity.pages(ofGroup: group, in: pageCount).count
        let used = PageParity.stripes(inGroupOf: inGroup)
        let first = pageCount + group * PageParity.stripeCount
        try copy(Self.bytes(ofPages: first..<first + used), into: buffer)
        var mended = 0
        for stripe in 0..<used {
            let place = PageParity.place(ofStripe: stripe, pages: inGroup, used: used)
            let start = stripe * Self.pageBytes
            let isSame = parity.withBytes(in: start..<start + Self.pageBytes) {
                buffer.isEqual($0, at: place * Self.pageBytes)
            }
            guard !isSame else { continue }
            let offset = (first + place + 1) * Self.pageBytes
            guard isWritable else {
                throw corrupt(
                    at: offset, .badHeader,
                    "its parity does not match; open the store for writing to have it mended")
            }
            try LogError.translating(path) { () throws(DiskError) in
                try parity.withBytes(in: start..<start + Self.pageBytes) {
                    (bytes: RawSpan) throws(DiskError) in
                    try file.write(bytes, at: offset)
                }
            }
            mended += 1
        }
        return mended
    }

    /// A footer that does not say what the other says is written again.
    /// - Returns: how many.
    func scrubFooters() throws(LogError) -> Int {
        let sound = try LogError.translating(path) { () throws(DiskError) in
            try PageMemory(heapBytes: Self.pageBytes)
        }
        footer.encode(into: sound, at: 0)
        var mended = 0
        // Counted like covered pages, which start behind the first footer.
        for place in [-1, footer.filePageCount - 2] {
            let found = try bytes(ofPage: place)
            let isSame = sound.withBytes(in: 0..<Self.pageBytes) { found.isEqual($0, at: 0) }
            guard !isSame, isWritable else { continue }
            try LogError.translating(path) { () throws(DiskError) in
                try sound.withBytes(in: 0..<Self.pageBytes) {
                    (bytes: RawSpan) throws(DiskError) in
                    try file.write(bytes, at: (place + 1) * Self.pageBytes)
                }
                try file.sync()
            }
            mended += 1
        }
        return mended
    }
}
