import EmakiPlatform

/// Gathers a page of streams, in the order of their ids: first those in memory, slot by slot, then
/// those in the sealed files of that moment, or a later one.
struct StreamListing {
    struct Found {
        var id: [UInt8]
        var version: StreamVersion
    }

    private let prefix: [UInt8]
    private let after: [UInt8]?
    private let limit: Int
    private var found: [Found] = []
    /// The last id of a full page of those found: what is behind it is on a later page.
    private var last: [UInt8]?

    /// - Parameter after: only ids behind this one.
    init(prefix: [UInt8], after: [UInt8]?, limit: Int) {
        self.prefix = prefix
        self.after = after
        self.limit = max(0, limit)
    }

    /// Takes the stream in a slot of the index, if it is wanted.
    mutating func add(_ slot: Int, of core: LogCore) {
        let stream = prefix.withRawSpan {
            core.index.stream(atSlot: slot, prefix: $0, durable: core.durableEnd)
        }
        guard let stream else { return }
        if let after, stream.id.order(against: after) <= 0 { return }
        if let last, stream.id.order(against: last) > 0 { return }
        guard !isRemoved(stream.id, stream.version, core) else { return }
        found.append(Found(id: stream.id, version: stream.version))
        // Keep what can still be among the first, so that memory follows the limit.
        if found.count / 2 > max(limit, 1024) { keepFirst() }
    }

    /// Whether a stream holds snapshots, which only who asks for them by name is shown.
    private func isHidden(_ id: [UInt8]) -> Bool {
        id.first == SnapshotStream.marker && prefix.first != SnapshotStream.marker
    }

    /// Whether nothing of a stream is left, or it is hidden.
    private func isRemoved(
        _ id: [UInt8], _ version: StreamVersion, _ core: LogCore
    ) -> Bool {
        if isHidden(id) { return true }
        return id.withRawSpan { core.removals.through(id: $0) } >= version
    }

    private mutating func keepFirst() {
        // One that was forgotten and looked up again meanwhile may be here twice.
        found.sort {
            let order = $0.id.order(against: $1.id)
            return order < 0 || (order == 0 && $0.version > $1.version)
        }
        var kept: [Found] = []
        kept.reserveCapacity(found.count)
        for stream in found where kept.last?.id != stream.id { kept.append(stream) }
        found = kept
        if found.count >= limit {
            found.removeLast(found.count - limit)
            last = found.last?.id
        }
    }

    /// The page.
    /// - Complexity: O((streams of the page + 1) · files).
    mutating func merged(
        with set: SealedSet, looking look: ((LogCore) -> Void) throws(LogError) -> Void
    ) throws(LogError) -> [Found] {
        keepFirst()
        var hasRemovals = false
        try look { core in hasRemovals = !core.removals.isEmpty }
        var cursors: [FileCursor] = []
        for file in set.files {
            let cursor = try FileCursor(file, prefix: prefix, after: after)
            if let cursor { cursors.append(cursor) }
        }
        var page: [Found] = []
        var memory = found[...]
        while page.count < limit {
            var least = memory.first?.id
            for cursor in cursors {
                guard let other = least else {
                    least = cursor.id
                    continue
                }
                if cursor.id.order(against: other) < 0 { least = cursor.id }
            }
            guard let id = least else { break }
            var version = StreamVersion.none
            var isFromMemory = false
            if let first = memory.first, first.id == id {
                isFromMemory = true
                version = first.version
                memory.removeFirst()
            }
            for index in cursors.indices.reversed() where cursors[index].id == id {
                version = max(version, cursors[index].version)
                if try !cursors[index].advance(within: prefix) { cursors.remove(at: index) }
            }
            var isRemoved = isHidden(id)
            // One in memory was visible when it was looked at; asking again could drop it, and with
            // it those behind it that a full page has left out.
            if hasRemovals, !isFromMemory {
                try look { core in isRemoved = self.isRemoved(id, version, core) }
            }
            if !isRemoved { page.append(Found(id: id, version: version)) }
        }
        return page
    }

    /// The next stream of one file.
    private struct FileCursor {
        private let file: SealedFile
        private var number: Int
        private(set) var id: [UInt8] = []
        private(set) var version = StreamVersion.none

        /// - Returns: nil if it has none that is wanted.
        init?(_ file: SealedFile, prefix: [UInt8], after: [UInt8]?) throws(LogError) {
            self.file = file
            // Streams of snapshots come first, and are asked for by name only.
            var start = prefix.isEmpty ? [SnapshotStream.marker + 1] : prefix
            if let after, start.order(against: after) <= 0 { start = after }
            number = try start.withRawSpan { (id: RawSpan) throws(LogError) in
                try file.firstStream(notBefore: id)
            }
            guard try load(within: prefix) else { return nil }
            if let after, id == after, try !advance(within: prefix) { return nil }
        }

        mutating func advance(within prefix: [UInt8]) throws(LogError) -> Bool {
            number += 1
            return try load(within: prefix)
        }

        private mutating func load(within prefix: [UInt8]) throws(LogError) -> Bool {
            guard number < file.footer.streamCount else { return false }
            id = try file.withID(number) { $0.copyToArray() }
            guard id.starts(with: prefix) else { return false }
            version = try file.stream(number).lastVersion
            return true
        }
    }
}
