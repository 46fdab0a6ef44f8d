import Testing

@testable import EmakiLog

@Suite struct Base64Tests {
    @Test("bytes that became base64 come back, at every length", arguments: 0...70)
    func roundTrip(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count &* 101) }
        #expect(Base64.bytes(of: Base64.text(of: bytes[...])) == bytes)
    }

    @Test(
        "what is no base64 is refused",
        arguments: [
            "A", "AA", "AAA", "=", "====", "A===", "AA=A", "AAA*", "AAAA=", "AA==AAAA", "AB==",
            "AAB=", "AAA\n", "AA A", "é===", "-_AA",
        ])
    func refuses(text: String) { #expect(Base64.bytes(of: text) == nil) }

    @Test("known texts are known")
    func known() {
        #expect(Base64.bytes(of: "Zm9vYmE=") == Array("fooba".utf8))
        #expect(Base64.bytes(of: "Zm9vYg==") == Array("foob".utf8))
        #expect(Base64.bytes(of: "+/+/") == [0xfb, 0xff, 0xbf])
    }
}
