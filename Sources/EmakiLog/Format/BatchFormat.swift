import EmakiPlatform

/// A frame's payload: batches, one after the other, each a multiple of 8 bytes.
///
///     offset  bytes
///        0      4   batch bytes, this header included
///        4      2   section count
///        6      1   kind: 0 = events, 1 = loss record, 2 = removal
///        7      1   zero
///        8          events: sections (`SectionHeader`), each with its events (`EventRecord`)
///                   loss record: see `LossRecord`; removal: see `RemovalRecord`
///
/// Offsets inside are relative to the frame or the section, so a reader that holds the place of one
/// event finds its stream and its frame in two steps.
enum BatchFormat {
    static let headerBytes = 8

    enum Kind: UInt8 { case events = 0, loss = 1, removal = 2 }

    static func encodeHeader(
        byteCount: Int, sectionCount: Int, kind: Kind, into image: PageMemory, at offset: Int
    ) {
        image.store(UInt32(byteCount), at: offset)
        image.store(UInt16(sectionCount), at: offset + 4)
        image.store(UInt16(kind.rawValue), at: offset + 6)
    }

    /// Walks every batch of a frame whose payload checksum holds, checks every length against what
    /// encloses it, and hands out each event with its section, and each removal, in their order.
    ///
    /// A checksum that holds does not make lengths true (a bug, or a forger, may have written
    /// them), so nothing is used before it was checked here. Later readers rely on it.
    /// - Returns: nil, or why the payload makes no sense.
    static func validate(
        _ payload: Range<Int>, frame: Int, in image: PageMemory, eventCount: Int,
        event visit: (SectionHeader, EventRecord) -> Bool,
        removal visitRemoval: (RemovalRecord) -> Bool
    ) -> Fault? {
        var offset = payload.lowerBound
        var seen = 0
        while offset < payload.upperBound {
            guard payload.upperBound - offset >= headerBytes else { return .batchLength(offset) }
            let byteCount = Int(image.loadUInt32(at: offset))
            guard byteCount >= headerBytes, byteCount % 8 == 0,
                byteCount <= payload.upperBound - offset
            else { return .batchLength(offset) }
            let end = offset + byteCount
            switch Kind(rawValue: image.loadUInt8(at: offset + 6)) {
            case .events: break
            case .removal:
                guard let record = RemovalRecord(from: image, batch: offset..<end) else {
                    return .removal(offset)
                }
                guard visitRemoval(record) else { return .refused(offset) }
                seen += 1
                offset = end
                continue
            // A loss record stands alone in a frame of its own kind.
            case .loss, nil: return .batchKind(offset)
            }
            var walk = SectionWalk(image: image, frame: frame, end: end)
            let sectionCount = Int(image.loadUInt16(at: offset + 4))
            let fault = walk.visitSections(
                sectionCount, from: offset + headerBytes, event: visit)
            if let fault { return fault }
            seen += walk.eventCount
            offset = end
        }
        return seen == eventCount ? nil : .eventCount(seen)
    }

    enum Fault: Equatable {
        case batchLength(Int)
        case batchKind(Int)
        case removal(Int)
        case section(Int)
        case record(Int)
        case eventCount(Int)
        case refused(Int)

        var description: String {
            switch self {
            case .batchLength(let offset): "length of the batch at byte \(offset)"
            case .batchKind(let offset): "kind of the batch at byte \(offset)"
            case .removal(let offset): "removal at byte \(offset)"
            case .section(let offset): "section at byte \(offset)"
            case .record(let offset): "event at byte \(offset)"
            case .eventCount(let seen): "\(seen) events, not as many as the header says"
            case .refused(let offset): "version of the event or removal at byte \(offset)"
            }
        }
    }
}

/// The inner loops of `BatchFormat.validate`.
private struct SectionWalk {
    let image: PageMemory
    let frame: Int
    let end: Int
    var eventCount = 0

    init(image: PageMemory, frame: Int, end: Int) {
        self.image = image
        self.frame = frame
        self.end = end
    }

    mutating func visitSections(
        _ sectionCount: Int, from start: Int, event visit: (SectionHeader, EventRecord) -> Bool
    ) -> BatchFormat.Fault? {
        var offset = start
        for _ in 0..<sectionCount {
            guard end - offset >= SectionHeader.headerBytes else { return .section(offset) }
            let section = SectionHeader(in: image, at: offset)
            guard section.frameOffset == frame, section.eventCount > 0,
                section.streamIDBytes > 0, section.eventsOffset <= end,
                image.withBytes(in: section.streamIDRange, { $0.isUTF8 })
            else { return .section(offset) }
            offset = section.eventsOffset
            for _ in 0..<section.eventCount {
                guard let next = endOfRecord(at: offset, section: section) else {
                    return .record(offset)
                }
                guard visit(section, EventRecord(in: image, at: offset)) else {
                    return .refused(offset)
                }
                eventCount += 1
                offset = next
            }
        }
        return offset == end ? nil : .section(offset)
    }

    private func endOfRecord(at offset: Int, section: SectionHeader) -> Int? {
        guard end - offset >= EventRecord.headerBytes else { return nil }
        let record = EventRecord(in: image, at: offset)
        let byteCount = record.byteCount
        // That the header is within it, too, follows: the payload ends behind the header.
        guard byteCount % 8 == 0, byteCount <= end - offset, record.sectionOffset == section.offset,
            record.typeBytes > 0, record.flags & ~EventRecord.hasID == 0,
            record.payloadRange.upperBound <= offset + byteCount,
            image.withBytes(in: record.typeRange, { $0.isUTF8 })
        else { return nil }
        return offset + byteCount
    }
}
