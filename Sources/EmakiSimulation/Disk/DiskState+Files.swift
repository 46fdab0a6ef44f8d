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
        _ handle: Handle, into bytes: inout MutableRawSpan, at offset: Int, _ course: CallCourse
    ) throws(DiskError) -> Int {
        // Nothing is asked of the system then.
        guard bytes.byteCount > 0 else { return 0 }
        guard offset >= 0, offset <= Int.max - bytes.byteCount else {
            throw DiskError(.read, SystemCode.invalid)
        }
        // The system sees first that there is nothing to read, and then how it would be read.
        guard let file = files[handle.number] else { return 0 }
        let contents = handle.isDirect ? file.device : file.visible
        guard offset < contents.byteCount else { return 0 }
        if handle.isDirect {
            // Linux does not look where there is a hole; whoever relies on that is wrong here.
            let isAligned = bytes.withBytes { $0.isAligned(to: traits.logicalBlockBytes) }
            try checkDirect(isAligned, offset..<offset + bytes.byteCount, for: .read)
        }
        guard file.isReadable(offset..<min(offset + bytes.byteCount, contents.byteCount)) else {
            throw DiskError(.read, SystemCode.inputOutput)
        }
        let count = contents.read(into: &bytes, at: offset)
        guard case .shortRead(let limit) = course.action else { return count }
        return min(count, max(0, limit))
    }

    /// - Parameter durably: durable on return, alone of all that was written.
    mutating func write(
        _ handle: Handle, _ bytes: RawSpan, at offset: Int, durably: Bool, _ course: CallCourse
    ) throws(DiskError) {
        guard bytes.byteCount > 0 else { return }
        guard offset >= 0 else { throw DiskError(.write, SystemCode.invalid) }
        guard handle.isWritable else { throw DiskError(.write, SystemCode.badFile) }
        guard offset <= Int.max - bytes.byteCount else {
            throw DiskError(.write, SystemCode.invalid)
        }
        let end = offset + bytes.byteCount
        guard end <= traits.fileBytesMax else { throw DiskError(.write, SystemCode.tooLarge) }
        if handle.isDirect {
            let isAligned = bytes.isAligned(to: traits.logicalBlockBytes)
            try checkDirect(isAligned, offset..<end, for: .write)
        }
        guard let file = files[handle.number] else { return }
        let wanted = min(bytes.byteCount, max(0, course.bytesMax))
        let room = roomBytes(for: offset..<offset + wanted, in: file)
        let source = origin(handle.path)
        let place = course.place(
            of: offset, count: room, within: file.visible.byteCount)
        files[handle.number]?.write(
            bytes.extracting(0..<room), at: place, source,
            durably: durably && room == bytes.byteCount)
        strike(handle, place..<place + room, course)
        guard room == wanted else { throw DiskError(.write, SystemCode.noSpace) }
    }

    mutating func sync(_ handle: Handle, _ course: CallCourse) throws(DiskError) {
        if case .failSync(let code, let pages) = course.action {
            files[handle.number]?.failSync(pages)
            throw DiskError(.sync, code)
        }
        if course.makesDurable { files[handle.number]?.sync() }
    }

    mutating func dropCache(_ handle: Handle) { files[handle.number]?.dropCache() }

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
        _ isAligned: Bool, _ range: Range<Int>, for operation: DiskError.Operation
    ) throws(DiskError) {
        let bits = range.lowerBound | range.upperBound
        guard isAligned, bits & (traits.logicalBlockBytes - 1) == 0 else {
            throw DiskError(operation, SystemCode.invalid)
        }
    }
}
