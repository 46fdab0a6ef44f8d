import EmakiPlatform

/// What a table of open runs wants to know of a history's event: read in place, without a copy.
///
/// As `FieldReader`, but only numbers, and where texts are. Bytes that make no sense give nil.
struct HistoryGlance {
    private(set) var kind: UInt64 = 0
    private(set) var id: UInt64 = 0
    private(set) var time: Int64 = 0
    /// The code has seen the event, or need not.
    private(set) var isSeen = false
    /// Of the event that this one is about.
    private(set) var subject: UInt64 = 0
    private(set) var instant: Int64?
    private(set) var variant: UInt64 = 0
    private(set) var runDeadline: Int64?
    private(set) var executionDeadline: Int64?
    private(set) var startsAt: Int64?
    private(set) var copiedAhead: UInt64 = 0
    /// Of a start: where the name of the workflow's type is in the metadata.
    private(set) var type: Range<Int> = 0..<0
    /// Of a start: its search attributes.
    private(set) var labels: [RunLabel] = []

    init?(_ metadata: RawSpan) {
        var fields = FieldWalk()
        while fields.offset < metadata.byteCount {
            guard let field = fields.next(in: metadata) else { return nil }
            if let range = field.range {
                switch field.number {
                case EventField.workflowType: type = range
                case RunStart.Field.searchAttributes:
                    labels.append(RunLabel(entry: metadata.extracting(range)))
                default: break
                }
                continue
            }
            switch field.number {
            case CommonField.kind: kind = field.value
            case CommonField.id: id = field.value
            case CommonField.time: time = field.signed
            case CommonField.commandCount: isSeen = field.value > 0
            case EventField.subject: subject = field.value
            case EventField.instant: instant = field.instant
            case EventField.variant: variant = field.value
            case RunStart.Field.runDeadline: runDeadline = field.instant
            case RunStart.Field.executionDeadline: executionDeadline = field.instant
            case RunStart.Field.startsAt: startsAt = field.instant
            case RunStart.Field.copiedAhead: copiedAhead = field.value
            default: break
            }
        }
        guard kind > 0, id > 0, id <= UInt64(Int32.max), (0...Int64.max / 2).contains(time),
            subject <= UInt64(Int32.max), copiedAhead <= UInt64(Int32.max)
        else { return nil }
    }
}

/// A search attribute with its value, as a number that others may have too: who looks for one reads
/// the starts of those that have it.
struct RunLabel: Equatable, Sendable {
    let rawValue: UInt32

    init(rawValue: UInt32) { self.rawValue = rawValue }

    init(name: String, value: String) {
        rawValue = FieldWriter.entry(name, value).withRawSpan { RunLabel(entry: $0) }.rawValue
    }

    /// - Parameter entry: of a map, as a history has it.
    init(entry: RawSpan) {
        rawValue = UInt32(truncatingIfNeeded: StableHash.hash(entry))
    }

    static let byteCount = 4

    static func bytes(of labels: [RunLabel]) -> [UInt8] {
        var bytes: [UInt8] = []
        for label in labels { bytes.append(number: label.rawValue) }
        return bytes
    }

    /// Of bytes that make no sense, what there is.
    static func labels(in bytes: RawSpan) -> [RunLabel] {
        (0..<bytes.byteCount / byteCount).map {
            RunLabel(rawValue: bytes.loadUInt32(at: $0 * byteCount))
        }
    }
}

/// The same of a record of a workflow id.
struct IDRecordGlance {
    private(set) var kind: IDRecord.Kind
    /// Where texts are in the metadata.
    private(set) var runID: Range<Int> = 0..<0
    private(set) var type: Range<Int> = 0..<0
    private(set) var typeBefore: Range<Int>?
    private(set) var isUnsettled = false
    /// How the run before ended; nil: that is not recorded.
    private(set) var outcomeBefore: UInt64?
    /// How the run ended; nil: that is not recorded.
    private(set) var outcome: UInt64?
    private(set) var labels: [RunLabel] = []

    init?(_ metadata: RawSpan) {
        var fields = FieldWalk()
        var kind: IDRecord.Kind?
        while fields.offset < metadata.byteCount {
            guard let field = fields.next(in: metadata) else { return nil }
            switch (field.number, field.range) {
            case (IDRecord.Field.kind, nil): kind = IDRecord.Kind(rawValue: field.value)
            case (IDRecord.Field.runID, let range?): runID = range
            case (IDRecord.Field.workflowType, let range?): type = range
            case (IDRecord.Field.isUnsettled, nil): isUnsettled = field.value == 1
            case (IDRecord.Field.outcomeBefore, nil): outcomeBefore = field.value
            case (IDRecord.Field.typeBefore, let range?): typeBefore = range
            case (IDRecord.Field.outcome, nil): outcome = field.value
            case (IDRecord.Field.labels, let range?):
                labels = RunLabel.labels(in: metadata.extracting(range))
            default: break
            }
        }
        guard let kind, !runID.isEmpty else { return nil }
        self.kind = kind
    }
}

/// Goes through the fields that a `FieldWriter` wrote, one after the other.
private struct FieldWalk {
    struct Field {
        var number: UInt64
        var value: UInt64
        /// Of a text or bytes.
        var range: Range<Int>?

        var signed: Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
        /// As `FieldReader.instant`.
        var instant: Int64? { (0...Int64.max / 2).contains(signed) ? signed : nil }
    }

    private(set) var offset = 0

    /// - Returns: nil if the bytes make no sense.
    mutating func next(in bytes: RawSpan) -> Field? {
        guard let head = varint(bytes), let value = varint(bytes) else { return nil }
        guard head & 1 == 1 else { return Field(number: head >> 1, value: value) }
        guard value <= UInt64(bytes.byteCount - offset) else { return nil }
        let start = offset
        offset += Int(value)
        return Field(number: head >> 1, value: value, range: start..<offset)
    }

    private mutating func varint(_ bytes: RawSpan) -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while offset < bytes.byteCount, shift < 64 {
            let byte = bytes.loadUInt8(at: offset)
            offset += 1
            number |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return number }
            shift += 7
        }
        return nil
    }
}
