import EmakiLog
import Foundation

/// A file or standard input, read piece by piece.
struct InputBytes: ~Copyable {
    /// For messages.
    let name: String
    private let handle: FileHandle
    private let isStream: Bool
    private var hasStarted = false

    static func standard() -> InputBytes {
        InputBytes(name: "standard input", handle: .standardInput, isStream: true)
    }

    /// - Throws: a failure that names the file.
    init(path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(
                .noStore, code: "noInput",
                "\(path) cannot be read: \(systemReason(for: path)); correct the path")
        }
        self.init(name: path, handle: handle, isStream: false)
    }

    private init(name: String, handle: FileHandle, isStream: Bool) {
        self.name = name
        self.handle = handle
        self.isStream = isStream
    }

    /// The next bytes as soon as there are any; nil at the end.
    mutating func next() throws -> Data? {
        do {
            let piece: Data?
            if isStream, hasStarted {
                // Returns what a pipe holds; the call below waits for as much as it asked for.
                piece = handle.availableData
            } else {
                // Also the call that can say why nothing can be read from here at all.
                piece = try handle.read(upToCount: isStream ? 1 : CommandLimits.readBytes)
            }
            hasStarted = true
            guard let piece, !piece.isEmpty else { return nil }
            return piece
        } catch {
            throw CommandFailure(
                .disk, code: "input", "\(name) cannot be read: \(CommandFailure.sentence(error))")
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
