import EmakiPlatform
import Synchronization

/// An open file of a simulated disk. After a power loss every call fails, as on a machine that is
/// gone.
final class SimulatedFile: File {
    private let handle: DiskState.Handle
    private let disk: SimulatedFileSystem
    private let life: Int
    private let isClosed = Atomic(false)

    init(_ handle: DiskState.Handle, of disk: SimulatedFileSystem, inLife life: Int) {
        self.handle = handle
        self.disk = disk
        self.life = life
    }

    deinit { close() }

    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        disk.closeHandle(handle.number, inLife: life)
    }

    func byteCount() throws(DiskError) -> Int {
        try perform(.byteCount) { (state, _) throws(DiskError) in state.byteCount(handle) }
    }

    func read(into bytes: inout MutableRawSpan, at fileOffset: Int) throws(DiskError) -> Int {
        try perform(.read, at: fileOffset, count: bytes.byteCount) {
            (state, course) throws(DiskError) in
            state.strike(handle, range(fileOffset, bytes.byteCount), course)
            return try state.read(handle, into: &bytes, at: fileOffset, course)
        }
    }

    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        try inPieces(bytes, at: fileOffset, of: .write) { (piece, offset) throws(DiskError) in
            let digest = Checksum.crc32c(piece)
            try perform(.write, at: offset, count: piece.byteCount, digest: digest) {
                (state, course) throws(DiskError) in
                guard course.action != .loseWrite else { return }
                try state.write(handle, piece, at: offset, durably: false, course)
            }
        }
    }

    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        // Nothing is asked of the system then.
        guard disk.traitsOfDisk.syncMethods.contains(method) else {
            throw DiskError(.write, SystemCode.notSupported)
        }
        try inPieces(bytes, at: fileOffset, of: .writeDurably) {
            (piece, offset) throws(DiskError) in
            let digest = Checksum.crc32c(piece)
            try perform(.writeDurably, at: offset, count: piece.byteCount, digest: digest) {
                (state, course) throws(DiskError) in
                let isAlone = method == .direct && course.makesDurable
                if course.action != .loseWrite {
                    try state.write(handle, piece, at: offset, durably: isAlone, course)
                }
                if !isAlone { try state.sync(handle, course) }
            }
        }
    }

    func sync() throws(DiskError) {
        try perform(.sync) { (state, course) throws(DiskError) in
            try state.sync(handle, course)
        }
    }

    func resize(to byteCount: Int) throws(DiskError) {
        try perform(.resize, at: byteCount) { (state, _) throws(DiskError) in
            try state.resize(handle, to: byteCount)
        }
    }

    func dropCache() throws(DiskError) {
        try perform(.dropCache) { (state, _) throws(DiskError) in state.dropCache(handle) }
    }

    func map() throws(DiskError) -> any Mapping {
        let byteCount = try perform(.map) { (state, _) throws(DiskError) in
            state.addHandle(handle.number)
            return state.byteCount(handle)
        }
        return SimulatedMapping(handle, byteCount: byteCount, of: disk, inLife: life)
    }

    /// A write that the system did in two steps is two calls.
    private func inPieces(
        _ bytes: RawSpan, at offset: Int, of call: DoorCall,
        _ write: (RawSpan, Int) throws(DiskError) -> Void
    ) throws(DiskError) {
        guard let first = disk.splitPoint(of: call, handle.path, bytes.byteCount) else {
            return try write(bytes, offset)
        }
        try write(bytes.extracting(0..<first), offset)
        try write(bytes.extracting(first..<bytes.byteCount), offset + first)
    }

    private func perform<R>(
        _ call: DoorCall, at offset: Int = 0, count: Int = 0, digest: UInt32 = 0,
        _ body: (inout DiskState, CallCourse) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        guard !isClosed.load(ordering: .acquiring) else {
            throw DiskError(call.operation, SystemCode.badFile)
        }
        return try disk.perform(
            call, handle.path, range: range(offset, count), digest: digest, inLife: life, body)
    }

    private func range(_ offset: Int, _ count: Int) -> Range<Int> {
        let (end, isBeyond) = offset.addingReportingOverflow(count)
        return offset..<(isBeyond ? .max : end)
    }
}

/// A view of a simulated file as it is when looked at. A power loss takes its bytes: then it shows
/// zeros.
final class SimulatedMapping: Mapping {
    let byteCount: Int
    private let handle: DiskState.Handle
    private let disk: SimulatedFileSystem
    private let life: Int

    init(
        _ handle: DiskState.Handle, byteCount: Int, of disk: SimulatedFileSystem, inLife life: Int
    ) {
        self.handle = handle
        self.byteCount = byteCount
        self.disk = disk
        self.life = life
    }

    deinit { disk.closeHandle(handle.number, inLife: life) }

    func withBytes<R>(in range: Range<Int>, _ body: (RawSpan) -> R) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "within the file")
        var bytes = [UInt8](repeating: 0, count: range.count)
        bytes.withMutableRawSpan {
            disk.look(handle.number, inLife: life, into: &$0, at: range.lowerBound)
        }
        return bytes.withRawSpan(body)
    }
}
