import EmakiPlatform
import Testing

@testable import EmakiLog

/// What streams lost, and their snapshots, in backups.
@Suite struct BackupRemovalTests {
    /// One stream truncated, one deleted, one with a snapshot; sealed or not.
    private static func sample(seals: Bool) throws -> BackupSample {
        let sample = try BackupSample(seed: 3)
        let harness = sample.harness
        try harness.append(to: "a", [[1], [2], [3]])
        try harness.append(to: "b", [[1], [2]])
        _ = try harness.core.offerRemoval(of: "a", through: 2)
        _ = try harness.core.offerRemoval(of: "b", through: nil)
        try harness.commit()
        _ = try harness.core.offerSnapshot(of: "a", at: 3, [7, 7])
        try harness.commit()
        if seals {
            try sample.fill(2)
            #expect(try harness.core.seal())
            // And more of it, which is not sealed.
            _ = try harness.core.offerRemoval(of: "a", through: 3)
            try harness.commit()
        }
        return sample
    }

    @Test(
        "what was removed is removed in a restored store, and snapshots are there",
        arguments: [false, true])
    func roundTrip(seals: Bool) throws {
        let sample = try Self.sample(seals: seals)
        #expect(try sample.backUp().backup?.number == 1)
        // The tail is taken from the first one, and what was lost written again.
        #expect(try sample.backUp().backup?.number == 2)
        #expect(try sample.check().isSound)
        for _ in 1...2 {
            let (files, _) = try sample.restore()
            let core = try openCore(files)
            defer { core.closeFiles() }
            #expect(try core.versions(of: "a") == (seals ? [] : [3]))
            #expect(try core.versions(of: "b").isEmpty)
            #expect(try core.durableVersion(of: "b") == 2)
            #expect(try core.newestSnapshot(of: "a")?.payload == [7, 7])
            let late = try core.offer([StreamAppend(to: "b", [Event(type: "T", payload: [1])])])
            guard case .refused(.streamDeleted("b", 2), _) = late else {
                return #expect(Bool(false), "\(late)")
            }
            // It goes on: the next file of removals has what the backup had.
            _ = try core.offerRemoval(of: "a", through: nil)
            try core.commit(at: 1)
            #expect(try core.durableVersion(of: "a") == 3)
            // Without older backups.
            #expect(try sample.backUp { $0.keeps = 1 }.backup != nil)
        }
        #expect(try sample.backups.list(BackupFolder.tails).count == 2)
    }

    @Test("a bad copy of what was removed is mended by a check; without both nothing is restored")
    func damage() throws {
        let sample = try Self.sample(seals: false)
        try sample.backUp()
        let path = BackupFolder.tails + "/" + BackupFolder.digits(1) + RemovalFile.suffix
        let whole = sample.backups[path]
        sample.backups.edit(path) { $0[60] ^= 1 }
        #expect(try sample.check().repairedPages == 1)
        #expect(sample.backups[path] == whole)
        sample.backups.edit(path) { bytes in
            bytes[60] ^= 1
            bytes[bytes.count / 2 + 60] ^= 1
        }
        let check = try sample.check()
        #expect(check.damaged == [1] && check.damages.map(\.file) == [path])
        let error = #expect(throws: LogError.self) { try sample.restore() }
        guard case .corrupt(let corruption) = error else {
            return #expect(Bool(false), "\(String(describing: error))")
        }
        #expect(corruption.file == path)
    }
}
