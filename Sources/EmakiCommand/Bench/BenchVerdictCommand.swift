import ArgumentParser
import EmakiCommandSupport
import EmakiPlatform
import Foundation

/// `emaki bench` without `--op`: the verdict on this disk.
extension BenchCommand {
    func runVerdict() async throws {
        let earlier = try compare.map { try Self.verdict(at: $0) }
        let folder = try BenchFolder(dir)
        defer { folder.removeIfOwn() }
        let run = BenchVerdictRun(
            folder: folder.path, seconds: seconds ?? BenchVerdictRun.secondsDefault,
            syncDelay: syncLatency
        ) { text in
            FileHandle.standardError.write(Data("emaki bench: \(text)\n".utf8))
        }
        var verdict = try run.begin()
        guard !verdict.isBusy || evenIfBusy else {
            let cores = verdict.othersCores.fixed(1)
            throw CommandFailure(
                .refused, code: "busy",
                "others use \(cores) cores of this machine, so figures would mean"
                    + " nothing: wait until they are done, or give --even-if-busy")
        }
        verdict = try await run.measure(verdict)
        if let html {
            try Data(BenchPage(verdict, earlier: earlier).text.utf8)
                .write(to: URL(fileURLWithPath: html), options: .atomic)
        }
        let text: String
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            text = String(decoding: try encoder.encode(verdict), as: UTF8.self)
        } else {
            text = BenchVerdictText(verdict, earlier: earlier).text
        }
        try FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }

    private static func verdict(at path: String) throws -> BenchVerdict {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        do {
            return try JSONDecoder().decode(BenchVerdict.self, from: bytes)
        } catch {
            throw CommandFailure(
                .usage, code: "usage",
                "\(path) is no earlier run: make one with emaki bench --json")
        }
    }
}
