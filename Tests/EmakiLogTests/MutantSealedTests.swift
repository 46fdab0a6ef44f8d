import EmakiPlatform
import Testing

@testable import EmakiLog

/// Checks of what an opening and a repair know of sealed files and of the file of removals.
@Suite struct MutantSealedTests {
    /// A store with one sealed file, and with a file of removals; closed in order.
    private static func store() throws -> CoreHarness {
        let harness = try CoreHarness()
        try harness.append(to: "a", [[1], [2], [3]])
        guard case .staged = try harness.core.offerRemoval(of: "a", through: 2) else {
            throw HarnessError.repeated
        }
        try harness.core.commit(at: 1)
        try harness.core.prepareSegments()
        #expect(harness.core.leaveSegment(harness.core.activeNumber))
        #expect(try harness.core.seal())
        try harness.append(to: "b", [[UInt8](repeating: 0xAB, count: 100)])
        try harness.close()
        return harness
    }

    @Test("a file is the one that is listed if checksum, number and positions are")
    func listed() throws {
        let harness = try Self.store()
        try harness.reopen()
        let footer = try #require(harness.core.sealed.files.first).footer
        let entry = try #require(harness.core.manifest.sealedFiles.first)
        #expect(try footer.isListed(as: entry))
        for change: (inout SealedEntry) -> Void in [
            { $0.footerChecksum ^= 1 }, { $0.number += 1 },
            { $0.positions = $0.positions.lowerBound..<$0.positions.upperBound.advanced(by: 1) },
        ] {
            var other = entry
            change(&other)
            #expect(try !footer.isListed(as: other))
        }
    }

    @Test("a file of removals of which both copies are good is not mended")
    func notMended() throws {
        let harness = try Self.store()
        try harness.reopen()
        #expect(harness.core.receipt.mended.isEmpty)
        #expect(harness.core.receipt.repairs.isEmpty)
        #expect(!harness.core.receipt.warnings.contains { $0.contains("removals") })
        #expect(try harness.core.versions(of: "a") == [3])
    }

    @Test("a repair changes nothing where the file of removals is beyond mending")
    func refusedFirst() throws {
        let harness = try Self.store()
        let removals = try #require(harness.core.manifest.removalFile).path
        let segment = harness.core.active.path
        harness.core.closeFiles()
        harness.files.edit(segment) { bytes in
            let payload = [UInt8](repeating: 0xAB, count: 100)
            bytes[bytes.firstRange(of: payload)?.lowerBound ?? 0] = 0
        }
        harness.files.edit(removals) { bytes in
            for index in bytes.indices { bytes[index] = 0 }
        }
        let before = harness.files.contents
        #expect(throws: LogError.self) { try LogCore.repair(in: harness.files) }
        #expect(harness.files.contents == before)
    }
}
