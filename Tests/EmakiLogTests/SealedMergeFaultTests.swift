import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

@Suite("Merging sealed files: what goes wrong")
struct SealedMergeFaultTests {
    @Test("a merge that is stopped, at any of its steps, leaves nothing behind")
    func stopped() throws {
        let sample = try MergeSample(
            seed: 31, .init(eventCount: 80, payloadBytesMax: 60_000, isCompressible: false))
        var stepCount = 0
        var chunkCount = 0
        while true {
            var left = stepCount
            let outcome = try sample.merge().run(in: sample.files) {
                left -= 1
                return left >= 0
            }
            if case .merged(let file, _) = outcome {
                chunkCount = file.footer.chunkCount
                file.pages.close()
                break
            }
            guard case .stopped = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(sample.files.contents == sample.contents, "stopped at step \(stepCount)")
            stepCount += 1
        }
        // Chunks that were written, and then what was read back.
        #expect(chunkCount > 70)
        #expect(stepCount > chunkCount)
    }

    @Test(
        "any call of the disk may fail: inputs stay, and no file is left",
        arguments: MemoryFileSystem.Call.allCases, [false, true])
    func failingCalls(_ kind: MemoryFileSystem.Call, _ takesEffect: Bool) throws {
        var failures = 0
        for number in 1... {
            let sample = try MergeSample(seed: 32, .init(partCount: 2, eventCount: 30))
            let merge = try sample.merge()
            sample.files.resetCounts()
            sample.files.fault = .init(
                kind: kind, number: number, code: ENXIO, takesEffect: takesEffect)
            do throws(LogError) {
                guard case .merged(let file, _) = try merge.run(in: sample.files) else {
                    Issue.record("neither merged nor refused")
                    return
                }
                file.pages.close()
                // What fails while something is cleared away does no harm.
                guard sample.files.didFail else { break }
            } catch {
                failures += 1
                var left = sample.files.contents
                // Where a removal itself failed, an unlisted file stays.
                if kind == .kind { left = left.filter { sample.contents[$0.key] != nil } }
                #expect(left == sample.contents, "\(kind) \(number): \(error)")
            }
            for input in merge.inputs { input.pages.close() }
            #expect(sample.files.openFileCount == 0, "\(kind) \(number)")
            try #require(number < 5_000)
        }
        let never: Set<MemoryFileSystem.Call> = [
            .writeDurably, .resize, .list, .makeFolder, .remove,
        ]
        // What only looks has no effect to leave behind.
        let looks: Set<MemoryFileSystem.Call> = [.byteCount, .read, .dropCache, .kind]
        if !never.contains(kind), !(takesEffect && looks.contains(kind)) {
            #expect(failures > 0)
        }
    }

    @Test("an input that is damaged within its parity is mended, beyond it refused and named")
    func damagedInput() throws {
        let sample = try MergeSample(
            seed: 33,
            .init(partCount: 2, eventCount: 300, payloadBytesMax: 5_000, isCompressible: false))
        let path = sample.paths[1]
        let pageBytes = PageParity.pageBytes
        func zero(_ page: Int) {
            sample.files.edit(path) {
                $0.replaceSubrange(
                    page * pageBytes..<(page + 1) * pageBytes,
                    with: repeatElement(0, count: pageBytes))
            }
        }
        try #require(sample.contents[path]?.count ?? 0 > 100 * pageBytes)
        zero(3)
        guard case .merged(let file, _) = try sample.merge().run(in: sample.files) else {
            Issue.record("not merged")
            return
        }
        #expect(try file.check().eventCount == sample.events.count)
        #expect(sample.files[path] == sample.contents[path])
        try sample.files.remove(MergeSample.mergedPath)
        zero(3)
        zero(3 + 64)
        let damaged = sample.files.contents
        let merge = try sample.merge()
        let error = #expect(throws: LogError.self) { try merge.run(in: sample.files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == path)
        #expect(damage.fileOffset == 3 * pageBytes)
        #expect(sample.files.contents == damaged)
    }

