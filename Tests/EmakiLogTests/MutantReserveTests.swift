import EmakiPlatform
import Glibc
import Testing

@testable import EmakiLog

/// What the reserve holds, gives and takes back, and when it goes to the disk.
@Suite struct MutantReserveTests {
    private static let wanted = 1 << 20
    private static let path = Reserve.name

    private static func disk(holding byteCount: Int? = nil) -> MemoryFileSystem {
        let files = MemoryFileSystem()
        if let byteCount { files[path] = [UInt8](repeating: 0, count: byteCount) }
        return files
    }

    private static func reserve(
        _ files: MemoryFileSystem, wanted: Int = MutantReserveTests.wanted
    ) -> Reserve {
        Reserve(in: files, wantedBytes: wanted)
    }

    /// What it says of itself.
    private static func state(_ reserve: Reserve) -> [Bool] {
        [reserve.isWhole, reserve.isShort, reserve.needsRefill]
    }

    @Test("it says whether it is whole, short, or to be made, by what is there")
    func states() {
        for (held, wanted, state) in [
            (nil, Self.wanted, [false, false, true]), (0, Self.wanted, [false, true, true]),
            (Self.wanted - 1, Self.wanted, [false, true, true]),
            // Its space may never have been asked for: a copied file has its size only.
            (Self.wanted, Self.wanted, [true, false, true]),
            (Self.wanted + 1, Self.wanted, [true, false, true]), (nil, 0, [true, false, false]),
            (0, 0, [true, false, false]), (5, 0, [true, false, true]),
        ] as [(Int?, Int, [Bool])] {
            let files = Self.disk(holding: held)
            let reserve = Self.reserve(files, wanted: wanted)
            #expect(Self.state(reserve) == state, "\(String(describing: held)) of \(wanted)")
            #expect(reserve.heldBytes == held ?? 0)
            #expect(files.openFileCount == 0)
        }
    }

    @Test("it is made whole from whatever is there, durably, and then left alone")
    func refill() throws {
        for held in [nil, 0, 300_000, Self.wanted, Self.wanted + 70_000] as [Int?] {
            let files = Self.disk(holding: held)
            let reserve = Self.reserve(files)
            try reserve.refill()
            #expect(Self.state(reserve) == [true, false, false])
            #expect(files.openFileCount == 0)
            #expect(files.counts[.syncFolder] ?? 0 == (held == nil ? 1 : 0))
            let after = files.afterPowerLoss(keepingEntries: false, keepingBytes: false)
            #expect(after[Self.path].count == Self.wanted)
            files.resetCounts()
            try reserve.refill()
            #expect(files.callCount == 0)
        }
    }

    @Test("without room for all of it, it keeps what it held, and is short")
    func refused() throws {
        for held in [nil, 300_000] as [Int?] {
            let files = Self.disk(holding: held)
            let reserve = Self.reserve(files)
            files.fault = .init(kind: .write, number: 2, code: ENOSPC)
            let error = #expect(throws: DiskError.self) { try reserve.refill() }
            #expect(error?.isNoSpace == true)
            #expect(files[Self.path].count == held ?? 0)
            #expect(reserve.heldBytes == held ?? 0)
            #expect(Self.state(reserve) == [false, true, true])
            #expect(files.openFileCount == 0)
            files.fault = nil
            try reserve.refill()
            #expect(Self.state(reserve) == [true, false, false])
        }
    }

    @Test("it gives what is asked for, durably; to a file not what MANIFEST may need")
    func give() throws {
        let kept = Self.wanted / 8
        for (asked, use, rest) in [
            (1_000, .file, Self.wanted - 1_000), (Self.wanted, .file, kept),
            (Self.wanted - kept + 1, .file, kept), (Self.wanted, .manifest, 0),
            (2 * Self.wanted, .manifest, 0), (5_000, .manifest, Self.wanted - 5_000),
        ] as [(Int, Reserve.Use, Int)] {
            let files = Self.disk(holding: Self.wanted)
            let reserve = Self.reserve(files)
            #expect(try reserve.give(asked, for: use))
            #expect(reserve.heldBytes == rest)
            let after = files.afterPowerLoss(keepingEntries: false, keepingBytes: false)
            #expect(after[Self.path].count == rest)
            #expect(files.openFileCount == 0)
            #expect(reserve.isShort)
        }
    }

    @Test("what has nothing to give says so, and does not go to the disk")
    func nothingToGive() throws {
        for (held, use) in [(nil, .manifest), (0, .file), (Self.wanted / 8, .file)]
            as [(Int?, Reserve.Use)]
        {
            let files = Self.disk(holding: held)
            let reserve = Self.reserve(files)
            files.resetCounts()
            #expect(try !reserve.give(1_000, for: use))
            #expect(files.callCount == 0)
            #expect(reserve.heldBytes == held ?? 0)
        }
    }

    @Test("who finds no room tries once more with some of it; who fails otherwise does not")
    func drawing() throws {
        let files = Self.disk(holding: Self.wanted)
        let reserve = Self.reserve(files)
        var heldAtTry: [Int] = []
        #expect(
            try reserve.drawing(4_096, for: .file) { () throws(DiskError) in
                heldAtTry.append(reserve.heldBytes)
                if heldAtTry.count == 1 { throw .noSpace(.write) }
                return 5
            } == 5)
        #expect(heldAtTry == [Self.wanted, Self.wanted - 4_096])
        heldAtTry = []
        let error = #expect(throws: DiskError.self) {
            try reserve.drawing(4_096, for: .file) { () throws(DiskError) in
                heldAtTry.append(reserve.heldBytes)
                throw DiskError(.write, EIO)
            }
        }
        #expect(error == DiskError(.write, EIO))
        #expect(heldAtTry == [Self.wanted - 4_096])
        // The same for those whose errors are of the log.
        #expect(throws: LogError.closed) {
            try reserve.drawing(4_096, for: .file) { () throws(LogError) in throw .closed }
        }
        var count = 0
        #expect(throws: LogError.noSpace) {
            try reserve.drawing(4_096, for: .file) { () throws(LogError) in
                count += 1
                throw .noSpace
            }
        }
        #expect(count == 2)
        #expect(reserve.heldBytes == Self.wanted - 2 * 4_096)
    }

    @Test("where no reserve is wanted, or it cannot be reached, nothing is tried a second time")
    func noReserve() {
        for wanted in [0, Self.wanted] {
            let files = Self.disk(holding: wanted == 0 ? 5 : wanted)
            let reserve = Self.reserve(files, wanted: wanted)
            if wanted > 0 { files.fault = .init(kind: .resize, number: 1) }
            var count = 0
            #expect(throws: LogError.noSpace) {
                try reserve.drawing(4_096, for: .file) { () throws(LogError) in
                    count += 1
                    throw .noSpace
                }
            }
            #expect(count == 1)
        }
    }

    @Test("as long as somebody draws on it nothing is taken back")
    func refillWhileDrawn() throws {
        let reserve = Self.reserve(Self.disk(holding: Self.wanted))
        var count = 0
        try reserve.drawing(4_096, for: .file) { () throws(DiskError) in
            count += 1
            if count == 1 { throw .noSpace(.write) }
            let error = #expect(throws: DiskError.self) { try reserve.refill() }
            #expect(error?.isNoSpace == true)
            #expect(reserve.isShort)
        }
        #expect(count == 2)
        try reserve.refill()
        #expect(reserve.isWhole)
    }
}
