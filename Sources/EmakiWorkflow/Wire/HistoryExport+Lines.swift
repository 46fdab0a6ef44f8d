import EmakiLog

// Histories as lines of JSON: what `emaki workflow export` writes.
//
// A line for each event: `{"workflow":"transfer-7","run":"…","event":3,"type":"StepCompleted",
// "fields":"…","payload":"…"}`. `fields` and `payload` are what the log has, in base64; without a
// payload that member is left out. The other members are for people, and to tell runs apart: the
// events of a run follow one another in their order, and an event with the number 1 begins a run.
extension HistoryExport {
    /// - Parameter event: as the store has it, the one with this number.
    static func line(
        _ workflowID: String, _ runID: String, _ number: Int, _ event: HistoryPage.Stored
    ) throws(HistoryError) -> JSONObject {
        let decoded = try HistoryEvent(metadata: event.metadata, payload: event.payload)
        guard decoded.id == number else {
            throw .disordered(expected: number, found: decoded.id)
        }
        var line = JSONObject()
        line.add("workflow", workflowID)
        line.add("run", runID)
        line.add("event", number)
        line.add("type", decoded.typeName)
        line.add("fields", Base64.text(of: event.metadata[...]))
        if !event.payload.isEmpty { line.add("payload", Base64.text(of: event.payload[...])) }
        return line
    }

    /// The histories in the lines that `emaki workflow export` wrote, to be replayed. Empty lines
    /// are passed over.
    /// - Throws: `HistoryError` for lines that make no sense, with the number of the line; for an
    ///   event that is not the next of its run; for one of a newer version.
    public static func histories(
        ofLines bytes: some Collection<UInt8>
    ) throws(HistoryError) -> [[HistoryEvent]] {
        var histories: [[HistoryEvent]] = []
        var last = ("", "")
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { continue }
            let (event, run) = try event(of: Array(line), number)
            let expected = event.id == 1 || run != last ? 1 : (histories.last?.count ?? 0) + 1
            guard event.id == expected else {
                throw .disordered(expected: expected, found: event.id)
            }
            if expected == 1 { histories.append([]) }
            histories[histories.count - 1].append(event)
            last = run
        }
        return histories
    }

    private static func event(
        of line: [UInt8], _ number: Int
    ) throws(HistoryError) -> (HistoryEvent, (String, String)) {
        var texts: [String: String] = [:]
        do throws(JSONSlices.Fault) {
            let slices = try JSONSlices(validating: line)
            for member in try slices.members(of: try slices.whole()) {
                guard let name = slices.text(of: member.name) else { continue }
                texts[name] = slices.text(of: member.value)
            }
        } catch {
            throw .malformed("line \(number) is no JSON: \(error)")
        }
        guard let fields = texts["fields"].flatMap(Base64.bytes),
            let payload = Base64.bytes(of: texts["payload"] ?? "")
        else { throw .malformed("line \(number) has no event in base64") }
        let event = try HistoryEvent(metadata: fields, payload: payload)
        return (event, (texts["workflow"] ?? "", texts["run"] ?? ""))
    }
}
