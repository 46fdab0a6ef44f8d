import EmakiPlatform

/// Calls on an open file.
extension DiskState {
    struct Handle: Sendable {
        let number: Int
        let path: String
        let isWritable: Bool
        let isDirect: Bool
    }

    func byteCount(_ handle: Handle) -> Int { files[handle.number]?.visible.byteCount ?? 0 }

    func read(
        _ handle: Handle, into bytes: inout MutableRawSpan, at offset: Int
    ) throws(DiskError) -> Int {
        // Nothing is asked of the system then.
        guard bytes.byteCount > 0 else { return 0 }
        guard offset >= 0 else { throw DiskError(.read, SystemCode.invalid) }
        if handle.isDirect {
            let isAligned = bytes.withBytes { $0.isAligned(to: traits.logicalBlockBytes) }
            try checkDirect(isAligned, offset, bytes.byteCount, for: .read)
        }
        return files[handle.number]?.visible.read(into: &bytes, at: offset) ?? 0
    }

    /// - Parameter durably: durable on return, alone of all that was written.
    mutating func write(
        _ handle: Handle, _ bytes: RawSpan, at offset: Int, durably: Bool
    ) throws(DiskError) {
        guard bytes.byteCount > 0 else { return }
        guard offset >= 0 else { throw DiskError(.write, SystemCode.invalid) }
        guard handle.isWritable else { throw DiskError(.write, SystemCode.badFile) }
        let (end, isBeyond) = offset.addingReportingOverflow(bytes.byteCount)
        guard !isBeyond, end <= traits.fileBytesMax else {
            throw DiskError(.write, SystemCode.tooLarge)
        }
        if handle.isDirect {
            try checkDirect(
                bytes.isAligned(to: traits.logicalBlockBytes), offset, bytes.byteCount, for: .write)
        }
        guard let file = files[handle.number] else { return }
        let count = roomBytes(for: offset..<end, in: file)
        let source = origin(handle.path)
        files[handle.number]?.write(
            bytes.extracting(0..<count), at: offset, source,
            durably: durably && count == bytes.byteCount)
        guard count == bytes.byteCount else { throw DiskError(.write, SystemCode.noSpace) }
    }

    mutating func sync(_ handle: Handle) { files[handle.number]?.sync() }

    mutating func resize(_ handle: Handle, to byteCount: Int) throws(DiskError) {
        guard byteCount >= 0, handle.isWritable else {
            throw DiskError(.resize, SystemCode.invalid)
        }
        guard byteCount <= traits.fileBytesMax else {
            throw DiskError(.resize, SystemCode.tooLarge)
        }
        let source = origin(handle.path)
        files[handle.number]?.resize(to: byteCount, source)
    }

    private func checkDirect(
        _ isAligned: Bool, _ offset: Int, _ count: Int, for operation: DiskError.Operation
    ) throws(DiskError) {
        guard isAligned, (offset | count) & (traits.logicalBlockBytes - 1) == 0 else {
            throw DiskError(operation, SystemCode.invalid)
        }
    }
}
