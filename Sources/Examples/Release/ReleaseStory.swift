import EmakiLog
import EmakiWorkflow
import EmakiWorkflowCommand
import Foundation

/// A program that is released again and again while its workflows sleep: the story in
/// `Docs/versioning.md`.
///
///     RELEASE=1 example-release begin STORE ana bob
///     RELEASE=2 example-release workflow check STORE
///     RELEASE=3 example-release end STORE ana
///
/// `CLAIMS=1` has a release say that it is the first, as code does whose version nobody raised: an
/// engine does not look for other code then, but takes what it has for faulty.
@main
enum ReleaseStory {
    static func main() async throws {
        let environment = ProcessInfo.processInfo.environment
        let name = environment["RELEASE"] ?? Release.first.rawValue
        guard let release = Release(rawValue: name) else {
            let names = Release.allCases.map(\.rawValue).joined(separator: " ")
            return say("RELEASE is one of \(names)")
        }
        let claimed = environment["CLAIMS"].flatMap { Release(rawValue: $0) }
        let code = [release.definition(as: claimed)]
        // `example-release workflow check STORE`, and all the other verbs.
        await WorkflowCommand.runIfAsked(definitions: code)
        let arguments = CommandLine.arguments.dropFirst()
        guard let verb = arguments.first, ["begin", "end", "serve"].contains(verb),
            let store = arguments.dropFirst().first
        else { return say("begin STORE NAME …, end STORE NAME …, or serve STORE") }
        let log = try await EventLog.open(at: store, .creating())
        var options = EngineOptions()
        // In a story nobody wants to wait for what fails again and again.
        options.taskRetryInterval = .milliseconds(1)
        let engine = try await WorkflowEngine(log: log, definitions: code, options: options)
        for name in arguments.dropFirst(2) { try await see(to: name, verb, engine) }
        if verb == "serve" {
            say("serving")
            // Until somebody closes our standard input.
            while readLine() != nil {}
        }
        engine.close()
        await log.close()
    }

    private static func see(
        to name: String, _ verb: String, _ engine: WorkflowEngine
    ) async throws {
        let handle = engine.handle(First.self, id: name)
        if verb == "end" {
            try await handle.signal(First.profile, Nothing())
            return say("\(name): \(try await handle.result())")
        }
        _ = try await engine.start(First.self, id: name, Newcomer(name: name))
        // Until it sleeps.
        while try await handle.describe().waitsFor.contains(where: { !$0.contains("timer") }) {
            await Task.yield()
        }
        say("\(name) began")
    }

    private static func say(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
    }
}
