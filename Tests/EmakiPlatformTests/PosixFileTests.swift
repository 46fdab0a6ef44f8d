import EmakiPlatform
import Glibc
import Testing

@Suite("The operating system's files")
struct PosixFileTests {
    let folder: TemporaryFolder
    var files: PosixFileSystem { folder.files }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("what is written is read back, at any offset")
    func roundTrip() throws {
        let file = try files.open("file", OpenMode(.mustBeNew))
        try file.writeArray([1, 2, 3, 4], at: 10)
        #expect(try file.byteCount() == 14)
        #expect(try file.readArray(4, at: 10) == [1, 2, 3, 4])
        #expect(try file.readArray(2, at: 9) == [0, 1])
        try file.writeArray([], at: 0)
        #expect(try file.byteCount() == 14)
    }

    @Test("a read that meets the end returns what there is")
    func shortRead() throws {
        let file = try files.open("file", OpenMode(.mustBeNew))
        try file.writeArray([1, 2, 3], at: 0)
        #expect(try file.readArray(100, at: 1) == [2, 3])
        #expect(try file.readArray(100, at: 3) == [])
        #expect(try file.readArray(100, at: 1000) == [])
        #expect(try file.readArray(0, at: 0) == [])
    }

    @Test("a file grows with zeros and shrinks")
    func resizing() throws {
        let file = try files.open("file", OpenMode(.mustBeNew))
        try file.writeArray([1, 2, 3], at: 0)
        try file.resize(to: 5)
        #expect(try file.readArray(9, at: 0) == [1, 2, 3, 0, 0])
        try file.sync()
        try file.resize(to: 1)
        try file.sync()
        try file.dropCache()
        #expect(try file.readArray(9, at: 0) == [1])
        let error = #expect(throws: DiskError.self) { try file.resize(to: -1) }
        #expect(error == DiskError(.resize, EINVAL))
    }

