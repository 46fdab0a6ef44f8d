import EmakiCommandSupport
import EmakiLog
import Dispatch
import Foundation

/// A store as it is to be checked: itself, opened for reading; or, if another process has it open,
/// a copy of a backup that that process makes.
struct CheckedStore {
    let place: StoreArgument
    /// Where the copy is put; nil: beside the store.
    let scratch: String?

    func with<R>(_ body: (EventLog) async throws -> R) async throws -> R {
        let folder = scratchFolder
        let cleaning = Self.cleaning(folder)
        defer {
            for source in cleaning { source.cancel() }
            try? FileManager.default.removeItem(at: folder)
        }
        let found: R? = try await place.open(.readOnly()) { owner in
            do {
                try FileManager.default.createDirectory(
                    at: folder, withIntermediateDirectories: true)
            } catch {
                throw CommandFailure(
                    .disk, code: "output", "\(folder.path): \(CommandFailure.sentence(error))")
            }
            var request = ControlClient.request("backup")
            request.add("folder", folder.appending(path: "backup").path)
            _ = try owner.ask(request)
            return nil
        } _: { log in
            try await body(log)
        }
        if let found { return found }
        let copy = folder.appending(path: "copy").path
        let backup = folder.appending(path: "backup")
        _ = try await EventLog.restore(from: backup.path, to: copy)
        try? FileManager.default.removeItem(at: backup)
        return try await place.closing(try await EventLog.open(at: copy, .readOnly()), body)
    }

    /// Who interrupts the check leaves no copy of the store behind.
    private static func cleaning(_ folder: URL) -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                try? FileManager.default.removeItem(at: folder)
                Foundation.exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    private var scratchFolder: URL {
        let store = URL(filePath: place.store).standardizedFileURL
        let parent = scratch.map { URL(filePath: $0) } ?? store.deletingLastPathComponent()
        return parent.standardizedFileURL.appending(
            path: "\(store.lastPathComponent).check-\(UUID().uuidString)")
    }
}
