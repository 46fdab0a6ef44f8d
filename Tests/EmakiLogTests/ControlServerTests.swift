import EmakiPlatform
import Foundation
import Synchronization
import Testing

@testable import EmakiLog

/// The socket of an open log, asked from this process as another one asks.
@Suite("Control of an open log") struct ControlServerTests {
    private static func open(
        _ path: String, _ change: (inout Configuration) -> Void = { _ in }
    ) async throws -> EventLog {
        var configuration = Configuration.creating(StoreOptions(segmentBytes: 128 << 10))
        configuration.idleMarkDelay = .seconds(3600)
        change(&configuration)
        return try await EventLog.open(at: path, configuration)
    }

    /// All lines of an answer.
    private func ask(_ path: String, _ request: String) async throws -> [String] {
        try await SystemThread.offload(name: "test") { () throws(LogError) in
            try Self.askHere(path, Array(request.utf8))
        }
    }

    private static func askHere(_ path: String, _ request: [UInt8]) throws(LogError) -> [String] {
        guard var client = try connect(path) else { throw .closed }
        try client.send(line: request)
        var lines: [String] = []
        while let line = try client.next() { lines.append(String(decoding: line, as: UTF8.self)) }
        return lines
    }

    private static func connect(_ path: String) throws(LogError) -> ControlClient? {
        do {
            return try ControlClient.connect(toStore: path)
        } catch {
            throw LogError(error, file: "CONTROL")
        }
    }