    @Test("a buffered durable write is on the device and readable")
    func dataSync() throws {
        let file = try files.open("file", OpenMode(.mustBeNew))
        try [UInt8](repeating: 7, count: 4096).withRawSpan { span throws(DiskError) in
            try file.writeDurably(span, at: 0, by: .dataSync)
        }
        #expect(try file.readArray(1, at: 4095) == [7])
        let error = #expect(throws: DiskError.self) {
            try [UInt8](repeating: 7, count: 1).withRawSpan { span throws(DiskError) in
                try file.writeDurably(span, at: 0, by: .fullSync)
            }
        }
        #expect(error == DiskError(.write, EOPNOTSUPP), "that method is for Apple platforms")
    }

    @Test("a direct durable write reads back directly", .enabled(if: TemporaryFolder.hasDirect))
    func directWrite() throws {
        let file = try files.open("file", OpenMode(.mustBeNew, direct: true))
        let memory = try PageMemory(byteCount: 8192)
        memory.store(UInt64(0x0102_0304_0506_0708), at: 5000)
        try memory.withBytes(in: 0..<8192) { bytes throws(DiskError) in
            try file.write(bytes, at: 0)
        }
        try memory.withBytes(in: 4096..<8192) { bytes throws(DiskError) in
            try file.writeDurably(bytes, at: 0, by: .direct)
        }
        memory.zero(0..<8192)
        let read = try memory.withMutableBytes(in: 0..<8192) { bytes throws(DiskError) in
            try file.read(into: &bytes, at: 0)
        }
        #expect(read == 8192)
        #expect(memory.loadUInt64(at: 904) == 0x0102_0304_0506_0708)
        #expect(memory.loadUInt64(at: 5000) == 0x0102_0304_0506_0708)
    }

    @Test("direct I/O off the block is refused", .enabled(if: TemporaryFolder.hasDirect))
    func directAlignment() throws {
        let file = try files.open("file", OpenMode(.mustBeNew, direct: true))
        let memory = try PageMemory(byteCount: 8192)
        for (range, fileOffset) in [(1..<4097, 0), (0..<100, 0), (0..<4096, 100)] {
            let error = #expect(throws: DiskError.self) {
                try memory.withBytes(in: range) { bytes throws(DiskError) in
                    try file.writeDurably(bytes, at: fileOffset, by: .direct)
                }
            }
            #expect(error == DiskError(.write, EINVAL), "\(range) at \(fileOffset)")
        }
    }

    @Test(
        "a direct read ends at the end of a file of odd length",
        .enabled(if: TemporaryFolder.hasDirect), arguments: [1, 511, 512, 513, 4096, 5000])
    func directShortRead(byteCount: Int) throws {
        try files.open("file", OpenMode(.mustBeNew))
            .writeArray([UInt8](repeating: 9, count: byteCount), at: 0)
        let file = try files.open("file", OpenMode(.mustExist, direct: true))
        let memory = try PageMemory(byteCount: 8192)
        let read = try memory.withMutableBytes(in: 0..<8192) { bytes throws(DiskError) in
            try file.read(into: &bytes, at: 0)
        }
        #expect(read == byteCount)
        #expect(memory.loadUInt8(at: byteCount - 1) == 9)
        #expect(memory.loadUInt8(at: byteCount) == 0)
    }

    @Test(
        "direct I/O is refused where there is none",
        .enabled(if: (try? PosixFileSystem(root: "/proc").kind(of: "version")) == .file))
    func noDirect() {
        let error = #expect(throws: DiskError.self) {
            try PosixFileSystem(root: "/proc")
                .open("version", OpenMode(.mustExist, writable: false, direct: true))
        }
        #expect(error?.operation == .open)
    }

    @Test("a mapping outlives its file, closed and removed")
    func mapping() throws {
        var mapping: (any Mapping)?
        do {
            let file = try files.open("file", OpenMode(.mustBeNew))
            try file.writeArray(Array(0...99), at: 0)
            mapping = try file.map()
            file.close()
            try files.remove("file")
        }
        let map = try #require(mapping)
        #expect(map.byteCount == 100)
        #expect(map.withBytes(in: 40..<43) { $0.copyToArray() } == [40, 41, 42])
        #expect(map.withBytes(in: 100..<100) { $0.byteCount } == 0)
    }

    @Test("an empty file has an empty mapping")
    func emptyMapping() throws {
        let map = try files.open("file", OpenMode(.mustBeNew)).map()
        #expect(map.byteCount == 0)
        #expect(map.withBytes(in: 0..<0) { $0.isEmpty })
    }

    @Test("after close every call fails, and close again does nothing")
    func useAfterClose() throws {
        let file = try files.open("file", OpenMode(.mustBeNew))
        file.close()
        file.close()
        // A descriptor that is given the freed number must not be touched.
        let other = try files.open("other", OpenMode(.mustBeNew))
        let attempts: [() throws -> Void] = [
            { _ = try file.byteCount() }, { _ = try file.readArray(1, at: 0) },
            { try file.writeArray([1], at: 0) }, { try file.sync() }, { try file.resize(to: 1) },
            { try file.dropCache() }, { _ = try file.map() },
        ]
        for attempt in attempts {
            let error = #expect(throws: DiskError.self) { try attempt() }
            #expect(error?.code == EBADF)
        }
        #expect(try other.byteCount() == 0)
    }

    @Test("closing under readers ends them with an error and hurts no other file")
    func closeUnderReaders() throws {
        for _ in 0..<20 {
            let file = try files.open("file", OpenMode(.createIfMissing))
            try file.writeArray([UInt8](repeating: 1, count: 512), at: 0)
            runOnThreads(count: 4) { index in
                if index == 0 { return file.close() }
                let other = try? files.open("other \(index)", OpenMode(.createIfMissing))
                do throws(DiskError) {
                    while true {
                        let bytes = try file.readArray(512, at: 0)
                        if bytes != [UInt8](repeating: 1, count: 512) {
                            Issue.record("read from a descriptor of someone else")
                        }
                    }
                } catch {
                    #expect(error.code == EBADF)
                }
                #expect((try? other?.byteCount()) == 0)
            }
        }
    }
}
