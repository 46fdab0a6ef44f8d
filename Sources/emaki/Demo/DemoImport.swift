import EmakiLog
import Foundation

/// The recorded histories that ship with the command, one workflow a line.
struct DemoHistories {
    /// Name of the workflow, and the JSON text of each of its events.
    struct History {
        var name: String
        var events: [Event]
    }

    /// Nil if the file that ships with the command is not beside it.
    static func load() throws -> [History]? {
        guard let url = location else { return nil }
        let lines = try Data(contentsOf: url).split(separator: 0x0a)
        return try lines.map { line in try history(JSONSlices(validating: Array(line))) }
    }

    /// Not `Bundle.module`: that traps if the file is missing, and a demo can do without.
    private static var location: URL? {
        let name = "emaki_emaki.resources/histories-small.jsonl"
        let program = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        let beside = program.deletingLastPathComponent().appendingPathComponent(name)
        return FileManager.default.fileExists(atPath: beside.path) ? beside : nil
    }

    private static func history(_ text: JSONSlices) throws -> History {
        var history = History(name: "", events: [])
        for member in try text.members(of: try text.whole()) {
            switch text.text(of: member.name) {
            case "workflowId": history.name = text.text(of: member.value) ?? ""
            case "events":
                for slice in try text.elements(of: member.value) {
                    history.events.append(try event(slice, of: text))
                }
            default: break
            }
        }
        return history
    }

    private static func event(_ slice: JSONSlices.Slice, of text: JSONSlices) throws -> Event {
        var type = "Event"
        for member in try text.members(of: slice) where text.text(of: member.name) == "eventType" {
            type = text.text(of: member.value) ?? type
        }
        return Event(type: type, payload: text.source(of: slice))
    }
}
