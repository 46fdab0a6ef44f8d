import ArgumentParser
import EmakiLog
import Foundation

/// Nobody reads our standard output any more: the command ends quietly, as `head` expects.
package struct OutputClosed: Error {
    /// What was known when nobody wanted to read it.
    package var status = CommandStatus.done
}

/// Standard output. Lines gather in memory and go out in large writes, or at `send`.
///
/// Belongs to one task or thread at a time.
package struct Output: ~Copyable {
    private let handle: FileHandle
    private let name: String
    private var gathered: [UInt8] = []

    private static let gatheredBytesMax = 256 << 10

    package init(_ handle: FileHandle = .standardOutput, name: String = "standard output") {
        self.handle = handle
        self.name = name
    }

    package mutating func line(_ text: String) throws {
        try bytes(text.utf8)
        try bytes(CollectionOfOne(0x0a))
    }

    package mutating func line(_ object: JSONObject) throws {
        try line(object.text)
    }

    package mutating func bytes(_ bytes: some Collection<UInt8>) throws {
        gathered += bytes
        if gathered.count >= Self.gatheredBytesMax { try send() }
    }

    /// Hands everything to the system.
    package mutating func send() throws {
        guard !gathered.isEmpty else { return }
        let sent = Data(gathered)
        gathered.removeAll(keepingCapacity: true)
        do {
            try handle.write(contentsOf: sent)
        } catch {
            throw Self.meaning(of: error, name: name)
        }
    }

    /// Makes the report of a command whose work is done, and ends it with its status: also if
    /// nobody reads the report.
    package static func reporting(_ status: CommandStatus, _ report: () throws -> Void) throws {
        do {
            try report()
        } catch is OutputClosed {
            throw OutputClosed(status: status)
        }
        guard status == .done else { throw ExitCode(status.rawValue) }
    }

    private static func meaning(of error: any Error, name: String) -> any Error {
        let error = error as NSError
        let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
        if cause.domain == NSPOSIXErrorDomain, cause.code == Int(EPIPE) { return OutputClosed() }
        return CommandFailure(
            .disk, code: "output", "\(name): \(CommandFailure.sentence(error))")
    }
}
