import EmakiCommandSupport
import EmakiLog
import EmakiWorkflow
import Foundation

/// What a check found, for the next one: on the same code a run that has not gone on since is as it
/// was.
///
/// A file of lines of JSON: what was checked on which code, then a line for each run that the code
/// follows, with how many events it had.
struct CheckRecord: Sendable {
    struct Head: Codable, Equatable {
        var emakiCheck = 1
        var store: String
        /// Each version: its name, its fingerprint, and whether new runs begin with it.
        var code: [String]
        /// A hash of the program.
        var program: String
        var comparesInput: Bool
    }

    private struct Run: Codable {
        var workflow: String
        var run: String
        var events: Int
        /// A hash of the newest one.
        var newest: String
    }

    let head: Head
    private struct State: Equatable, Sendable {
        var events: Int
        var newest: UInt64
    }

    /// By `WORKFLOW/RUN`.
    private var states: [String: State] = [:]

    init(_ head: Head) { self.head = head }

    /// - Throws: `CommandFailure` if the file is none.
    init(reading path: String) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw CommandFailure.usage("\(path): \(CommandFailure.sentence(error))")
        }
        let lines = data.split(separator: UInt8(ascii: "\n"))
        let decoder = JSONDecoder()
        guard let first = lines.first, let head = try? decoder.decode(Head.self, from: first),
            head.emakiCheck == 1
        else {
            throw CommandFailure.usage(
                "\(path) is no record of a check: make one with `check --record FILE`")
        }
        self.init(head)
        for line in lines.dropFirst() {
            guard let run = try? decoder.decode(Run.self, from: line) else {
                throw CommandFailure.usage("\(path): a line is not of a record: it is damaged")
            }
            guard let newest = UInt64(run.newest, radix: 16) else {
                throw CommandFailure.usage("\(path): a line is not of a record: it is damaged")
            }
            states[run.workflow + "/" + run.run] = State(events: run.events, newest: newest)
        }
    }

    /// The run is in it as it is now.
    func holds(_ run: StoredHistory) -> Bool {
        states[run.workflowID + "/" + run.runID]
            == State(events: run.eventCount, newest: run.newestHash)
    }

    mutating func add(_ run: StoredHistory) {
        states[run.workflowID + "/" + run.runID] = State(
            events: run.eventCount, newest: run.newestHash)
    }

    mutating func add(_ other: CheckRecord) {
        states.merge(other.states) { new, _ in new }
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var data = try encoder.encode(head)
        data.append(UInt8(ascii: "\n"))
        for (name, state) in states.sorted(by: { $0.key < $1.key }) {
            guard let slash = name.lastIndex(of: "/") else { continue }
            let run = Run(
                workflow: String(name[..<slash]), run: String(name[name.index(after: slash)...]),
                events: state.events, newest: String(state.newest, radix: 16))
            data += try encoder.encode(run)
            data.append(UInt8(ascii: "\n"))
        }
        do {
            try data.write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                .disk, code: "output", "\(path): \(CommandFailure.sentence(error))")
        }
    }
}
