import ArgumentParser
import EmakiCommandSupport
import EmakiLog
import EmakiPlatform

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Print a store's files readably, down to the single frame.",
        discussion: """
            Works on a damaged store too, and changes nothing. Each frame is shown with its place, \
            group, positions, events and verdict: `linked` (recovery reads it), `notLinked`, \
            `misplaced`, `tornPayload`, `tornHeader`, `unknown`. Below it, what each batch \
            appended to which stream. With --json one object a line: the store, each sealed file, \
            each segment.

            EXAMPLES
              emaki inspect orders.emaki
              emaki inspect orders.emaki --segment 2 --limit 10 --hex
              emaki inspect orders.emaki --json
            """)

    @OptionGroup var place: StoreArgument

    @Flag(help: "Also the first bytes of each frame.")
    var hex = false

    @Option(help: "Only the segment of this number.")
    var segment: UInt64?

    @Option(help: "At most so many frames of each segment.")
    var limit = Int.max

    @OptionGroup var answer: OutputOptions

    private static let hexBytes = 256

    func validate() throws {
        guard limit >= 0 else { throw ValidationError("--limit is \(limit); it is at least 0.") }
    }

    func run() async throws {
        let command = self
        try await SystemThread.offload(name: "emaki-inspect") { () throws(any Error) in
            try command.inspect()
        }
    }

    private func inspect() throws {
        try StoreInspection.withStore(at: place.store) { inspection in
            let request = StoreInspection.Request(
                segment: segment, frameCountMax: limit, hexBytes: hex ? Self.hexBytes : 0)
            var output = Output()
            var count = 0
            if answer.json {
                try output.line(InspectionJSON.object(of: inspection))
            } else {
                for line in InspectionText.lines(of: inspection) { try output.line(line) }
            }
            if segment == nil {
                try inspection.forEachSealedFile { file in
                    if answer.json {
                        try output.line(JSONObject.encoded(file))
                    } else {
                        for line in InspectionText.lines(of: file) { try output.line(line) }
                    }
                }
            }
            try inspection.forEachSegment(request) { segment in
                count += 1
                if answer.json {
                    try output.line(JSONObject.encoded(segment))
                } else {
                    try output.line("")
                    for line in InspectionText.lines(of: segment) { try output.line(line) }
                }
            }
            try output.send()
            guard count == 0, let segment, inspection.manifest != nil else { return }
            throw CommandFailure(
                .usage, code: "noSegment",
                "MANIFEST lists no segment \(segment); leave out --segment to see those it lists")
        }
    }
}

enum InspectionJSON {
    static func object(of inspection: StoreInspection) throws -> JSONObject {
        var object = JSONObject()
        if let store = inspection.store { try object.add("store", encoding: store) }
        if let fault = inspection.storeFault { object.add("storeFault", fault) }
        if let manifest = inspection.manifest { try object.add("manifest", encoding: manifest) }
        if let fault = inspection.manifestFault { object.add("manifestFault", fault) }
        object.add("notListed", inspection.strangers)
        return object
    }
}
