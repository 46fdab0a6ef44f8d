import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// An open file of the operating system.
///
/// A call that did part of its work is continued; a call that a signal stopped before it did
/// anything is made again. Any other failure is thrown at once, never retried: after a failed
/// write or sync nobody knows what the device holds.
package final class PosixFile: File {
    private let descriptor: Descriptor
    private let isDirect: Bool
    /// A new size is more than `fdatasync` promises to keep.
    private let isResized = Atomic(false)

    /// A direct read that ends inside a unit of this size has met the end of the file.
    private static let directUnitBytes = 512

    /// Takes over an open descriptor.
    init(descriptor: Int32, isDirect: Bool) {
        self.descriptor = Descriptor(descriptor)
        self.isDirect = isDirect
    }

    package func byteCount() throws(DiskError) -> Int {
        let number = try descriptor.borrow(for: .read)
        defer { descriptor.giveBack() }
        return try SystemCall.status(of: number, for: .read).byteCount
    }

    package func read(into bytes: inout MutableRawSpan, at fileOffset: Int)
        throws(DiskError) -> Int
    {
        let number = try descriptor.borrow(for: .read)
        defer { descriptor.giveBack() }
        // Safe because the buffer does not leave the closure.
        return try unsafe bytes.withUnsafeMutableBytes { buffer throws(DiskError) in
            try unsafe readAll(number, into: buffer, at: fileOffset)
        }
    }

    package func write(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        let number = try descriptor.borrow(for: .write)
        defer { descriptor.giveBack() }
        // Safe because the buffers do not leave the closures.
        try unsafe bytes.withUnsafeBytes { buffer throws(DiskError) in
            try unsafe writeAll(buffer, at: fileOffset) { rest, offset throws(DiskError) in
                try unsafe SystemCall.writeOnce(number, rest, at: offset)
            }
        }
    }

    package func writeDurably(_ bytes: RawSpan, at fileOffset: Int, by method: SyncMethod)
        throws(DiskError)
    {
        switch method {
        case .direct:
            try writeThrough(bytes, at: fileOffset)
        case .dataSync, .fullSync:
            #if canImport(Darwin)
                let isKnownHere = method == .fullSync
            #else
                let isKnownHere = method == .dataSync
            #endif
            guard isKnownHere else { throw DiskError(.write, EOPNOTSUPP) }
            try write(bytes, at: fileOffset)
            try sync()
        }
    }

    package func sync() throws(DiskError) {
        let number = try descriptor.borrow(for: .sync)
        defer { descriptor.giveBack() }
        // Taken before the sync, so that a resize during it counts for the next one.
        guard isResized.exchange(false, ordering: .acquiringAndReleasing) else {
            return try SystemCall.syncContents(number)
        }
        do {
            try SystemCall.syncEverything(number, for: .sync)
        } catch {
            isResized.store(true, ordering: .releasing)
            throw error
        }
    }

    package func resize(to byteCount: Int) throws(DiskError) {
        let number = try descriptor.borrow(for: .resize)
        defer { descriptor.giveBack() }
        try SystemCall.resize(number, to: byteCount)
        isResized.store(true, ordering: .releasing)
    }

    package func allocate(_ byteCount: Int) throws(DiskError) {
        let isDone: Bool
        do {
            let number = try descriptor.borrow(for: .allocate)
            defer { descriptor.giveBack() }
            isDone = try SystemCall.allocate(number, byteCount: byteCount)
        }
        // Zeros, then.
        if !isDone { try writeZeros(to: byteCount) }
        isResized.store(true, ordering: .releasing)
    }

    package func dropCache() throws(DiskError) {
        let number = try descriptor.borrow(for: .read)
        defer { descriptor.giveBack() }
        try SystemCall.dropCache(number)
    }

    package func expectRandomReads() { wish { SystemCall.expectRandomReads($0) } }
    package func expectRead(of range: Range<Int>) { wish { SystemCall.expectRead($0, of: range) } }

    private func wish(_ body: (Int32) -> Void) {
        do throws(DiskError) {
            let number = try descriptor.borrow(for: .read)
            defer { descriptor.giveBack() }
            body(number)
        } catch {
            // A closed file is read by nobody.
        }
    }

    package func map() throws(DiskError) -> any Mapping {
        let number = try descriptor.borrow(for: .map)
        defer { descriptor.giveBack() }
        let byteCount = try SystemCall.status(of: number, for: .map).byteCount
        return try PosixMapping(descriptor: number, byteCount: byteCount)
    }

    package func close() {
        descriptor.close()
    }

    private func writeThrough(_ bytes: RawSpan, at fileOffset: Int) throws(DiskError) {
        let number = try descriptor.borrow(for: .write)
        defer { descriptor.giveBack() }
        // Safe because the buffers do not leave the closures.
        try unsafe bytes.withUnsafeBytes { buffer throws(DiskError) in
            try unsafe writeAll(buffer, at: fileOffset) { rest, offset throws(DiskError) in
                try unsafe SystemCall.writeDurablyOnce(number, rest, at: offset)
            }
        }
    }

    private func readAll(
        _ number: Int32, into buffer: UnsafeMutableRawBufferPointer, at fileOffset: Int
    ) throws(DiskError) -> Int {
        var doneBytes = 0
        while doneBytes < buffer.count {
            // Safe because `doneBytes` is within the buffer.
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[doneBytes...])
            let count = try unsafe SystemCall.readOnce(
                number, into: rest, at: fileOffset + doneBytes)
            guard let count else { continue }
            if count == 0 { break }
            doneBytes += count
            // Going on from here would fail with `EINVAL` instead of saying that this is the end.
            if isDirect && count % Self.directUnitBytes != 0 { break }
        }
        return doneBytes
    }

    private func writeAll(
        _ buffer: UnsafeRawBufferPointer, at fileOffset: Int,
        _ writeOnce: (UnsafeRawBufferPointer, Int) throws(DiskError) -> Int?
    ) throws(DiskError) {
        var doneBytes = 0
        while doneBytes < buffer.count {
            // Safe because `doneBytes` is within the buffer.
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[doneBytes...])
            let count = try unsafe writeOnce(rest, fileOffset + doneBytes)
            guard let count else { continue }
            // A device that takes nothing and reports nothing would keep us here for ever.
            if count == 0 { throw DiskError(.write, EIO) }
            doneBytes += count
        }
    }
}
