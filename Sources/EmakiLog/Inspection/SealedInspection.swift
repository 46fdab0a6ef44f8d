import EmakiPlatform

/// What an inspection says of a sealed file.
package struct SealedInspection: Sendable, Codable {
    /// A part of the file.
    package struct Part: Sendable, Codable {
        package var name: String
        package var firstPage: Int
        package var bytes: Int
    }

    package var file: String
    package var number: UInt64
    package var tier: Int
    package var firstPosition: UInt64
    package var endPosition: UInt64
    /// What is wrong with it, if it is not the file that MANIFEST lists; then nothing below is
    /// known.
    package var fault: String?
    package var bytes = 0
    package var events = 0
    package var streams = 0
    package var chunks = 0
    package var lastGroup: UInt64 = 0
    package var parts: [Part] = []

    init(_ entry: SealedEntry) {
        file = entry.path
        number = entry.number
        tier = Int(entry.tier)
        firstPosition = entry.positions.lowerBound.rawValue
        endPosition = entry.positions.upperBound.rawValue
    }

    mutating func add(_ footer: SealedFooter) {
        bytes = footer.fileBytes
        events = footer.eventCount
        streams = footer.streamCount
        chunks = footer.chunkCount
        lastGroup = footer.lastGroup
        parts = SealedFooter.Section.allCases.map { section in
            Part(
                name: "\(section)", firstPage: footer[section].firstPage,
                bytes: footer[section].byteCount)
        }
        let pageBytes = PageParity.pageBytes
        parts.append(
            Part(
                name: "checksums", firstPage: 1 + footer.sectionPageCount,
                bytes: footer.checksumPageCount * pageBytes))
        parts.append(
            Part(
                name: "parity", firstPage: 1 + footer.coveredPageCount,
                bytes: footer.parityPageCount * pageBytes))
    }
}

extension StoreInspection {
    /// Looks at the footers of the sealed files that MANIFEST lists, in the order of positions.
    package func forEachSealedFile(_ body: (SealedInspection) throws -> Void) throws {
        guard let storeFile else { return }
        for entry in sealedEntries {
            var inspection = SealedInspection(entry)
            let loader = SealedLoader(
                files: files, storeID: storeFile.storeID, isReadOnly: true,
                toleratesDamage: false)
            do throws(LogError) {
                let file = try loader.open(entry)
                inspection.add(file.footer)
                file.pages.close()
            } catch {
                inspection.fault = error.description
            }
            try body(inspection)
        }
    }
}
