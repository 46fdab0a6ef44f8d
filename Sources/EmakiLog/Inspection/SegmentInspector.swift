import EmakiPlatform

/// Reads one segment file and walks over its blocks.
struct SegmentInspector {
    private let files: any FileSystem
    private let store: StoreFile
    private let entry: Manifest.Entry
    private let request: StoreInspection.Request
    /// What the next linked frame follows; carried from segment to segment.
    private(set) var end: LogEnd
    private var found: SegmentInspection

    private var layout: SegmentLayout { store.layout }
    private var identity: SegmentIdentity {
        SegmentIdentity(
            storeID: store.storeID, number: entry.number, incarnation: entry.incarnation)
    }

    init(
        files: any FileSystem, store: StoreFile, entry: Manifest.Entry,
        request: StoreInspection.Request, end: LogEnd
    ) {
        self.files = files
        self.store = store
        self.entry = entry
        self.request = request
        self.end = end
        found = SegmentInspection(number: entry.number, file: entry.path)
    }

    mutating func run() -> SegmentInspection {
        guard !entry.isInPreparation else { return found }
        found.state = .ready
        do {
            let image = try read()
            inspectHeaders(image)
            walk(image)
        } catch {
            found.fault = error.isNotFound ? "the file is missing" : error.description
        }
        if found.linkedFrameCount > 0 { found.state = .active }
        return found
    }

    /// The file's bytes; zeros behind the end of one that is too short.
    private mutating func read() throws(DiskError) -> PageMemory {
        let file = try files.open(entry.path, OpenMode(.mustExist, writable: false))
        defer { file.close() }
        try file.dropCache()
        found.fileBytes = try file.byteCount()
        let image = try PageMemory(byteCount: layout.segmentBytes, isFilledAtOnce: true)
        let count = try image.withMutableBytes(in: 0..<layout.segmentBytes) {
            (bytes: inout MutableRawSpan) throws(DiskError) in
            try file.read(into: &bytes, at: 0)
        }
        if found.fileBytes != layout.segmentBytes || count < layout.segmentBytes {
            found.fault =
                "the file has \(found.fileBytes) bytes instead of \(layout.segmentBytes)"
        }
        return image
    }

    private mutating func inspectHeaders(_ image: PageMemory) {
        found.headers = [0, layout.headerTwinOffset].map { offset in
            switch SegmentHeader.decode(from: image, at: offset, layout: layout) {
            case .good(identity): "good"
            case .good(let other) where other.storeID != identity.storeID: "of another store"
            case .good(let other): "of segment \(other.number), another life"
            case .newerFormat(let version): "of format \(version)"
            case .bad: "bad"
            }
        }
        found.slots = (0..<2).map { slot in
            IdleSlot.decode(from: image, at: layout.idleSlotOffset(slot), of: identity)
                .map { .init(group: $0.lastGroup, position: $0.nextPosition.rawValue) }
        }
    }

    // MARK: Frames

    private mutating func walk(_ image: PageMemory) {
        var offset = layout.framesOffset
        while offset < layout.segmentBytes {
            var next = offset + layout.blockBytes
            switch FrameHeader.find(in: image, at: offset, of: identity, layout: layout) {
            case .nothing(let isZero):
                if isZero { found.zeroBlockCount += 1 } else { found.otherBlockCount += 1 }
            case .stale: found.staleBlockCount += 1
            case .unknown:
                list(FrameInspection(offset: offset, verdict: .unknown), image)
            case .tornHeader:
                list(FrameInspection(offset: offset, verdict: .tornHeader), image)
            case .tornPayload(let header):
                // What its payload claims to cover may hold whole frames: look at each block.
                list(frame(header, at: offset, .tornPayload), image)
            case .whole(let header, let checksum):
                let verdict = follow(header, at: offset, checksum: checksum, image)
                var frame = frame(header, at: offset, verdict)
                readBatches(of: header, at: offset, image, into: &frame)
                list(frame, image)
                if header.isInPlace(at: offset) {
                    next = offset + header.paddedBytes(block: layout.blockBytes)
                }
            }
            offset = next
        }
    }

    /// Judges a whole frame and moves the end of the log behind it.
    ///
    /// A frame that does not link is taken as a new start, so that those behind it are not all
    /// called unlinked; unless it is older than the log, as frames inside a repaired region are.
    private mutating func follow(
        _ header: FrameHeader, at offset: Int, checksum: UInt32, _ image: PageMemory
    ) -> FrameInspection.Verdict {
        guard header.isInPlace(at: offset) else { return .misplaced }
        let isLinked = header.isLinked(to: end)
        if isLinked {
            found.linkedFrameCount += 1
            found.eventCount += header.eventCount
        }
        guard header.group > end.lastGroup else { return .notLinked }
        end = LogEnd(
            lastGroup: header.group, nextPosition: header.endPosition, frameChecksum: checksum)
        if header.kind == .loss, let loss = lossRecord(header, at: offset, image) {
            end = loss.end
        }
        return isLinked ? .linked : .notLinked
    }

