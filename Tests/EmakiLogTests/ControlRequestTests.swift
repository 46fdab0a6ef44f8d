import EmakiPlatform
import Testing

@testable import EmakiLog

@Suite("Requests of other processes") struct ControlRequestTests {
    private func request(_ text: String) throws(ControlFault) -> ControlRequest {
        try ControlRequest(line: Array(text.utf8))
    }

    @Test("a request is a verb with values of three kinds")
    func whole() throws {
        let request = try request(
            #" { "emaki" : 1 , "verb":"re\u0061d", "stream":"絵\"巻", "limit":7, "link":true }"#)
        #expect(request.verb == "read")
        #expect(try request.text("stream") == "絵\"巻")
        #expect(try request.number("limit") == 7)
        #expect(try request.claim("link"))
        #expect(try request.text("folder") == nil && request.number("from") == nil)
        #expect(try !request.claim("check"))
        try request.expectOnly(["stream", "limit", "link"])
        #expect(throws: ControlFault.invalid("`read` knows no `link`")) {
            try request.expectOnly(["stream", "limit"])
        }
        #expect(throws: ControlFault.invalid("`limit` is no text")) { try request.text("limit") }
        #expect(throws: ControlFault.invalid("`stream` is no whole number")) {
            try request.number("stream")
        }
        #expect(throws: ControlFault.invalid("`limit` is neither true nor false")) {
            try request.claim("limit")
        }
    }

    @Test(
        "anything but a flat object of this version is refused",
        arguments: [
            "", " ", "{}", "[]", "1", "null", "{", #"{"emaki":1}"#, #"{"verb":"stats"}"#,
            #"{"emaki":"1","verb":"stats"}"#, #"{"emaki":1,"verb":7}"#,
            #"{"emaki":1,"verb":"stats"} {}"#, #"{"emaki":1,"verb":"stats",}"#,
            #"{"emaki":1,"verb":"stats","verb":"stats"}"#,
            #"{"emaki":1,"verb":"stats","a":null}"#, #"{"emaki":1,"verb":"stats","a":[]}"#,
            #"{"emaki":1,"verb":"stats","a":{"b":1}}"#, #"{"emaki":1,"verb":"stats","a":-1}"#,
            #"{"emaki":1,"verb":"stats","a":1.5}"#, #"{"emaki":1,"verb":"stats","a":1e3}"#,
            #"{"emaki":1,"verb":"stats","a":18446744073709551616}"#,
            #"{"emaki":1,"verb":"\ud800"}"#, #"{"emaki":1,"verb":"stats","\ud800":1}"#,
        ])
    func refused(text: String) {
        let fault = #expect(throws: ControlFault.self) { try request(text) }
        #expect(fault?.code == "invalid")
    }

    @Test("another version is told which one this is")
    func version() {
        for version in ["0", "2", "18446744073709551615"] {
            let fault = #expect(throws: ControlFault.self) {
                try request(#"{"emaki":"# + version + #","verb":"stats"}"#)
            }
            #expect(fault?.code == "unsupportedVersion")
        }
    }

    @Test("sizes, and the number of members, have limits: one below, at, one above")
    func limits() throws {
        func padded(to byteCount: Int) -> [UInt8] {
            let start = #"{"emaki":1,"verb":"x","a":""#
            let fill = String(repeating: "y", count: byteCount - start.utf8.count - 2)
            return Array((start + fill + "\"}").utf8)
        }
        let limit = ControlRequest.bytesMax
        for byteCount in [limit - 1, limit] {
            #expect(try ControlRequest(line: padded(to: byteCount)).verb == "x")
        }
        #expect(throws: ControlFault.self) { try ControlRequest(line: padded(to: limit + 1)) }
        func members(_ count: Int) -> String {
            let more = (0..<count - 2).map { ",\"m\($0)\":\($0)" }.joined()
            return #"{"emaki":1,"verb":"x""# + more + "}"
        }
        for count in [31, 32] { #expect(try request(members(count)).verb == "x") }
        #expect(throws: ControlFault.self) { try request(members(33)) }
        let deep = String(repeating: "[", count: 40_000)
        #expect(throws: ControlFault.self) { try request(#"{"emaki":1,"a":"# + deep) }
    }

    @Test("cut anywhere, or with any byte changed, it is refused or another request; never a trap")
    func damage() throws {
        let whole = Array(#"{"emaki":1,"verb":"read","stream":"a\u00e9\n","from":12}"#.utf8)
        let original = try ControlRequest(line: whole)
        for count in 0..<whole.count {
            #expect(throws: ControlFault.self) {
                try ControlRequest(line: Array(whole.prefix(count)))
            }
        }
        for place in whole.indices {
            for value in UInt8.min...UInt8.max {
                var changed = whole
                changed[place] = value
                guard value != whole[place], let request = try? ControlRequest(line: changed) else {
                    continue
                }
                // A digit of an escape in capitals spells the same.
                let isSame = changed[place] | 0x20 == whole[place] | 0x20
                #expect(request != original || isSame, "byte \(place) as \(value)")
            }
        }
    }
}
