import EmakiPlatform
import Testing

@testable import EmakiLog

/// Bytes whose checksums hold and which make no sense all the same: a typed error, never a trap.
@Suite struct CoreForgeryTests {
    /// A store whose log ends in an unmarked group of its own, and where that group is.
    struct Victim {
        let files: MemoryFileSystem
        let model: LogContent
        let identity: SegmentIdentity
        let path: String
        let lastFrame: Int
        let layout: SegmentLayout
        let end: LogEnd
        let endBefore: LogEnd

        init() throws {
            // No segment is ready, so that whoever opens the store has to make some.
            let harness = try CoreHarness(blockBytes: 512, seed: 21)
            try harness.append(to: "a", [[1], [2]])
            endBefore = harness.core.end
            lastFrame = harness.core.gathering.start
            try harness.append([
                StreamAppend(to: "a", [Event(type: "T", payload: bytes(30))]),
                StreamAppend(to: "b", [Event(type: "U", payload: bytes(5), metadata: [1])]),
            ])
            end = harness.core.end
            identity = harness.core.active.identity
            path = harness.core.active.path
            layout = harness.core.layout
            model = harness.model
            files = harness.files.afterPowerLoss(keepingEntries: true, keepingBytes: true)
        }

        /// The store with its segment's bytes changed through the engine's own encoders.
        func forged(_ body: (PageMemory) throws -> Void) throws -> MemoryFileSystem {
            let copy = files.clone()
            let memory = try PageMemory(byteCount: layout.segmentBytes)
            copy[path].withRawSpan { memory.copy($0, at: 0) }
            try body(memory)
            copy[path] = memory.withBytes(in: 0..<layout.segmentBytes) { $0.copyToArray() }
            return copy
        }

        /// The last frame's header, to be changed and encoded again.
        func header(in memory: PageMemory) throws -> FrameHeader {
            let found = FrameHeader.find(
                in: memory, at: lastFrame, of: identity, layout: layout)
            guard case .whole(let header, _) = found else {
                throw HarnessError.inconsistent("the last frame is not whole")
            }
            return header
        }

        func rehash(_ header: FrameHeader, in memory: PageMemory) {
            var header = header
            let payload = lastFrame + FrameHeader.byteCount
            header.payloadChecksum = memory.checksum(payload..<payload + header.payloadBytes)
            _ = header.encode(into: memory, at: lastFrame)
        }
    }

    /// Opens in every way; none may trap or show what was never written.
    static func survive(_ files: MemoryFileSystem, _ note: String) throws -> LogError? {
        var refusal: LogError?
        do {
            let core = try openCore(files.clone())
            _ = try core.content()
            try core.prepareSegments()
            try core.mark(isClosing: true, at: 1)
        } catch let error as LogError {
            refusal = error
        }
        do {
            _ = try openCore(files.clone(), .readOnly(toleratingDamage: true)).content()
        } catch let error as LogError {
            guard case .corrupt = error else { throw error }
        }
        let repaired = files.clone()
        do {
            var repair = Repair(files: repaired)
            _ = try repair.run()
            let content = try openCore(repaired).content()
            #expect(content.events.count <= 1000, "\(note)")
        } catch let error as LogError {
            guard case .beyondRepair(let corruption) = error else { throw error }
            // A repair that cannot help leaves the store as it is, unless MANIFEST itself lies.
            let isSame = note.hasPrefix("MANIFEST") || repaired.contents == files.contents
            #expect(isSame, "\(note): \(corruption)")
        }
        return refusal
    }

    enum Field: String, CaseIterable, Sendable {
        case store, incarnation, offset, group, groupHuge, position, positionHuge, watermark
        case eventCount, noEvents, payloadBytes, payloadHuge, previous, kind
    }

