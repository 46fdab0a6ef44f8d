import EmakiPlatform
import Foundation
import Testing

@Suite("bad input is refused by name, and the store stays as it is")
struct BadInputTests {
    @Test("a folder that is no store, a missing one, and a file in its place")
    func noStore() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("file", "x")
        for path in [folder.url.path, folder.path("missing"), file] {
            for command in ["read", "stats", "verify", "inspect", "export", "probe", "streams"] {
                let result = try Command.run(command, path)
                #expect(result.status == 4, "\(command) \(path)")
                #expect(result.errors.contains(path), "\(result.errors)")
            }
        }
        #expect(try Command.run("create", file).status == 4)
        #expect(try Command.run("create", folder.url.path).status == 4, "it is not empty")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["file"])
    }

    @Test("a store of a newer format")
    func newerFormat() throws {
        let store = try TestStore()
        try store.change("STORE") { bytes in
            let half = bytes.count / 2
            for start in [0, half] {
                bytes[start + 12] = 99
                let length = Int(bytes[start + 16]) | Int(bytes[start + 17]) << 8
                let checked = Array(bytes[start + 12..<start + length])
                let checksum = checked.withRawSpan { Checksum.crc32c($0) }
                for index in 0..<4 {
                    bytes[start + 8 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
                }
            }
        }
        let before = try store.contents()
        for command in ["read", "stats", "verify", "probe", "repair"] {
            let result = try Command.run([command, store.path])
            #expect(result.status == 7, "\(command)")
            #expect(result.errors.contains("STORE has format 99"), "\(result.errors)")
        }
        #expect(try store.contents() == before)
    }

    @Test("a stale expectation is a conflict that says where the stream is")
    func staleExpectation() throws {
        let store = try TestStore()
        try store.append("a", "1")
        let before = try store.export().output
        for expecting in ["none", "0", "2"] {
            let result = try Command.run(
                "append", store.path, "a", "--type", "T", "--payload", "2", "--expecting",
                expecting, "--json")
            #expect(result.status == 3)
            let error = try result.error()
            #expect(error["code"] as? String == "versionConflict")
            #expect(error["actual"] as? Int == 1)
        }
        #expect(try store.export().output == before)
    }

    @Test("stream ids and types that are empty or too long", arguments: [0, 255, 256])
    func identifiers(byteCount: Int) throws {
        let store = try TestStore()
        let name = String(repeating: "n", count: byteCount)
        let stream = try Command.run("append", store.path, name, "--type", "T", "--payload", "x")
        let type = try Command.run("append", store.path, "s", "--type", name, "--payload", "x")
        let isAccepted = byteCount == 255
        #expect(stream.status == (isAccepted ? 0 : 64))
        #expect(type.status == (isAccepted ? 0 : 64))
        #expect(try store.export().lines.count == (isAccepted ? 2 : 0))
        guard byteCount == 256 else { return }
        #expect(stream.errors.contains("streamIDBytes is 256, the limit is 255"))
        #expect(type.errors.contains("typeBytes is 256, the limit is 255"))
    }

    @Test("a payload that no batch can hold")
    func oversized() throws {
        let store = try TestStore()
        let result = try Command.run(
            "append", store.path, "s", "--type", "T",
            input: [UInt8](repeating: 0x78, count: 200_000))
        #expect(result.status == 64)
        #expect(result.errors.contains("batchBytes is "))
        #expect(try store.export().lines.isEmpty)
    }

    @Test("a batch size that no store has", arguments: [0, -1, 1 << 20])
    func batchBytesMax(value: Int) throws {
        let folder = try TemporaryFolder()
        let result = try Command.run(
            "create", folder.path("store"), "--segment-bytes", "131072",
            "--batch-bytes-max=\(value)")
        #expect(result.status == 64)
        #expect(
            result.errors.contains("batchBytesMax is \(value); with these segments it is 1 to "),
            "\(result.errors)")
    }

    @Test("a file that is not there, or is a folder")
    func inputFiles() throws {
        let store = try TestStore()
        let missing = store.folder.path("missing.json")
        for path in [missing, store.folder.url.path] {
            let append = try Command.run("append", store.path, "s", "--type", "T", "--file", path)
            #expect([4, 6].contains(append.status))
            #expect(append.errors.contains(path))
            let imported = try Command.run("import", store.path, path)
            #expect(imported.status == 2)
            #expect(imported.errors.contains(path))
        }
    }

    @Test(
        "wrong usage is named, as text and as JSON",
        arguments: [
            ["append", "s"], ["append", "s", "a"], ["append", "s", "--lines", "--jobs", "0"],
            ["append", "s", "a", "--type", "T", "--payload", "x", "--file", "y"],
            ["append", "s", "a", "--type", "T", "--expecting", "soon"],
            ["append", "s", "a", "--type", "T", "--id", "1"],
            ["read", "s", "a", "--limit", "0"], ["read", "s", "--backwards"],
            ["read", "s", "a", "--from-position", "1"],
            ["follow", "s", "--stream", "a", "--prefix", "b"], ["import", "s"], ["nonsense"],
        ])
    func usage(arguments: [String]) throws {
        let text = try Command.run(arguments)
        #expect(text.status == 64)
        #expect(text.errors.hasPrefix("emaki: "), "\(text.errors)")
        let json = try Command.run(arguments + ["--json"])
        #expect(json.status == 64)
        #expect(try json.error()["code"] as? String == "usage")
    }

    @Test("two processes at once: the second is told who has the store")
    func twoProcesses() throws {
        let store = try TestStore()
        try store.append("a", "1")
        let holder = Command.process(["append", store.path, "--lines"])
        let (input, output) = (Pipe(), Pipe())
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        let line = #"{"stream":"b","type":"T","payload":2}"# + "\n"
        try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
        // Its answer proves that it has the store open.
        _ = output.fileHandleForReading.availableData
        for command in ["verify", "inspect", "probe", "repair"] {
            let second = try Command.run([command, store.path, "--json"])
            #expect(second.status == 5, "\(command)")
            #expect(try second.error()["code"] as? String == "locked")
            #expect(try second.error()["process"] as? Int == Int(holder.processIdentifier))
        }
        try input.fileHandleForWriting.close()
        holder.waitUntilExit()
        #expect(holder.terminationStatus == 0)
        #expect(try store.export().lines.count == 2)
    }
}
