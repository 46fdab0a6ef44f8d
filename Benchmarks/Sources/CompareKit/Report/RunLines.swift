/// The lines of one or more runs, gathered by what was measured.
package struct RunLines: Sendable {
    package let lines: [ResultLine]

    /// How many were left out because others used the machine.
    package let leftOutCount: Int

    package init(_ lines: [ResultLine], leftOutCount: Int = 0) {
        (self.lines, self.leftOutCount) = (lines, leftOutCount)
    }

    /// Without the lines that met a busy machine.
    package var quiet: RunLines {
        let quiet = lines.filter { ($0.othersCores ?? 0) <= MachineState.othersCoresMax }
        return RunLines(quiet, leftOutCount: lines.count - quiet.count)
    }

    /// A run in which so many lines met a busy machine means nothing.
    package static let busyShareMax = 0.1

    package var busyCount: Int {
        lines.count { ($0.othersCores ?? 0) > MachineState.othersCoresMax }
    }
    package var watchedCount: Int { lines.count { $0.othersCores != nil } }

    package var isTooBusy: Bool {
        Double(busyCount) > Double(watchedCount) * Self.busyShareMax
    }

    /// What belongs together, in the order of `name`: raw, ours, the others by their names.
    func groups<Key: Hashable>(
        _ wanted: (ResultLine) -> Bool, by key: (ResultLine) -> Key
    ) -> [(key: Key, name: String, lines: [ResultLine])] {
        var order: [Pair<Key>] = []
        var found: [Pair<Key>: [ResultLine]] = [:]
        for line in lines where wanted(line) {
            let pair = Pair(name: line.contestantName, key: key(line))
            if found[pair] == nil { order.append(pair) }
            found[pair, default: []].append(line)
        }
        return order.map { (key: $0.key, name: $0.name, lines: found[$0] ?? []) }
            .sorted { Self.rank($0.name) < Self.rank($1.name) }
    }

    private struct Pair<Key: Hashable>: Hashable {
        let name: String
        let key: Key
    }

    package static func rank(_ name: String) -> String {
        name == "raw" ? "0" : name.hasPrefix("emaki") ? "1" + name : "2" + name
    }
}

extension ResultLine {
    /// The engine, and ours with its client shape.
    package var contestantName: String {
        engine == "emaki" && !variant.isEmpty ? "emaki, \(variant)" : engine
    }

    /// F: what a raw durable write took just before.
    package var f: Double? { rawRefUs ?? fUs }

    /// A time as a multiple of F.
    package func inF(_ path: KeyPath<Latency, Double>) -> Double? {
        guard let latUs, let f, f > 0 else { return nil }
        return latUs[keyPath: path] / f
    }

    /// Events in the time of one raw durable write.
    package var eventsPerF: Double? {
        guard let eventsPerS, let f else { return nil }
        return eventsPerS * f / 1e6
    }
}

extension [ResultLine] {
    func spread(_ value: (ResultLine) -> Double?) -> Spread? { Spread(compactMap(value)) }

    func text(
        _ value: (ResultLine) -> Double?, _ format: (Double) -> String = NumberText.short
    ) -> String {
        spread(value)?.text(format) ?? "–"
    }
}
