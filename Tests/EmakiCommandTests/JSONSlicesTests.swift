import EmakiLog
import Foundation
import Testing

@testable import EmakiCommand

@Suite("finding values in JSON without changing it")
struct JSONSlicesTests {
    private func slices(_ text: String) -> JSONSlices { JSONSlices(bytes: Array(text.utf8)) }

    private func source(_ slices: JSONSlices, _ slice: JSONSlices.Slice) -> String {
        String(decoding: slices.source(of: slice), as: UTF8.self)
    }

    @Test(
        "every kind of value is accepted",
        arguments: [
            "{}", "[]", "\"\"", "0", "-0", "10", "-1.5e+10", "1E5", "0.25", "true", "false", "null",
            "[1,2,[3,{}]]", #"{"a":{"b":[null]},"c":"\u00e9\n\\\"\/"}"#, " \t\r\n[ 1 , 2 ] \n",
            "\"絵巻\"",
        ])
    func valid(text: String) throws {
        let slices = slices(text)
        let slice = try slices.whole()
        #expect(source(slices, slice) == text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "{", "[", "\"", "{]", "[}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}",
            "{\"a\":1,}", "{a:1}", "01", "+1", ".5", "1.", "1e", "-", "tru", "nul", "True",
            "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"", "\"a\nb\"", "1 2", "{} []", "[1 2]",
            "{\"a\":1 \"b\":2}", "'a'", "NaN", "]", "}", ",", ":",
        ])
    func invalid(text: String) {
        #expect(throws: JSONSlices.Fault.self, "\(text)") { try slices(text).whole() }
    }

    @Test("every prefix of a value is refused, and says that it ends too early")
    func prefixes() {
        let text = Array(#"{"a":[1.5e3,true,null,"x\u0041"],"b":{"c":{}}}"#.utf8)
        for count in 0..<text.count {
            let slices = JSONSlices(bytes: Array(text.prefix(count)))
            #expect(throws: JSONSlices.Fault(reason: .unexpectedEnd, offset: count)) {
                try slices.whole()
            }
        }
    }

    @Test("bytes that are no UTF-8 are refused")
    func notUTF8() {
        #expect(throws: JSONSlices.Fault(reason: .notUTF8, offset: 0)) {
            try JSONSlices(validating: [0x22, 0xff, 0x22])
        }
    }

    @Test(
        "nesting up to the limit is accepted, and beyond it refused", arguments: ["[", "{\"a\":"])
    func depth(opening: String) throws {
        func nested(_ depth: Int) -> JSONSlices {
            let closing = opening == "[" ? "]" : "}"
            let inner = opening == "[" ? "" : "0"
            return slices(
                String(repeating: opening, count: depth) + inner
                    + String(repeating: closing, count: depth))
        }
        _ = try nested(JSONSlices.depthMax - 1).whole()
        _ = try nested(JSONSlices.depthMax).whole()
        #expect(throws: JSONSlices.Fault.self) { try nested(JSONSlices.depthMax + 1).whole() }
        // Far beyond: only the stack of a recursion could tell the difference.
        #expect(throws: JSONSlices.Fault.self) { try nested(1_000_000).whole() }
    }

    @Test("elements are found with their exact spelling")
    func elements() throws {
        let slices = slices(" [ 1.50 ,\n{ \"b\" : [ ] } , \"x,]\" ,[]] ")
        let elements = try slices.elements(of: try slices.whole())
        #expect(
            elements.map { source(slices, $0) } == ["1.50", "{ \"b\" : [ ] }", "\"x,]\"", "[]"])
        #expect(elements.map(\.kind) == [.number, .object, .string, .array])
    }

    @Test("members are found in their order, by decoded name")
    func members() throws {
        let slices = slices(#"{ "a" : 1 , "\u0062":{"a":2}, "c":"}" }"#)
        let object = try slices.whole()
        let names = try slices.members(of: object).map { slices.text(of: $0.name) }
        #expect(names == ["a", "b", "c"])
        let found = try slices.member("b", of: object)
        let inner = try #require(found)
        #expect(source(slices, inner) == #"{"a":2}"#)
        #expect(try slices.member("d", of: object) == nil)
        #expect(try slices.members(of: inner).count == 1)
    }

    @Test("a container that is empty or of the other kind has nothing in it")
    func empty() throws {
        let slices = slices("[{},[],1]")
        for element in try slices.elements(of: try slices.whole()) {
            #expect(try slices.members(of: element).isEmpty)
            #expect(try slices.elements(of: element).isEmpty)
        }
    }

    @Test("strings are decoded, whole numbers too, and bytes from base64")
    func values() throws {
        let slices = slices(#"["a\"\u00e9","plain",7,-1,1.5,{"base64":"aGk="},{"base64":1}]"#)
        let elements = try slices.elements(of: try slices.whole())
        #expect(slices.text(of: elements[0]) == "a\"é")
        #expect(slices.text(of: elements[1]) == "plain")
        #expect(slices.text(of: elements[2]) == nil)
        #expect(elements[2...4].map { slices.number(of: $0) } == [7, nil, nil])
        #expect(try slices.base64(of: elements[5]) == Array("hi".utf8))
        #expect(try slices.base64(of: elements[6]) == nil)
    }

    @Test("values in a row are found one after the other")
    func inARow() throws {
        let slices = slices("{}\n[1]  2")
        var offset = 0
        var found: [String] = []
        while offset < slices.bytes.count {
            let (slice, end) = try slices.value(from: offset)
            found.append(source(slices, slice))
            offset = end
        }
        #expect(found == ["{}", "[1]", "2"])
    }
}
