import EmakiPlatform

/// What somebody asks an open log, through the socket CONTROL in its folder.
///
/// A request is one line: a flat JSON object, `{"emaki":1,"verb":"read","stream":"order-7"}`. The
/// first member is the version of the conversation. Values are texts, whole numbers and claims;
/// anything else is refused, and so is a name that the verb does not know or that comes twice.
///
/// Answers are lines of JSON, too. Those of a verb's own come first (`read`: the events), mixed
/// with `{"emaki":1,"progress":…,"done":…,"total":…}`; the last line is
/// `{"emaki":1,"result":{…}}` or `{"emaki":1,"error":{"code":…,"message":…}}`. A conversation that
/// ends without it was broken off.
package struct ControlRequest: Sendable, Equatable {
    package static let version: UInt64 = 1
    /// A longer line is refused before it is looked at.
    static let bytesMax = 64 << 10
    private static let membersMax = 32

    package enum Value: Sendable, Equatable {
        case text(String)
        case number(UInt64)
        case claim(Bool)
    }

    package let verb: String
    private var values: [String: Value] = [:]

    /// Reads a line, without its line break.
    package init(line: [UInt8]) throws(ControlFault) {
        guard line.count <= Self.bytesMax else {
            throw .invalid("a request has at most \(Self.bytesMax) bytes")
        }
        let members = try Self.members(of: line)
        for (name, value) in members where values.updateValue(value, forKey: name) != nil {
            throw .invalid("`\(name)` is there twice")
        }
        guard case .number(let version) = values.removeValue(forKey: "emaki") else {
            throw .invalid("`emaki`, the version of the conversation, is missing")
        }
        guard version == Self.version else {
            throw ControlFault(
                code: "unsupportedVersion",
                "this log speaks version \(Self.version) and was asked in version \(version)")
        }
        guard case .text(let verb) = values.removeValue(forKey: "verb") else {
            throw .invalid("`verb` is missing")
        }
        self.verb = verb
    }

    private static func members(of line: [UInt8]) throws(ControlFault) -> [(String, Value)] {
        do throws(JSONSlices.Fault) {
            let slices = try JSONSlices(validating: line)
            let whole = try slices.whole()
            let members = try slices.members(of: whole)
            guard whole.kind == .object, members.count <= membersMax else {
                throw misplaced(whole)
            }
            var found: [(String, Value)] = []
            for member in members {
                guard let name = slices.text(of: member.name),
                    let value = value(of: member.value, in: slices)
                else { throw misplaced(member.value) }
                found.append((name, value))
            }
            return found
        } catch {
            throw .invalid("a request is a flat JSON object: \(error)")
        }
    }

    private static func misplaced(_ slice: JSONSlices.Slice) -> JSONSlices.Fault {
        JSONSlices.Fault(reason: .unexpectedByte, offset: slice.range.lowerBound)
    }

    private static func value(of slice: JSONSlices.Slice, in slices: JSONSlices) -> Value? {
        switch slice.kind {
        case .string: slices.text(of: slice).map { .text($0) }
        case .number: slices.number(of: slice).map { .number($0) }
        case .bool: slices.claim(of: slice).map { .claim($0) }
        case .object, .array, .null: nil
        }
    }

    // MARK: Asking

    /// - Throws: if there is a value that the verb does not know.
    package func expectOnly(_ names: Set<String>) throws(ControlFault) {
        if let name = values.keys.sorted().first(where: { !names.contains($0) }) {
            throw .invalid("`\(verb)` knows no `\(name)`")
        }
    }

    package func text(_ name: String) throws(ControlFault) -> String? {
        guard let value = values[name] else { return nil }
        guard case .text(let text) = value else { throw .invalid("`\(name)` is no text") }
        return text
    }

    package func number(_ name: String) throws(ControlFault) -> UInt64? {
        guard let value = values[name] else { return nil }
        guard case .number(let number) = value else {
            throw .invalid("`\(name)` is no whole number")
        }
        return number
    }

    /// - Returns: false if it is not there.
    package func claim(_ name: String) throws(ControlFault) -> Bool {
        guard let value = values[name] else { return false }
        guard case .claim(let claim) = value else {
            throw .invalid("`\(name)` is neither true nor false")
        }
        return claim
    }
}

/// Why a request was not done: a code for programs, and a sentence.
package struct ControlFault: Error, Equatable {
    package var code: String
    package var message: String
    /// What else a program may want to know.
    package var details: [JSONObject.Member] = []

    package init(code: String, _ message: String) {
        self.code = code
        self.message = message
    }

    package init(_ error: LogError) {
        self.init(code: error.code, error.description)
        details = error.details
    }

    package static func invalid(_ message: String) -> ControlFault {
        ControlFault(code: "invalid", message)
    }

    /// The `error` object of an answer.
    var json: JSONObject {
        var object = JSONObject()
        object.add("code", code)
        for detail in details { object.add(detail.name, json: detail.json) }
        object.add("message", message)
        return object
    }

    /// Runs what may throw an error of the log.
    package static func translating<R>(
        _ body: () throws(LogError) -> R
    ) throws(ControlFault) -> R {
        do throws(LogError) {
            return try body()
        } catch {
            throw ControlFault(error)
        }
    }
}
