import EmakiLog

/// One file of an import.
///
/// It is JSON Lines if its first line is a whole JSON value, or at least its second is; else it is
/// one document (or several in a row) that spans lines, and is held whole.
struct ImportSource: ~Copyable {
    private var lines: LineReader
    private var decoder: ImportDecoder
    /// Lines that were read to find out what the file is.
    private var peeked: [LineReader.Line] = []
    private var isKnown = false

    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]

    init(lines: consuming LineReader, decoder: ImportDecoder) {
        self.lines = lines
        self.decoder = decoder
    }

    /// Where the streams of records are after what was read.
    var versions: ImportVersions { decoder.versions }

    /// What the next line or the document holds; nil at the end.
    mutating func next() throws -> [ImportItem]? {
        if !isKnown {
            isKnown = true
            if try isDocument() { return try document() }
        }
        while let line = try nextLine() {
            switch line {
            case .tooLong(let number):
                let error = LineRecord.malformed(
                    "the line is longer than \(CommandLimits.lineBytesMax) bytes")
                return [.refusal(decoder.refusal(number, error))]
            case .bytes(let bytes, let number):
                if Self.isBlank(bytes) { continue }
                return items(bytes, number)
            }
        }
        return nil
    }

    private mutating func nextLine() throws -> LineReader.Line? {
        peeked.isEmpty ? try readLine() : peeked.removeFirst()
    }

    /// The next line of the file; the first one without the mark that some editors put there.
    private mutating func readLine() throws -> LineReader.Line? {
        let line = try lines.next()
        guard case .bytes(let bytes, number: 1) = line, bytes.starts(with: Self.byteOrderMark)
        else { return line }
        return .bytes(Array(bytes.dropFirst(Self.byteOrderMark.count)), number: 1)
    }

    private mutating func items(_ bytes: [UInt8], _ number: Int) -> [ImportItem] {
        do {
            let slices = try JSONSlices(validating: bytes)
            var lines = JSONLineCount(from: number)
            return decoder.items(slices, try slices.whole(), lines: &lines)
        } catch {
            return [.refusal(decoder.refusal(number, error))]
        }
    }

    // MARK: Documents

    /// Looks at the first two lines that are not blank.
    private mutating func isDocument() throws -> Bool {
        var seen = 0
        while seen < 2, let line = try readLine() {
            peeked.append(line)
            guard case .bytes(let bytes, _) = line else { return false }
            if Self.isBlank(bytes) { continue }
            seen += 1
            if Self.isWhole(bytes) { return false }
            // Only a document starts with nothing but a bracket.
            if seen == 1, bytes.count(where: { $0 > 0x20 }) == 1 { return true }
        }
        return seen > 0
    }

    private static func isBlank(_ bytes: [UInt8]) -> Bool { !bytes.contains { $0 > 0x20 } }

    private static func isWhole(_ bytes: [UInt8]) -> Bool {
        do {
            _ = try JSONSlices(bytes: bytes).whole()
            return true
        } catch {
            return false
        }
    }

    private mutating func document() throws -> [ImportItem] {
        var bytes: [UInt8] = []
        while let line = try nextLine() {
            guard case .bytes(let next, let number) = line,
                bytes.count + next.count < CommandLimits.documentBytesMax
            else {
                let error = LineRecord.malformed(
                    "the document is longer than \(CommandLimits.documentBytesMax) bytes")
                return [.refusal(decoder.refusal(1, error))]
            }
            if number > 1 { bytes.append(0x0a) }
            bytes += next
        }
        return documents(in: bytes)
    }

    /// Behind a fault nobody knows where the next document starts; those before it are whole.
    private mutating func documents(in bytes: [UInt8]) -> [ImportItem] {
        var items: [ImportItem] = []
        var lines = JSONLineCount()
        do {
            let slices = try JSONSlices(validating: bytes)
            var offset = 0
            while offset < bytes.count {
                let (value, end) = try slices.value(from: offset)
                items += decoder.items(slices, value, lines: &lines)
                offset = end
            }
        } catch {
            let line = lines.line(at: error.offset, in: JSONSlices(bytes: bytes))
            items.append(.refusal(decoder.refusal(line, error)))
        }
        return items
    }
}