    @Test(
        "a frame with a false field and a true checksum is not read, and nothing traps",
        arguments: Field.allCases)
    func falseFields(field: Field) throws {
        let victim = try Victim()
        let files = try victim.forged { memory in
            var header = try victim.header(in: memory)
            switch field {
            case .store: header.storeID = Bits128(low: 1, high: 2)
            case .incarnation: header.incarnation = Bits128(low: 1, high: 2)
            case .offset: header.fileOffset += 512
            case .group: header.group += 1
            case .groupHuge: header.group = .max
            case .position: header.firstPosition = header.firstPosition.advanced(by: 1)
            case .positionHuge: header.firstPosition = Position(.max)
            case .watermark: header.watermark = Position(.max)
            case .eventCount: header.eventCount += 1
            case .noEvents: header.eventCount = 0
            case .payloadBytes: header.payloadBytes -= 8
            case .payloadHuge: header.payloadBytes = Int(UInt32.max)
            case .previous: header.previousChecksum ^= 1
            case .kind: header.kind = .loss
            }
            if field == .payloadHuge {
                _ = header.encode(into: memory, at: victim.lastFrame)
            } else {
                victim.rehash(header, in: memory)
            }
        }
        let refusal = try Self.survive(files, "\(field)")
        switch field {
        case .store, .incarnation:
            // No frame of this log: the unmarked last group is gone, and nothing proves it.
            #expect(refusal == nil)
        default:
            guard case .corrupt(let corruption) = refusal else {
                Issue.record("\(field): \(String(describing: refusal))")
                return
            }
            #expect(corruption.file == victim.path)
            #expect(corruption.fileOffset == victim.lastFrame)
        }
    }

    @Test("an idle slot with a true checksum and impossible numbers traps nobody")
    func forgedSlots() throws {
        let victim = try Victim()
        let numbers: [UInt64] = [0, 2, 3, 1 << 20, FrameHeader.positionMax, 1 << 63, .max]
        for group in numbers {
            for position in numbers {
                let files = try victim.forged { memory in
                    let end = LogEnd(
                        lastGroup: group, nextPosition: Position(position), frameChecksum: 7)
                    IdleSlot.encode(
                        end, of: victim.identity, blockBytes: 512, into: memory, at: 512)
                }
                _ = try Self.survive(files, "slot of group \(group), position \(position)")
            }
        }
    }

    @Test("a loss record with a true checksum that leads nowhere is refused")
    func forgedLosses() throws {
        let victim = try Victim()
        let offsets = [0, 512, victim.lastFrame, victim.lastFrame + 512, 131_072, 131_073, 1 << 40]
        let numbers: [UInt64] = [0, 1, 2, 4, 1000, FrameHeader.positionMax, .max]
        var refused = 0
        for offset in offsets {
            for number in numbers {
                for segment: UInt64 in [0, 1, 2, 3, 4, .max] {
                    let files = try victim.forged { memory in
                        let loss = LossRecord(
                            end: LogEnd(
                                lastGroup: number, nextPosition: Position(number),
                                frameChecksum: 9), segment: segment, fileOffset: offset)
                        let start = victim.lastFrame + FrameHeader.byteCount
                        var header = try victim.header(in: memory)
                        loss.encode(into: memory, at: start)
                        header.payloadBytes = LossRecord.byteCount
                        header.eventCount = 0
                        header.kind = .loss
                        victim.rehash(header, in: memory)
                    }
                    let note = "loss to \(segment):\(offset), \(number)"
                    if try Self.survive(files, note) != nil { refused += 1 }
                }
            }
        }
        print("forged loss records: \(refused) of \(offsets.count * numbers.count * 6) refused")
        #expect(refused > 0)
    }

    @Test("loss records may not claim, one after the other, more than the segments have room for")
    func manyLosses() throws {
        let victim = try Victim()
        // Each by itself claims what its segment could hold.
        let claim = UInt64(victim.layout.segmentBytes / EventRecord.byteCountMin * 9 / 10)
        for (count, isRefused) in [(1, false), (2, true), (40, true)] {
            let files = try victim.forged { memory in
                var end = victim.endBefore
                for index in 0..<count {
                    let offset = victim.lastFrame + index * victim.layout.blockBytes
                    memory.zero(offset..<offset + victim.layout.blockBytes)
                    let after = LogEnd(
                        lastGroup: end.lastGroup + 2,
                        nextPosition: end.nextPosition.advanced(by: Int(claim)), frameChecksum: 9)
                    let payload =
                        offset + FrameHeader.byteCount..<offset + FrameHeader.byteCount
                        + LossRecord.byteCount
                    LossRecord(
                        end: after, segment: victim.identity.number,
                        fileOffset: offset + victim.layout.blockBytes
                    ).encode(into: memory, at: payload.lowerBound)
                    _ = FrameHeader(
                        storeID: victim.identity.storeID,
                        incarnation: victim.identity.incarnation, fileOffset: offset,
                        follows: end, commitInstant: 0, payloadBytes: payload.count,
                        eventCount: 0, payloadChecksum: memory.checksum(payload), kind: .loss
                    ).encode(into: memory, at: offset)
                    end = after
                }
            }
            if isRefused {
                #expect(throws: LogError.self) { try openCore(files) }
            } else {
                let core = try openCore(files)
                #expect(core.receipt.losses.count == 1)
                core.closeFiles()
            }
        }
    }

