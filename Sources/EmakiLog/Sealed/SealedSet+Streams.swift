import EmakiPlatform

/// Reading one stream through all sealed files.
extension SealedSet {
    /// The newest version of a stream in the files; nil if none has it.
    /// - Complexity: one access to memory for each file, and O(log streams) where it is.
    func head(of stream: StreamID) throws(LogError) -> StreamVersion? {
        let hash = stream.hash
        return try stream.text.withUTF8Span { (id: RawSpan) throws(LogError) in
            for file in files.reversed() {
                if let found = try file.find(id, hash: hash) { return found.lastVersion }
            }
            return nil
        }
    }

    /// What a read of a stream found.
    struct StreamBatch {
        var events: [RecordedEvent] = []
        /// A version that is missing between others, right behind `events`.
        var missing: StreamVersion?
    }

    /// Reads the next events of a stream: some, if there are any.
    /// - Parameters:
    ///   - version: the first wanted, in the order of reading.
    ///   - follows: the version before it was read, so it is missing if it is not here though more
    ///     are.
    func read(
        _ stream: StreamID, from version: StreamVersion, backwards: Bool, follows: Bool, limit: Int
    ) throws(LogError) -> StreamBatch {
        let hash = stream.hash
        return try stream.text.withUTF8Span { (id: RawSpan) throws(LogError) in
            backwards
                ? try readBackwards(id, hash, from: version, follows: follows, limit: limit)
                : try readForwards(id, hash, from: version, limit: limit)
        }
    }

    private func readForwards(
        _ id: RawSpan, _ hash: UInt64, from version: StreamVersion, limit: Int
    ) throws(LogError) -> StreamBatch {
        var batch = StreamBatch()
        var next = version
        var byteCount = 0
        for file in files {
            guard let found = try file.find(id, hash: hash), found.lastVersion >= next else {
                continue
            }
            var piece = try StreamPiece(of: found, in: file, id: id)
            try piece.read(from: next, limit: limit - batch.events.count)
            byteCount += piece.byteCount
            for (version, event) in piece.take() {
                // Nothing removes single events, so what is not there was lost.
                if version != next {
                    batch.missing = next
                    return batch
                }
                batch.events.append(event)
                next = StreamVersion(version.rawValue + 1)
            }
            let isFull = byteCount >= SealedEventBuffer.byteCountMax
            if batch.events.count >= limit || piece.isCut || isFull { break }
        }
        return batch
    }

    private func readBackwards(
        _ id: RawSpan, _ hash: UInt64, from version: StreamVersion, follows: Bool, limit: Int
    ) throws(LogError) -> StreamBatch {
        var batch = StreamBatch()
        var next = version
        var hasRead = follows
        var count = UInt64(min(limit, StreamPiece.eventCountMax))
        while batch.events.isEmpty, let (file, found) = try newest(id, hash, upTo: next) {
            if found.lastVersion < next {
                if hasRead {
                    batch.missing = next
                    return batch
                }
                next = found.lastVersion
            }
            let low = max(
                found.firstVersion.rawValue, next.rawValue - min(next.rawValue, count) + 1)
            var piece = try StreamPiece(of: found, in: file, id: id)
            try piece.read(from: StreamVersion(low), through: next)
            if piece.isCut, count > 1 {
                // Large events: fewer of them.
                count = max(1, count / 4)
                continue
            }
            for (version, event) in piece.take().reversed() {
                if hasRead, version != next {
                    batch.missing = next
                    return batch
                }
                hasRead = true
                batch.events.append(event)
                next = StreamVersion(version.rawValue - 1)
            }
            if batch.events.isEmpty {
                if hasRead {
                    batch.missing = next
                    return batch
                }
                next = StreamVersion(low - 1)
            }
        }
        // Nothing removes single events: what is older was lost.
        if batch.events.isEmpty, hasRead, next > .none { batch.missing = next }
        return batch
    }

    /// The newest file with a version of a stream up to this one.
    private func newest(
        _ id: RawSpan, _ hash: UInt64, upTo version: StreamVersion
    ) throws(LogError) -> (SealedFile, SealedFile.Stream)? {
        for file in files.reversed() {
            if let found = try file.find(id, hash: hash), found.firstVersion <= version {
                return (file, found)
            }
        }
        return nil
    }
}

/// Events of a stream that are read from one file at once.
private struct StreamPiece {
    static let eventCountMax = Limits.readBatchEventsMax

    private let stream: SealedFile.Stream
    private let file: SealedFile
    private var buffer: SealedEventBuffer
    private var versions: ContiguousArray<StreamVersion> = []
    /// There is more, but no room.
    private(set) var isCut = false

    init(of stream: SealedFile.Stream, in file: SealedFile, id: RawSpan) throws(LogError) {
        self.stream = stream
        self.file = file
        buffer = try SealedSet.buffer()
        do throws(DiskError) { try buffer.begin(stream: id) } catch {
            throw LogError(error, file: file.pages.path)
        }
    }

    mutating func read(
        from version: StreamVersion, through last: StreamVersion = StreamVersion(.max),
        limit: Int = StreamPiece.eventCountMax
    ) throws(LogError) {
        var failure: DiskError?
        let countMax = min(limit, Self.eventCountMax)
        try file.visit(stream, from: version) { event in
            guard event.version <= last else { return false }
            let isFull = buffer.byteCount >= SealedEventBuffer.byteCountMax
            guard versions.count < countMax, !isFull else {
                isCut = true
                return false
            }
            do throws(DiskError) {
                try buffer.add(event, of: file)
                versions.append(event.version)
            } catch {
                failure = error
            }
            return failure == nil
        }
        if let failure { throw LogError(failure, file: file.pages.path) }
    }

    var byteCount: Int { buffer.byteCount }

    mutating func take() -> [(StreamVersion, RecordedEvent)] {
        zip(versions, buffer.take(.added)).map { ($0, $1) }
    }
}
