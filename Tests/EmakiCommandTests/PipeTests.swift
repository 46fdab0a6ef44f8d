import Foundation
import Testing

@Suite("input that is not there yet, output that nobody reads")
struct PipeTests {
    @Test("a non-blocking standard input is waited for")
    func nonBlocking() throws {
        let store = try TestStore()
        let process = Command.process(["append", store.path, "--lines"])
        let (input, output) = (Pipe(), Pipe())
        let descriptor = input.fileHandleForReading.fileDescriptor
        let flags = fcntl(descriptor, F_GETFL)
        try #require(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0)
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        for number in 1...3 {
            let line = #"{"stream":"b","type":"T","payload":\#(number)}"# + "\n"
            try input.fileHandleForWriting.write(contentsOf: Data(line.utf8))
            // Between its answer and the next line the command finds nothing to read.
            let answer = output.fileHandleForReading.availableData
            #expect(String(decoding: answer, as: UTF8.self).contains("\"version\":\(number)"))
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 0)
    }

    @Test(
        "a standard input that cannot be read is named",
        arguments: [["append", "s", "--type", "T"], ["append", "--lines"], ["import", "-"]])
    func unreadable(arguments: [String]) throws {
        let store = try TestStore()
        // Safe because the path is a string that the call only reads.
        let descriptor = unsafe open(store.folder.url.path, O_RDONLY)
        let errors = store.folder.path("errors")
        try Data().write(to: URL(filePath: errors))
        var arguments = arguments
        arguments.insert(store.path, at: 1)
        let process = Command.process(arguments)
        process.standardInput = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == (arguments[0] == "import" ? 2 : 6))
        let text = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(text.contains("standard input cannot be read: "), "\(text)")
    }

    /// Runs the command with an output that was closed by its reader.
    private func statusUnread(_ arguments: String...) throws -> Int32 {
        let process = Command.process(arguments)
        let output = Pipe()
        try output.fileHandleForReading.close()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -1
    }

    @Test("the status tells of damage and refusals, also if nobody reads the report")
    func unreadReports() throws {
        let store = try TestStore()
        try store.append("a", "{\"n\":1}")
        #expect(try statusUnread("verify", store.path) == 0)
        let bad = try store.folder.write("bad.jsonl", "7\n8\n")
        #expect(try statusUnread("import", store.path, bad) == 2)
        #expect(try statusUnread("import", store.path, bad, "--json") == 2)
        try store.change("wal/00000000") { bytes in
            let place = try #require(bytes.range(of: Data("{\"n\":1}".utf8)))
            bytes[place.lowerBound] ^= 1
        }
        #expect(try statusUnread("verify", store.path) == 1)
        #expect(try statusUnread("export", store.path, "--damaged") == 0)
        try store.change("STORE") { $0 = Data(count: $0.count) }
        #expect(try statusUnread("verify", store.path, "--json") == 1)
    }
}
