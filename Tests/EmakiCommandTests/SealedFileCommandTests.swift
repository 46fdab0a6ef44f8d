import Foundation
import Testing

@Suite("emaki sealed-file")
struct SealedFileCommandTests {
    @Test("it measures, once and tiny, and leaves nothing behind")
    func smoke() throws {
        let path = FileManager.default.temporaryDirectory.path + "/emaki-sealed-\(UUID())"
        for level in [[], ["--level", "4"]] {
            let result = try Command.run(
                [
                    "sealed-file", "--streams", "50", "--per-stream", "4", "--seconds", "0.001",
                    "--threads", "2", "--dir", path, "--json",
                ] + level)
            #expect(result.status == 0, "\(result.errors)")
            let line = try result.object()
            for name in [
                "made_events_per_s", "bytes_per_event", "chunks_per_event", "order_per_event",
                "parity_per_event", "replays_per_s", "replay_cpu_ns", "unpack_cpu_ns",
                "find_cpu_ns", "miss_cpu_ns", "points_per_s",
            ] {
                #expect(line[name] != nil, "\(name)")
            }
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test("a folder that is there is somebody else's, and stays")
    func foreignFolder() throws {
        let path = FileManager.default.temporaryDirectory.path + "/emaki-sealed-\(UUID())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try Command.run("sealed-file", "--streams", "5", "--dir", path)
        #expect(result.status != 0)
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test("it is no part of what `emaki --help` lists")
    func hidden() throws {
        #expect(try !Command.run("--help").output.contains("sealed-file"))
    }
}
