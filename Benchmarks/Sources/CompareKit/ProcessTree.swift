import Foundation

/// The processes below one, and the CPU that they used, from /proc; nothing where there is none.
package struct ProcessTree: Sendable {
    package struct Entry: Sendable {
        package let parent: pid_t
        package let ticks: UInt64
    }

    private let entries: [pid_t: Entry]

    private static let ticksPerSecond = 100.0

    package static func now() -> ProcessTree {
        var entries: [pid_t: Entry] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for process in names.compactMap({ pid_t($0) }) {
            let path = "/proc/\(process)/stat"
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
            entries[process] = Entry(status: text)
        }
        return ProcessTree(entries: entries)
    }

    package init(entries: [pid_t: Entry]) { self.entries = entries }

    /// All that come from this one, without it.
    package func descendants(of root: pid_t) -> Set<pid_t> {
        var found: Set<pid_t> = []
        var wave: Set<pid_t> = [root]
        while !wave.isEmpty {
            wave = Set(entries.filter { wave.contains($0.value.parent) }.keys)
                .subtracting(found)
            found.formUnion(wave)
        }
        return found
    }

    /// CPU of this program's servers, in seconds; nil without servers.
    func serverSeconds() -> Double? {
        let servers = descendants(of: getpid())
        guard !servers.isEmpty else { return nil }
        let ticks = servers.reduce(UInt64(0)) { $0 + (entries[$1]?.ticks ?? 0) }
        return Double(ticks) / Self.ticksPerSecond
    }
}

extension ProcessTree.Entry {
    /// Behind the name, which may hold anything: state, parent, …, and as the 14th to 17th field of
    /// all the CPU times of itself and of its children that are gone.
    package init?(status text: String) {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 15, let parent = pid_t(fields[2]) else { return nil }
        let ticks = fields[12...15].compactMap { UInt64($0) }
        guard ticks.count == 4 else { return nil }
        self.init(parent: parent, ticks: ticks.reduce(0, +))
    }
}
