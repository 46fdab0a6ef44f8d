import Foundation
import Testing

/// What an engine does with runs that its code does not follow, and what is shown of them: the same
/// as the gate says before.
@Suite("divergence at run time")
struct RunningDivergenceTests {
    private let releases: ReleaseProgram
    private var store: String { releases.store }

    init() throws {
        releases = try ReleaseProgram()
        try releases.run("1", "begin", store, "ana")
    }

    /// Where the example has a text, as its compiler names the place.
    private func place(of text: String) throws -> String {
        let path = "Sources/Examples/Release/Onboarding.swift"
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let lines = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let index = try #require(lines.firstIndex { $0.contains(text) })
        return "example_release/Onboarding.swift:\(index + 1)"
    }

    /// The sentence of the gate on the release that asks for too much.
    private func report() throws -> String {
        let gate = try releases.check("2", "--json")
        #expect(gate.status == 1)
        let verdict = try #require(try gate.object()["verdict"] as? [String: Any])
        let found = try place(of: #"context.step("confirm-address")"#)
        let agreed = try place(of: #"context.step("create-account")"#)
        let report = try #require(verdict["message"] as? String)
        #expect(
            report == "after event 3, in branch “”, the history has "
                + "StepScheduled welcome (welcome) and the code asks for "
                + "StepScheduled confirm-address (confirm-address), at \(found); "
                + "they agree up to StepScheduled create-account (create-account), at \(agreed); "
                + "let both go on: if context.patched(\"confirm-address\") { … as now } "
                + "else { … as it was }")
        let places = ["place": found, "lastEqualPlace": agreed]
        for (name, text) in places {
            let place = try #require(verdict[name] as? [String: Any])
            let file = try #require(place["file"] as? String)
            let line = try #require(place["line"] as? Int)
            #expect("\(file):\(line)" == text)
        }
        return report
    }

    private func state() throws -> String? {
        try Command.run("workflow", "describe", store, "ana", "--json").object()["state"] as? String
    }

    @Test("the gate's table has the places in the code")
    func table() throws {
        let stopped = try releases.check("2")
        let found = try place(of: #"context.step("confirm-address")"#)
        let agreed = try place(of: #"context.step("create-account")"#)
        for line in [
            "  this code: StepScheduled confirm-address (confirm-address), at \(found)",
            "  they agree up to StepScheduled create-account (create-account), at \(agreed)",
        ] { #expect(stopped.lines.contains(line), "\(line)\n\(stopped.output)") }
    }

    @Test("a run that other code does not follow waits, whole, and shows what the gate says")
    func otherCode() async throws {
        let report = try report()
        try await releases.serving("2") {
            let sent = try Command.run("workflow", "signal", store, "ana", "profile")
            #expect(sent.status == 0, "\(sent.errors)")
            var shown = try Command.run("workflow", "show", store, "ana")
            while !shown.output.contains("for other code") {
                await Task.yield()
                shown = try Command.run("workflow", "show", store, "ana")
            }
            let standing = try #require(shown.lines.first { $0.hasPrefix("now: waits since ") })
            #expect(standing.hasSuffix(report), "\(standing)")
            #expect(try state() == "open")
        }
        #expect(try releases.run("1", "end", store, "ana").lines.last == "ana: thank you, ana")
    }

    @Test("a run that code of its own version does not follow is paused, whole, and shows the same")
    func ownCode() async throws {
        let report = try report()
        try await releases.serving("2", claims: "1") {
            let sent = try Command.run("workflow", "signal", store, "ana", "profile")
            #expect(sent.status == 0, "\(sent.errors)")
            while try state() != "paused" { await Task.yield() }
        }
        // Nobody has the store now, and `emaki` has no code: it is in the history.
        let shown = try Command.run("workflow", "show", store, "ana")
        let standing = try #require(shown.lines.first { $0.hasPrefix("now: rests since ") })
        #expect(standing.contains("(Divergence: \(report))"), "\(standing)")
        let history = try Command.run("workflow", "history", store, "ana", "--json").objects()
        #expect(history.filter { $0["type"] as? String == "TaskFailed" }.count == 1)
        #expect(history.last?["type"] as? String == "RunPaused")
        #expect(try Command.run("workflow", "resume", store, "ana").status == 0)
        #expect(try releases.run("1", "end", store, "ana").lines.last == "ana: thank you, ana")
    }
}