    private func frame(
        _ header: FrameHeader, at offset: Int, _ verdict: FrameInspection.Verdict
    ) -> FrameInspection {
        var frame = FrameInspection(offset: offset, verdict: verdict)
        frame.kind = "\(header.kind)"
        frame.group = header.group
        frame.firstPosition = header.firstPosition.rawValue
        frame.eventCount = header.eventCount
        frame.payloadBytes = header.payloadBytes
        frame.frameBytes = header.paddedBytes(block: layout.blockBytes)
        frame.commitInstant = header.commitInstant
        return frame
    }

    private mutating func list(_ frame: FrameInspection, _ image: PageMemory) {
        guard found.frames.count < request.frameCountMax else {
            found.unlistedFrameCount += 1
            return
        }
        var frame = frame
        if request.hexBytes > 0 {
            let end = min(frame.offset + request.hexBytes, layout.segmentBytes)
            let bytes = image.withBytes(in: frame.offset..<end) { $0.copyToArray() }
            frame.hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        found.frames.append(frame)
    }

    // MARK: Payloads

    private func payload(of header: FrameHeader, at offset: Int) -> Range<Int> {
        let start = offset + FrameHeader.byteCount
        return start..<start + header.payloadBytes
    }

    private func lossRecord(
        _ header: FrameHeader, at offset: Int, _ image: PageMemory
    ) -> LossRecord? {
        LossRecord(from: image, payload: payload(of: header, at: offset), layout: layout)
    }

    private func readBatches(
        of header: FrameHeader, at offset: Int, _ image: PageMemory,
        into frame: inout FrameInspection
    ) {
        // Sections know where their frame was written, so a misplaced one cannot be read.
        guard header.isInPlace(at: offset), header.payloadBytes > 0 else { return }
        if header.kind == .loss {
            guard let loss = lossRecord(header, at: offset, image) else {
                frame.fault = "a loss record that leads nowhere"
                return
            }
            frame.batches = [BatchInspection(loss, offset: offset + FrameHeader.byteCount)]
            return
        }
        let payload = payload(of: header, at: offset)
        var sections: [(offset: Int, section: BatchInspection.Section)] = []
        let fault = BatchFormat.validate(
            payload, frame: offset, in: image, eventCount: header.eventCount
        ) { section, record in
            if sections.last?.offset != section.offset {
                sections.append((section.offset, .init(section, first: record)))
            }
            sections[sections.count - 1].section.add(record)
            return true
        } removal: { _ in
            true
        }
        frame.fault = fault?.description
        frame.batches = Self.batches(sections, in: payload, image, isValid: fault == nil)
    }

    /// Sections by batch. Only lengths in a payload that was validated lead from batch to batch.
    private static func batches(
        _ sections: [(offset: Int, section: BatchInspection.Section)], in payload: Range<Int>,
        _ image: PageMemory, isValid: Bool
    ) -> [BatchInspection] {
        var batches: [BatchInspection] = []
        var offset = payload.lowerBound
        var rest = sections[...]
        repeat {
            let end =
                isValid ? offset + BatchFormat.byteCount(in: image, at: offset) : payload.upperBound
            var batch = BatchInspection(offset: offset)
            if isValid, let record = RemovalRecord(from: image, batch: offset..<end) {
                batch.removal = .init(record)
            }
            while let first = rest.first, first.offset < end {
                batch.sections.append(first.section)
                rest.removeFirst()
            }
            batches.append(batch)
            offset = end
        } while offset < payload.upperBound
        return batches
    }
}

extension BatchFormat {
    /// Length of a batch in a payload that was validated.
    fileprivate static func byteCount(in image: PageMemory, at offset: Int) -> Int {
        Int(image.loadUInt32(at: offset))
    }
}

extension BatchInspection {
    fileprivate init(_ record: LossRecord, offset: Int) {
        self.init(
            offset: offset,
            loss: Loss(
                lastGroup: record.end.lastGroup, nextPosition: record.end.nextPosition.rawValue,
                segment: record.segment, fileOffset: record.fileOffset))
    }
}

extension BatchInspection.Removal {
    fileprivate init(_ record: RemovalRecord) {
        self.init(
            kind: "\(record.kind)", stream: record.stream.text, through: record.through.rawValue,
            instant: record.kind == .expire ? record.instant : nil)
    }
}

extension BatchInspection.Section {
    fileprivate init(_ section: SectionHeader, first: EventRecord) {
        self.init(
            stream: section.streamID.text, firstVersion: first.version.rawValue, eventCount: 0,
            types: [])
    }

    fileprivate mutating func add(_ record: EventRecord) {
        eventCount += 1
        guard types.count < Self.typesMax else { return }
        let type = record.image.withBytes(in: record.typeRange) { String(validating: $0) } ?? ""
        if !types.contains(type) { types.append(type) }
    }
}