    @Test("a MANIFEST with true checksums and impossible numbers traps nobody")
    func forgedManifests() throws {
        let victim = try Victim()
        let store = try StoreFile.read(in: victim.files).0
        let (good, _) = try Manifest.read(in: victim.files, storeID: store.storeID)
        let numbers: [UInt64] = [
            0, 1, (1 << 31) - 1, 1 << 32, 1 << 34, (1 << 62) - 1, 1 << 62, .max - 3, .max - 1, .max,
        ]
        let start = TwinFile.headerBytes
        for (field, size) in [(16, 8), (24, 8), (32, 8), (40, 8), (52, 4), (56, 8), (64, 4)] {
            for number in numbers {
                let files = victim.files.clone()
                let memory = try PageMemory(byteCount: files["MANIFEST"].count)
                files["MANIFEST"].withRawSpan { memory.copy($0, at: 0) }
                for half in [0, memory.byteCount / 2] {
                    let at = half + start + field
                    if size == 8 { memory.store(number, at: at) }
                    if size == 4 { memory.store(UInt32(truncatingIfNeeded: number), at: at) }
                    if field == 40 {
                        // The numbers that must follow, so that it looks right.
                        memory.store(
                            number &+ 1 &+ UInt64(good.segments.count), at: half + start + 56)
                        for index in good.segments.indices {
                            memory.store(
                                number &+ 1 &+ UInt64(index),
                                at: half + start + Manifest.headerBytes
                                    + index * Manifest.entryBytes)
                        }
                    }
                    let length = Int(memory.loadUInt32(at: half + 16))
                    memory.store(memory.checksum(half + 12..<half + length), at: half + 8)
                }
                files["MANIFEST"] = memory.withBytes(in: 0..<memory.byteCount) { $0.copyToArray() }
                _ = try Self.survive(files, "MANIFEST field \(field) is \(number)")
            }
        }
    }

    @Test(
        "a payload mutated under a true checksum is read or refused, and nothing traps",
        arguments: [UInt64(1), 2, 3])
    func mutatedPayloads(seed: UInt64) throws {
        let victim = try Victim()
        let entropy = SeededEntropy(seed: seed)
        let memory = try PageMemory(byteCount: victim.layout.segmentBytes)
        victim.files[victim.path].withRawSpan { memory.copy($0, at: 0) }
        let header = try victim.header(in: memory)
        let payload =
            victim.lastFrame + FrameHeader.byteCount..<victim.lastFrame + FrameHeader.byteCount
            + header.payloadBytes
        let original = memory.withBytes(in: payload) { $0.copyToArray() }
        let interesting: [UInt8] = [0, 1, 7, 8, 0x7f, 0x80, 0xff]
        var faults = 0
        for _ in 0..<20_000 {
            original.withRawSpan { memory.copy($0, at: payload.lowerBound) }
            for _ in 0...entropy.below(3) {
                let at = payload.lowerBound + entropy.below(payload.count)
                let byte =
                    entropy.below(2) == 0
                    ? interesting[entropy.below(interesting.count)]
                    : UInt8(truncatingIfNeeded: entropy.next())
                memory.store(byte, at: at)
            }
            var touched = 0
            let fault = BatchFormat.validate(
                payload, frame: victim.lastFrame, in: memory, eventCount: header.eventCount
            ) { section, record in
                // What is handed out may be read without another check.
                touched += record.image.withBytes(in: record.payloadRange) { $0.byteCount }
                touched += record.image.withBytes(in: record.typeRange) { $0.byteCount }
                touched += section.streamID.text.utf8.count
                return true
            } removal: { record in
                touched += record.stream.text.utf8.count
                return true
            }
            if fault != nil { faults += 1 }
            #expect(touched <= 4 * payload.count)
        }
        print("mutated payloads, seed \(seed): \(faults) of 20000 refused")
        #expect(faults > 10_000)
    }
}
