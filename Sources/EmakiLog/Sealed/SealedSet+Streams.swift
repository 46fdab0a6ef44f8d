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

    /// How a read of a stream forwards ended.
    struct StreamEnd {
        /// Behind what was handed over.
        var next: StreamVersion
        /// `next` is not here though later ones are.
        var isMissing = false
        /// Nothing is here from `next` on.
        var isAtEnd = false
    }

    /// Hands over the next events of a stream where they lie, oldest first: some, if there are any,
    /// until `visit` returns false.
    /// - Parameters:
    ///   - version: the first wanted.
    ///   - limit: about so many, if nobody stops it.
    func forEachEvent(
        in stream: StreamID, from version: StreamVersion, limit: Int,
        _ visit: (RecordedEvent) -> Bool
    ) throws(LogError) -> StreamEnd {
        let hash = stream.hash
        return try stream.text.withUTF8Span { (id: RawSpan) throws(LogError) in
            var end = StreamEnd(next: version)
            var count = 0
            for file in files {
                guard let found = try file.find(id, hash: hash) else { continue }
                let isWhole = try file.visit(
                    found, id: id, from: end.next, limit: limit - count
                ) { event in
                    // Nothing removes single events, so what is not there was lost.
                    guard event.version == end.next else {
                        end.isMissing = true
                        return false
                    }
                    count += 1
                    end.next = StreamVersion(event.version.rawValue + 1)
                    return visit(RecordedEvent(event))
                }
                guard isWhole, count < limit else { return end }
            }
            end.isAtEnd = true
            return end
        }
    }

    /// What a read of a stream backwards found.
    struct StreamBatch {
        var events: [RecordedEvent] = []
        /// A version that is missing between others, right behind `events`.
        var missing: StreamVersion?
    }

    /// Reads the next events of a stream, newest first: some, if there are any.
    /// - Parameters:
    ///   - version: the first wanted.
    ///   - follows: the version behind it was read, so it is missing if it is not here though more
    ///     are.
    func readBackwards(
        _ stream: StreamID, from version: StreamVersion, follows: Bool, limit: Int
    ) throws(LogError) -> StreamBatch {
        let hash = stream.hash
        return try stream.text.withUTF8Span { (id: RawSpan) throws(LogError) in
            try readBackwards(id, hash, from: version, follows: follows, limit: limit)
        }
    }

    private func readBackwards(
        _ id: RawSpan, _ hash: UInt64, from version: StreamVersion, follows: Bool, limit: Int
    ) throws(LogError) -> StreamBatch {
        var batch = StreamBatch()
        var next = version
        var hasRead = follows
        var count = UInt64(min(limit, Limits.readBatchEventsMax))
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
            guard
                let piece = try file.events(
                    of: found, id: id, in: StreamVersion(low)...next,
                    byteCountMax: count > 1 ? SealedEventBuffer.byteCountMax : .max)
            else {
                // Large events: fewer of them.
                count = max(1, count / 4)
                continue
            }
            for event in piece.reversed() {
                if hasRead, event.version != next {
                    batch.missing = next
                    return batch
                }
                hasRead = true
                batch.events.append(event)
                next = StreamVersion(event.version.rawValue - 1)
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

extension SealedFile {
    /// The events of a stream with some versions, oldest first.
    /// - Returns: nil if they have more than `byteCountMax` bytes.
    fileprivate func events(
        of stream: Stream, id: RawSpan, in versions: ClosedRange<StreamVersion>, byteCountMax: Int
    ) throws(LogError) -> [RecordedEvent]? {
        var events: [RecordedEvent] = []
        var byteCount = 0
        try visit(stream, id: id, from: versions.lowerBound) { event in
            guard event.version <= versions.upperBound else { return false }
            byteCount += event.contentBytes
            guard byteCount <= byteCountMax else { return false }
            events.append(RecordedEvent(event))
            return true
        }
        return byteCount <= byteCountMax ? events : nil
    }
}