    @Test("an open log answers, and the socket is there for its user while it is open, no longer")
    func life() async throws {
        let folder = try ControlFolder()
        let log = try await Self.open(folder["store"])
        let socket = folder["store/CONTROL"]
        let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions]
        #expect(mode as? Int == 0o600 && log.listensForControl)
        try await log.append(Event(type: "T", text: #"{"n": 1}"#), to: "a")
        try await log.append(Event(type: "T", payload: [0, 1]), to: "b")
        let stats = try await ask(folder["store"], #"{"emaki":1,"verb":"stats"}"#)
        #expect(stats.count == 1 && stats[0].hasPrefix(#"{"emaki":1,"result":{"process":"#))
        #expect(stats[0].contains(#""durablePosition":2"#))
        let read = try await ask(folder["store"], #"{"emaki":1,"verb":"read"}"#)
        #expect(read.count == 3 && read.last == #"{"emaki":1,"result":{"events":2}}"#)
        let events = try log.events()
        #expect(Array(read.prefix(2)) == events.map { EventJSON.object($0).text })
        let one = try await ask(
            folder["store"],
            #"{"emaki":1,"verb":"read","stream":"a","from":1,"limit":1,"backwards":true}"#)
        #expect(one == [read[0], #"{"emaki":1,"result":{"version":1,"events":1}}"#])
        let scrub = try await ask(folder["store"], #"{"emaki":1,"verb":"scrub"}"#)
        #expect(scrub.last?.contains(#""damages":[]"#) == true)
        await log.close()
        #expect(!FileManager.default.fileExists(atPath: socket))
        #expect(try Self.connect(folder["store"]) == nil)
    }

    @Test(
        "what cannot be done is refused with a reason, and the log goes on",
        arguments: [
            (#"{"emaki":1,"verb":"sing"}"#, "unknownVerb"), (#"{"emaki":9,"verb":"stats"}"#, "un"),
            ("nonsense", "invalid"), ("{\"emaki\":1,\n\"verb\":\"stats\"}", "invalid"),
            (#"{"emaki":1,"verb":"stats","stream":"a"}"#, "invalid"),
            (#"{"emaki":1,"verb":"read","limit":0}"#, "invalid"),
            (#"{"emaki":1,"verb":"read","backwards":true}"#, "invalid"),
            (#"{"emaki":1,"verb":"read","stream":""}"#, "invalid"),
            (#"{"emaki":1,"verb":"backup","folder":"relative"}"#, "invalid"),
            (#"{"emaki":1,"verb":"backup"}"#, "invalid"),
            (#"{"emaki":1,"verb":"backup","folder":"/proc/no/such"}"#, ""),
            (String(repeating: "x", count: 70_000), "invalid"),
        ])
    func refusals(request: String, code: String) async throws {
        let folder = try ControlFolder()
        let log = try await Self.open(folder["store"])
        let lines = try await ask(folder["store"], request)
        #expect(lines.count == 1)
        #expect(lines[0].hasPrefix(#"{"emaki":1,"error":{"code":""# + code), "\(lines[0])")
        try await log.append(Event(type: "T", text: "1"), to: "a")
        await log.close()
    }

    @Test("a socket that a killed process left is replaced; a file of that name is left alone")
    func leftovers() async throws {
        let folder = try ControlFolder()
        await (try Self.open(folder["store"])).close()
        let left = try LocalListener(name: "CONTROL", inFolder: folder["store"])
        withExtendedLifetime(left) {}
        #expect(FileManager.default.fileExists(atPath: folder["store/CONTROL"]))
        let log = try await Self.open(folder["store"])
        #expect(log.receipt.warnings.isEmpty && log.receipt.strangers.isEmpty)
        #expect(try await ask(folder["store"], #"{"emaki":1,"verb":"stats"}"#).count == 1)
        await log.close()
        try Data("mine".utf8).write(to: URL(filePath: folder["store/CONTROL"]))
        let second = try await Self.open(folder["store"])
        #expect(second.receipt.warnings.count == 1 && !second.listensForControl)
        #expect(second.receipt.warnings.first?.contains("CONTROL") == true)
        try await second.append(Event(type: "T", text: "1"), to: "a")
        await second.close()
        #expect(try Data(contentsOf: URL(filePath: folder["store/CONTROL"])) == Data("mine".utf8))
    }

    @Test("a log listens only if it is told to, and never when it is opened for reading")
    func silent() async throws {
        let folder = try ControlFolder()
        let log = try await Self.open(folder["store"]) { $0.listensForControl = false }
        #expect(try Self.connect(folder["store"]) == nil && !log.listensForControl)
        await log.close()
        let reading = try await EventLog.open(at: folder["store"], .readOnly())
        #expect(try Self.connect(folder["store"]) == nil)
        await reading.close()
    }

    @Test("a path that no address of a socket holds is reached all the same", arguments: [60, 200])
    func longPath(length: Int) async throws {
        let folder = try ControlFolder()
        let path = folder[String(repeating: "x", count: length)]
        let log = try await Self.open(path)
        #expect(log.receipt.warnings.isEmpty)
        #expect(try await ask(path, #"{"emaki":1,"verb":"stats"}"#).count == 1)
        await log.close()
        #expect(!FileManager.default.fileExists(atPath: path + "/CONTROL"))
    }

    @Test("a log that nobody holds any more closes, though it listened")
    func dropped() async throws {
        let folder = try ControlFolder()
        var log: EventLog? = try await Self.open(folder["store"])
        weak let committer = log?.committer
        #expect(try await ask(folder["store"], #"{"emaki":1,"verb":"stats"}"#).count == 1)
        log = nil
        await passed {
            guard let committer else { return true }
            return committer.lock.withLock { committer.isClosed }
        }
        let again = try await Self.open(folder["store"])
        await again.close()
    }

    @Test("who says nothing, or takes nothing, holds up neither others, nor appends, nor closing")
    func slow() async throws {
        let folder = try ControlFolder()
        let log = try await Self.open(folder["store"])
        for number in 0..<40 {
            try await log.append(
                Event(type: "T", payload: bytes(30_000, seed: number)),
                to: number % 2 == 0 ? "s" : "t")
        }
        // More than a socket holds, and nobody reads it.
        guard var greedy = try Self.connect(folder["store"]),
            let silent = try Self.connect(folder["store"])
        else { return #expect(Bool(false), "the log listens") }
        try greedy.send(line: Array(#"{"emaki":1,"verb":"read"}"#.utf8))
        for number in 0..<20 {
            try await log.append(Event(type: "T", text: "\(number)"), to: "x")
            #expect(try await ask(folder["store"], #"{"emaki":1,"verb":"stats"}"#).count == 1)
        }
        await log.close()
        withExtendedLifetime(silent) {}
        // What was broken off has no last line.
        var last: [UInt8] = []
        while let line = try greedy.next() { last = line }
        #expect(!last.starts(with: Array(#"{"emaki""#.utf8)))
    }

    @Test("a few are heard at once, the next one is told to come later, and then is heard")
    func busy() async throws {
        let folder = try ControlFolder()
        let log = try await Self.open(folder["store"])
        let gate = Gate()
        let waiting = Atomic64()
        log.answerControl("wait") { (_, _, _) throws(ControlFault) in
            waiting.add()
            gate.wait()
            return JSONObject()
        }
        let path = folder["store"]
        let request = #"{"emaki":1,"verb":"wait"}"#
        let answers = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<ControlServer.conversationsMax {
                group.addTask { (try? await ask(path, request)) ?? [] }
            }
            await passed { waiting.value == ControlServer.conversationsMax }
            let refused = (try? await ask(path, request)) ?? []
            #expect(refused.count == 1 && refused[0].contains(#""code":"busy""#))
            gate.open()
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(answers == answers.map { _ in #"{"emaki":1,"result":{}}"# })
        #expect(answers.count == ControlServer.conversationsMax)
        await passed {
            (try? Self.askHere(path, Array(request.utf8)))?.first?.contains("result") == true
        }
        log.answerControl("wait", with: nil)
        #expect(try await ask(path, request)[0].contains("unknownVerb"))
        await log.close()
    }

    @Test("a backup asked for through the socket ends when the log closes, or the asker goes away")
    func brokenOff() async throws {
        let folder = try ControlFolder()
        let log = try await Self.open(folder["store"])
        let gate = Gate()
        let seen = Atomic64()
        log.answerControl("work") { (_, _, reply) throws(ControlFault) in
            gate.wait()
            while reply.progress("worked", seen.value, of: 1 << 40) { seen.add() }
            seen.add(1 << 20)
            return JSONObject()
        }
        for round in 1...2 {
            guard var client = try Self.connect(folder["store"]) else { return }
            try client.send(line: Array(#"{"emaki":1,"verb":"work"}"#.utf8))
            if round == 1 {
                _ = consume client
                gate.open()
            } else {
                _ = try client.next()
                await log.close()
            }
            await passed { seen.value >= round << 20 }
        }
    }
}

/// A number that threads count with.
private final class Atomic64: Sendable {
    private let count = Atomic(0)

    func add(_ number: Int = 1) { count.add(number, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}

/// A folder for a test, gone when it is.
private final class ControlFolder: Sendable {
    private let root: String

    init() throws {
        root = NSTemporaryDirectory() + "emaki-control-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: root) } catch { print("\(root): \(error)") }
    }

    subscript(name: String) -> String { root + "/" + name }
}