    @Test("a new file that does not read back as it was written gets no name")
    func readBack() throws {
        let sample = try MergeSample(
            seed: 34, .init(eventCount: 400, payloadBytesMax: 5_000, isCompressible: false))
        let temporary = MergeSample.mergedPath + ".new"
        var isDamaged = false
        let error = #expect(throws: LogError.self) {
            try sample.merge().run(in: sample.files) {
                let pageBytes = PageParity.pageBytes
                guard !isDamaged, sample.files[temporary].count > 100 * pageBytes else {
                    return true
                }
                isDamaged = true
                sample.files.edit(temporary) {
                    for page in [2, 66] { $0[page * pageBytes] ^= 1 }
                }
                return true
            }
        }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == MergeSample.mergedPath)
        #expect(isDamaged)
        #expect(sample.files.contents == sample.contents)
    }

    @Test("another sound file in the place of the new one gets no name")
    func swapped() throws {
        let sample = try MergeSample(seed: 38)
        let temporary = MergeSample.mergedPath + ".new"
        let files = SwappingFileSystem(sample.files) { path, mode in
            guard path == temporary, mode.existence == .mustExist else { return }
            sample.files[temporary] = sample.contents[sample.paths[0]] ?? []
        }
        let merge = try sample.merge()
        let error = #expect(throws: LogError.self) { try merge.run(in: files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == MergeSample.mergedPath)
        #expect(sample.files.contents == sample.contents)
    }

    @Test("an input that does not have what its footer says is refused and named")
    func wrongInput() throws {
        let sample = try MergeSample(seed: 35)
        let path = sample.paths[2]
        var footer = try sample.open(path).footer
        footer.digest &+= 1
        let memory = try PageMemory(byteCount: SealedFooter.byteCount)
        footer.encode(into: memory, at: 0)
        let bytes = memory.withBytes(in: 0..<memory.byteCount) { $0.copyToArray() }
        sample.files.edit(path) {
            $0.replaceSubrange(0..<bytes.count, with: bytes)
            $0.replaceSubrange($0.count - bytes.count..<$0.count, with: bytes)
        }
        let before = sample.files.contents
        let merge = try sample.merge()
        let error = #expect(throws: LogError.self) { try merge.run(in: sample.files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == path)
        #expect(sample.files.contents == before)
    }

    @Test("versions of a stream that do not grow from file to file are refused")
    func wrongVersions() throws {
        let sample = try MergeSample(seed: 36, .init(partCount: 1, streamCount: 1))
        let first = try sample.open(sample.paths[0])
        // The same versions once more, at later positions.
        let start = first.footer.positions.upperBound
        let end = start.advanced(by: first.footer.positions.count)
        let twin = try sample.files.open("sealed/twin", OpenMode(.mustBeNew))
        let writer = try SealedFileWriter(
            file: twin, storeID: SealedSample.storeID, number: 2, positions: start..<end,
            lastGroup: 1)
        let events = sample.events.map { event in
            var later = event.event
            later.position += UInt64(first.footer.positions.count)
            return later
        }
        try SealedSample.write(sample.events[0].stream, events, to: writer)
        _ = try writer.finish()
        let merge = try sample.merge([first, sample.open("sealed/twin")])
        let error = #expect(throws: LogError.self) { try merge.run(in: sample.files) }
        guard case .corrupt(let damage) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.file == "sealed/twin")
        #expect(sample.files.contents[MergeSample.mergedPath] == nil)
    }

    @Test("what an earlier merge left under the temporary name is replaced")
    func leftover() throws {
        let sample = try MergeSample(seed: 37)
        sample.files[MergeSample.mergedPath + ".new"] = [1, 2, 3]
        guard case .merged(let file, _) = try sample.merge().run(in: sample.files) else {
            Issue.record("not merged")
            return
        }
        #expect(try file.check().eventCount == sample.events.count)
        #expect(sample.files.contents[MergeSample.mergedPath + ".new"] == nil)
    }
}
