import EmakiCommandSupport
import EmakiLog
import EmakiPlatform
import Foundation

/// A file or standard input, read piece by piece.
struct InputBytes: ~Copyable {
    /// For messages.
    let name: String
    /// Owns the descriptor. Its own way to read what is there traps on an error, and on a pipe
    /// that somebody made non-blocking.
    private let handle: FileHandle

    static func standard() -> InputBytes {
        InputBytes(name: "standard input", handle: .standardInput)
    }

    /// - Throws: a failure that names the file.
    init(path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(
                .noStore, code: "noInput",
                "\(path) cannot be read: \(systemReason(for: path)); correct the path")
        }
        self.init(name: path, handle: handle)
    }

    private init(name: String, handle: FileHandle) {
        self.name = name
        self.handle = handle
    }

    /// The next bytes as soon as there are any; nil at the end.
    mutating func next() throws -> [UInt8]? {
        do {
            let piece = try StreamInput.read(
                handle.fileDescriptor, upTo: CommandLimits.readBytes)
            return piece.isEmpty ? nil : piece
        } catch {
            throw CommandFailure(.disk, code: "input", "\(name) cannot be read: \(error)")
        }
    }

    /// Everything, for one event's payload.
    mutating func all(upTo byteCountMax: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try next() {
            bytes += piece
            guard bytes.count <= byteCountMax else {
                throw LogError.tooLarge(
                    .payloadBytes, limit: byteCountMax, value: bytes.count)
            }
        }
        return bytes
    }
}

private func systemReason(for path: String) -> String {
    do {
        let facts = try FileManager.default.attributesOfItem(atPath: path)
        let isFolder = facts[.type] as? FileAttributeType == .typeDirectory
        return isFolder ? "it is a folder" : "permission denied"
    } catch {
        return "there is no such file"
    }
}
