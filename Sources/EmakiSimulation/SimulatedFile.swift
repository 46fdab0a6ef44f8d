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
            (state, _) throws(DiskError) in
            try state.read(handle, into: &bytes, at: fileOffset)
        }
    }

    func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        let digest = Checksum.crc32c(bytes, seed: 0)
        try perform(.write, at: fileOffset, count: bytes.byteCount, digest: digest) {
            (state, _) throws(DiskError) in
            try state.write(handle, bytes, at: fileOffset, durably: false)
        }
    }

    func writeDurably(
        _ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod
    ) throws(DiskError) {
        let digest = Checksum.crc32c(bytes, seed: 0)
        try perform(.writeDurably, at: fileOffset, count: bytes.byteCount, digest: digest) {
            (state, isCut) throws(DiskError) in
            guard state.traits.syncMethods.contains(method) else {
                throw DiskError(.write, SystemCode.notSupported)
            }
            let isAlone = method == .direct
            try state.write(handle, bytes, at: fileOffset, durably: isAlone && !isCut)
            if !isAlone && !isCut { state.sync(handle) }
        }
    }

    func sync() throws(DiskError) {
        try perform(.sync) { (state, isCut) throws(DiskError) in
            if !isCut { state.sync(handle) }
        }
    }

    func resize(to byteCount: Int) throws(DiskError) {
        try perform(.resize, at: byteCount) { (state, _) throws(DiskError) in
            try state.resize(handle, to: byteCount)
        }
    }

    func dropCache() throws(DiskError) {
        try perform(.dropCache) { (_, _) throws(DiskError) in }
    }

    func map() throws(DiskError) -> any Mapping {
        let byteCount = try perform(.map) { (state, _) throws(DiskError) in
            state.addHandle(handle.number)
            return state.byteCount(handle)
        }
        return SimulatedMapping(handle, byteCount: byteCount, of: disk, inLife: life)
    }

    private func perform<R>(
        _ call: DoorCall, at offset: Int = 0, count: Int = 0, digest: UInt32 = 0,
        _ body: (inout DiskState, Bool) throws(DiskError) -> R
    ) throws(DiskError) -> R {
        guard !isClosed.load(ordering: .acquiring) else {
            throw DiskError(call.operation, SystemCode.badFile)
        }
        let (end, isBeyond) = offset.addingReportingOverflow(count)
        return try disk.perform(
            call, handle.path, range: offset..<(isBeyond ? .max : end), digest: digest,
            inLife: life, body)
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
