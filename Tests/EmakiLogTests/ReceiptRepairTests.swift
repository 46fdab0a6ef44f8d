import EmakiPlatform
import Testing

@testable import EmakiLog

/// What opening wrote again is in its receipt: what it was, and where.
@Suite("Repairs in the receipt") struct ReceiptRepairTests {
    private static func flip(_ sample: BackupSample, _ path: String, _ offset: Int) {
        sample.harness.files.edit(path) { $0[offset] ^= 1 }
    }

    @Test("bad copies of STORE, MANIFEST and headers are named, with their places, once")
    func copies() throws {
        let sample = try BackupSample.typical()
        let harness = sample.harness
        let segment = harness.core.manifest.segments[0].path
        let second = harness.core.layout.headerTwinOffset
        for (path, offset, repair) in [
            ("STORE", 40, RecoveryReceipt.Repair(file: "STORE", part: .copy)),
            ("MANIFEST", 40, .init(file: "MANIFEST", part: .copy)),
            (segment, 9, .init(file: segment, fileOffset: 0, part: .header)),
            (segment, second + 9, .init(file: segment, fileOffset: second, part: .header)),
        ] {
            harness.core.closeFiles()
            Self.flip(sample, path, offset)
            let reading = try LogCore.open(
                in: harness.files, configuration: .readOnly(), entropy: SystemEntropy())
            // Nothing was written, so nothing was repaired.
            #expect(reading.receipt.repairs.isEmpty && reading.receipt.mended.count == 1)
            #expect(reading.receipt.description.contains("bad, and whole in its twin: \(path)"))
            reading.closeFiles()
            try harness.reopen()
            #expect(harness.core.receipt.repairs == [repair], "\(path):\(offset)")
            #expect(harness.core.receipt.description.contains("mended from its twin: \(path)"))
            let json = try JSONEncoding.text(of: harness.core.receipt)
            #expect(json.contains(#""part":"\#(repair.part.rawValue)""#))
            try harness.reopen()
            #expect(harness.core.receipt.repairs.isEmpty && harness.core.receipt.mended.isEmpty)
        }
    }

    @Test("opening mends nothing of a sealed file, and says that one of its footers is bad")
    func footers() throws {
        let sample = try BackupSample.typical()
        let harness = sample.harness
        let path = harness.core.manifest.sealedFiles[0].path
        let size = harness.files[path].count
        for offset in [100, size - 4096 + 100] {
            harness.core.closeFiles()
            let before = harness.files[path]
            Self.flip(sample, path, offset)
            Self.flip(sample, path, 5_000)
            let damaged = harness.files[path]
            try harness.reopen()
            #expect(harness.files[path] == damaged && harness.core.receipt.repairs.isEmpty)
            #expect(harness.core.receipt.warnings.filter { $0.contains(path) }.count == 1)
            let report = try harness.core.sealed.scrub(in: harness.files) { _, _ in true }
            #expect(report.repairedPages == 2 && harness.files[path] == before)
            try harness.reopen()
            #expect(harness.core.receipt.warnings.filter { $0.contains(path) }.isEmpty)
        }
    }
}
