import EmakiPlatform
import Testing

@testable import EmakiLog

/// Whatever fails, and wherever: no file stays open, and a program does not run out of them.
@Suite struct MutantFileTests {
    /// Runs an act against a fresh disk for every call that it makes, failing that call.
    private func failingEachCall(
        of files: MemoryFileSystem, kinds: [MemoryFileSystem.Call] = MemoryFileSystem.Call.allCases,
        _ act: (MemoryFileSystem) throws -> Void
    ) throws -> Int {
        let counted = files.clone()
        counted.resetCounts()
        try act(counted)
        #expect(counted.openFileCount == 0, "nothing failed")
        var failures = 0
        for kind in kinds {
            for number in 0..<(counted.counts[kind] ?? 0) {
                let failing = files.clone()
                failing.fault = .init(kind: kind, number: number + 1)
                do { try act(failing) } catch { failures += 1 }
                #expect(failing.didFail, "\(kind) \(number + 1)")
                #expect(failing.openFileCount == 0, "\(kind) \(number + 1)")
            }
        }
        return failures
    }

    @Test("an opening that fails at any call leaves no file open", arguments: [false, true])
    func openings(isDamaged: Bool) throws {
        let store = try DamagedStore(.closed)
        if isDamaged {
            // A bad copy of everything that has two: all of them are written again.
            for path in store.files.filePaths where path != "LOCK" {
                store.files.edit(path) { $0[9] ^= 1 }
            }
        }
        let failures = try failingEachCall(of: store.files) { files in
            try openCore(files).closeFiles()
        }
        #expect(failures > 20)
    }

    @Test("an opening that is refused leaves no file open") func refusals() throws {
        let store = try DamagedStore(.closed)
        let segments = store.files.filePaths.filter { $0.hasPrefix("wal/") }
        var damages: [(String, (MemoryFileSystem) -> Void)] = [
            (
                "acknowledged frame",
                {
                    $0.edit(store.frames[1].path) { bytes in
                        bytes[store.frames[1].range.lowerBound + 2] ^= 1
                    }
                }
            ),
            ("STORE of another length", { $0["STORE"] = [1, 2, 3] }),
            ("MANIFEST of another length", { $0["MANIFEST"] = [1, 2, 3] }),
        ]
        for path in segments {
            damages.append(("\(path) is gone", { $0.forget(path) }))
            damages.append(("\(path) is short", { $0.edit(path) { $0.removeLast(512) } }))
            damages.append(
                (
                    "\(path) has no header",
                    {
                        $0.edit(path) { bytes in
                            bytes[9] ^= 1
                            bytes[(64 << 10) + 9] ^= 1
                        }
                    }
                ))
        }
        for (name, damage) in damages {
            let damaged = store.files.clone()
            damage(damaged)
            #expect(throws: LogError.self, "\(name)") { try openCore(damaged) }
            #expect(damaged.openFileCount == 0, "\(name)")
        }
    }

    @Test("a repair that fails at any call leaves no file open") func repairs() throws {
        let store = try DamagedStore(.closed)
        store.files.edit(store.frames[2].path) { $0[store.frames[2].range.lowerBound + 60] ^= 1 }
        let failures = try failingEachCall(of: store.files) { files in
            var repair = Repair(files: files)
            _ = try repair.run()
        }
        #expect(failures > 20)
    }

    @Test("a creation that fails at any call leaves no file open") func creations() throws {
        let failures = try failingEachCall(of: MemoryFileSystem()) { files in
            _ = try StoreCreation.lay(
                CoreHarness.smallOptions, blockBytes: 4096, method: .direct, rawLatency: 1,
                in: files, path: "memory", entropy: SeededEntropy(seed: 1), now: 1)
        }
        #expect(failures > 20)
    }

    @Test("a creation that finds frames where it should make a store leaves no file open")
    func creationOverFrames() throws {
        let files = try DamagedStore(.closed).files
        files.forget("STORE")
        #expect(throws: LogError.self) {
            try StoreCreation.lay(
                CoreHarness.smallOptions, blockBytes: 4096, method: .direct, rawLatency: 1,
                in: files, path: "memory", entropy: SeededEntropy(seed: 1), now: 1)
        }
        #expect(files.openFileCount == 0)
    }

    @Test("what an earlier creation left is looked at and closed")
    func creationLeftovers() throws {
        let zeros = [UInt8](repeating: 0, count: 4096)
        for path in [Manifest.path(ofFile: 0), "MANIFEST", "STORE.new"] {
            let files = MemoryFileSystem()
            try files.makeFolder(StoreFolder.wal)
            files[path] = zeros
            try StoreLeftovers.expectOwn(in: files, path: "memory")
            #expect(files.openFileCount == 0, "\(path)")
            files[path] = zeros + [1]
            if path != "STORE.new" { files[path] = [1] + zeros }
            do { try StoreLeftovers.expectOwn(in: files, path: "memory") } catch {}
            #expect(files.openFileCount == 0, "\(path)")
        }
    }

    @Test("making a segment ready fails at any call, and leaves no file open but the log's own")
    func preparations() throws {
        let harness = try CoreHarness()
        harness.core.closeFiles()
        let failures = try failingEachCall(of: harness.files) { files in
            let core = try openCore(files)
            defer { core.closeFiles() }
            let own = files.openFileCount
            do {
                try core.prepareSegments()
            } catch {
                #expect(files.openFileCount == own + core.segments.count - 1)
                throw error
            }
        }
        #expect(failures > 20)
    }

    @Test("a full segment's file is closed once nothing will be written to it")
    func fullSegments() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try core.prepareSegments()
        for _ in 0..<3 { try harness.append(to: "a", [bytes(40_000)]) }
        try #require(core.activeIndex == 2)
        try core.prepareSegments()
        #expect(harness.files.openFileCount == core.segments.count - 2)
        try harness.append(to: "a", [[1]])
    }

    @Test("while a write is out, the file that it goes to is not among those to close")
    func writtenSegments() throws {
        let harness = try CoreHarness()
        let core = harness.core
        try core.prepareSegments()
        try harness.append(to: "a", [bytes(20_000)])
        try harness.stage([StreamAppend(to: "a", [Event(type: "T", payload: bytes(20_000))])])
        let write = core.beginGroup(at: 1)
        let next = [StreamAppend(to: "a", [Event(type: "T", payload: bytes(40_000))])]
        guard case .staged = try harness.outcome(of: next) else {
            Issue.record("the log rotates while a write is out")
            return
        }
        try #require(core.activeIndex == 1)
        #expect(core.takeFilesToClose().isEmpty)
        try write.perform()
        core.finish(write)
        #expect(core.takeFilesToClose().count == 1)
    }

    @Test("retired segments' files are closed") func retiredSegments() throws {
        let harness = try CoreHarness()
        try harness.core.prepareSegments()
        for _ in 0..<3 { try harness.append(to: "a", [bytes(40_000)]) }
        try harness.retire(upTo: 2)
        #expect(harness.files.openFileCount == harness.core.segments.count)
    }
}
