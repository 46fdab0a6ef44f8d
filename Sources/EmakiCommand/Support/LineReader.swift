/// Lines of an input, with their numbers. Holds one line and one piece of input at a time, so a
/// line that is too long costs no more memory than the longest one allowed.
struct LineReader: ~Copyable {
    enum Line {
        /// The bytes without the line break.
        case bytes([UInt8], number: Int)
        case tooLong(number: Int)
    }

    private var input: InputBytes
    private let lineBytesMax: Int
    private var piece: [UInt8] = []
    private var offset = 0
    private var lineNumber = 0

    init(_ input: consuming InputBytes, lineBytesMax: Int = CommandLimits.lineBytesMax) {
        self.input = input
        self.lineBytesMax = lineBytesMax
    }

    /// Nil at the end. A last line needs no line break; empty lines are lines.
    mutating func next() throws -> Line? {
        var line: [UInt8] = []
        var isTooLong = false
        var hasBytes = false
        while true {
            if offset == piece.count {
                guard let next = try input.next() else {
                    guard hasBytes else { return nil }
                    return finish(line, isTooLong)
                }
                piece = next
                offset = 0
            }
            hasBytes = true
            let end = piece[offset...].firstIndex(of: 0x0a) ?? piece.count
            isTooLong = isTooLong || line.count + end - offset > lineBytesMax
            if isTooLong { line = [] } else { line += piece[offset..<end] }
            let isComplete = end < piece.count
            offset = isComplete ? end + 1 : end
            if isComplete { return finish(line, isTooLong) }
        }
    }

    private mutating func finish(_ line: [UInt8], _ isTooLong: Bool) -> Line {
        lineNumber += 1
        return isTooLong ? .tooLong(number: lineNumber) : .bytes(line, number: lineNumber)
    }
}
