import EmakiPlatform
import Foundation
import Testing

@testable import EmakiLog

/// The library's own JSON against Foundation's.
@Suite("JSON without Foundation") struct JSONTests {
    private func foundation(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private struct Sample: Codable, Equatable {
        struct Part: Codable, Equatable {
            var a: [Int]?
            var b: [[String]]
            var c: [Part]?
        }
        enum Word: String, Codable { case first, second }
        var number = UInt64.max
        var negative = Int64.min
        var text = "/ \" \\ \n\r\t\u{1}\u{1f} é 絵"
        var nothing: String?
        var word = Word.second
        var claim = true
        var none: [Int] = []
        var words = [Word.first, .second]
        var parts = [
            Part(a: nil, b: [], c: []), Part(a: [1], b: [["x"], []], c: [Part(b: [])]),
        ]
        var position: Position = 7
        var map = ["b": 1, "a": 2]
    }

    @Test("values are encoded as Foundation encodes them")
    func encoding() throws {
        #expect(try JSONEncoding.text(of: Sample()) == foundation(Sample()))
        var receipt = RecoveryReceipt()
        receipt.cuts = [.init(file: "wal/1", fileOffset: 3, group: 9, isRemembered: true)]
        receipt.damages = [
            Corruption(file: "a\"b", fileOffset: 1, reason: .badFrame, evidence: "é")
        ]
        #expect(try JSONEncoding.text(of: receipt) == foundation(receipt))
        let text = try JSONEncoding.text(of: [1.5, -2.25])
        #expect(text == "[1.5,-2.25]")
        #expect(throws: EncodingError.self) { try JSONEncoding.text(of: [Double.nan]) }
        let decoded = try JSONDecoder().decode(
            RecoveryReceipt.self, from: Data(JSONEncoding.text(of: receipt).utf8))
        #expect(decoded == receipt)
    }

    @Test("strings spell what Foundation reads in them, or nothing")
    func strings() throws {
        let spellings = [
            #""""#, #""a""#, #""\"\\\/\b\f\n\r\t""#, #""\u00e9\u7d75""#, #""\ud83d\ude00x""#,
            #""\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ude00""#,
            #""\u0000""#, #""é絵\u0041😀""#,
        ]
        for spelling in spellings {
            let slices = try JSONSlices(validating: Array(spelling.utf8))
            let expected = try? JSONDecoder().decode(String.self, from: Data(spelling.utf8))
            #expect(slices.text(of: try slices.whole()) == expected, "\(spelling)")
        }
    }

    @Test("bytes become the base64 of Foundation")
    func base64() {
        for count in 0...64 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ count) }
            #expect(Base64.text(of: bytes[...]) == Data(bytes).base64EncodedString())
        }
        #expect(Base64.text(of: ([1, 2, 3] as [UInt8])[1...]) == "AgM=")
    }

    @Test("instants are written as Foundation writes them, in leap years and before 1970 too")
    func time() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        let day: Int64 = 86_400
        var seconds = (0..<800).map { Int64($0) * 157 * day + 12_345 * Int64($0) % day }
        seconds += [951_782_400, 951_868_799, 4_107_542_400, 1_709_164_800, 1_709_251_199]
        for second in seconds where second < 9_000_000_000 {
            let expected = Date(timeIntervalSince1970: Double(second)).formatted(style)
            #expect(EventJSON.time(second * 1_000_000_000 + 999_999) == expected)
        }
        #expect(EventJSON.time(1_700_000_000_123_456_789) == "2023-11-14T22:13:20.123Z")
        #expect(EventJSON.time(-1) == "1969-12-31T23:59:59.999Z")
        #expect(EventJSON.time(.max).hasPrefix("2262-04-11T23:47:16.854"))
        #expect(EventJSON.time(.min).hasPrefix("1677-09-21T00:12:43.145"))
    }
}
