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
        /// Fingerprints of the code.
        var code: [String]
    }

    private struct Run: Codable {
        var workflow: String
        var run: String
        var events: Int
    }

    let head: Head
    /// By `WORKFLOW/RUN`.
    private var eventCounts: [String: Int] = [:]

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
            eventCounts[run.workflow + "/" + run.run] = run.events
        }
    }

    /// The run is in it as it is now.
    func holds(_ run: StoredHistory) -> Bool {
        eventCounts[run.workflowID + "/" + run.runID] == run.eventCount
    }

    mutating func add(_ run: StoredHistory) {
        eventCounts[run.workflowID + "/" + run.runID] = run.eventCount
    }

    mutating func add(_ other: CheckRecord) {
        eventCounts.merge(other.eventCounts) { new, _ in new }
    }

    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var data = try encoder.encode(head)
        data.append(UInt8(ascii: "\n"))
        for (name, events) in eventCounts.sorted(by: { $0.key < $1.key }) {
            guard let slash = name.lastIndex(of: "/") else { continue }
            let run = Run(
                workflow: String(name[..<slash]), run: String(name[name.index(after: slash)...]),
                events: events)
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
