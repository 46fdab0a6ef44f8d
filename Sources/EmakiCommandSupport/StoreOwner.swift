import EmakiLog
import Foundation

/// The process that has a store open, asked in this one's place.
package struct StoreOwner: ~Copyable {
    private let store: String
    private var client: ControlClient

    /// What comes before the members of a line that is no event.
    private static let envelope = Array(#"{"emaki":"#.utf8)

    /// - Returns: nil if nobody answers for the store.
    package init?(of store: String) throws {
        guard let client = try ControlClient.connect(toStore: store) else { return nil }
        self.client = client
        self.store = store
    }

    /// Asks, and waits for the whole answer.
    /// - Parameters:
    ///   - progress: called with how far the owner is.
    ///   - line: called with each line of the verb's own.
    /// - Throws: what the owner reports, as if it had happened here.
    package mutating func ask(
        _ request: JSONObject,
        progress: (_ phase: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in },
        line take: ([UInt8]) throws -> Void = { _ in }
    ) throws -> OwnerAnswer {
        do {
            try client.send(request)
            while let line = try client.next() {
                guard line.starts(with: Self.envelope) else {
                    try take(line)
                    continue
                }
                let slices = try JSONSlices(validating: line)
                let whole = try slices.whole()
                if let result = try slices.member("result", of: whole) {
                    return OwnerAnswer(slices: slices, result: result)
                }
                if let error = try slices.member("error", of: whole) {
                    throw try CommandFailure(toldBy: slices, error)
                }
                try Self.report(slices, whole, to: progress)
            }
        } catch let fault as JSONSlices.Fault {
            throw CommandFailure(
                .internalError, code: "answer", "the owner of \(store) answers no JSON: \(fault)")
        } catch let error as LogError {
            guard case .disk = error else { throw error }
        }
        throw CommandFailure(
            .locked, code: "locked",
            "the process that has \(store) open broke the conversation off; it may be closing the"
                + " store: try again")
    }

    private static func report(
        _ slices: JSONSlices, _ whole: JSONSlices.Slice, to progress: (String, Int, Int) -> Void
    ) throws {
        guard let phase = try slices.member("progress", of: whole).flatMap(slices.text),
            let done = try slices.member("done", of: whole).flatMap(slices.number),
            let total = try slices.member("total", of: whole).flatMap(slices.number)
        else { return }
        progress(phase, Int(clamping: done), Int(clamping: total))
    }
}

/// The result that an owner sent.
package struct OwnerAnswer {
    package let slices: JSONSlices
    package let result: JSONSlices.Slice

    package init(slices: JSONSlices, result: JSONSlices.Slice) {
        self.slices = slices
        self.result = result
    }

    /// A member that knows how to decode itself; nil if it is not there.
    package func value<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value? {
        guard let member = try slices.member(name, of: result) else { return nil }
        return try JSONDecoder().decode(type, from: Data(slices.source(of: member)))
    }

    /// - Throws: if it is not there.
    package func required<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        guard let value = try value(name, as: type) else {
            throw CommandFailure(
                .internalError, code: "answer",
                "the owner's answer lacks `\(name)`; is it of another version of Emaki?")
        }
        return value
    }

    package func number(_ name: String) throws -> UInt64? {
        try slices.member(name, of: result).flatMap(slices.number)
    }
}

extension CommandFailure {
    /// An error that an owner reported.
    init(toldBy slices: JSONSlices, _ error: JSONSlices.Slice) throws {
        var code = "answer"
        var message = "the owner reports an error without a message"
        var details: [JSONObject.Member] = []
        for member in try slices.members(of: error) {
            switch slices.text(of: member.name) {
            case "code"?: code = slices.text(of: member.value) ?? code
            case "message"?: message = slices.text(of: member.value) ?? message
            case let name?:
                let json = String(decoding: slices.source(of: member.value), as: UTF8.self)
                details.append(JSONObject.Member(name: name, json: json))
            case nil: continue
            }
        }
        self.init(CommandStatus(code: code), code: code, message)
        self.details = details
    }
}

extension StoreArgument {
    /// Opens, works, closes; or, if another process has the store open, has that one asked.
    package func open<R>(
        _ configuration: Configuration, orAsking ask: (inout StoreOwner) throws -> R,
        _ body: (EventLog) async throws -> R
    ) async throws -> R {
        var holder: Int32?
        // The second time for one that was closed, or opened, just now.
        for _ in 0..<2 {
            let log: EventLog
            do {
                log = try await EventLog.open(at: store, configuration)
            } catch LogError.locked(_, let process) {
                holder = process
                if var owner = try StoreOwner(of: store) { return try ask(&owner) }
                continue
            }
            return try await closing(log, body)
        }
        throw Self.unanswered(store, holder)
    }

    private static func unanswered(_ store: String, _ holder: Int32?) -> CommandFailure {
        let process = holder.map { "process \($0)" } ?? "another process"
        var failure = CommandFailure(LogError.locked(path: store, by: holder))
        failure.message =
            "\(store) is open in \(process), which cannot be asked: it has no socket CONTROL there,"
            + " or works on the store as another command does. Wait until it ends, or close the"
            + " store there"
        return failure
    }
}
