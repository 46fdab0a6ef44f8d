import Foundation

/// A mutant that is compiled in, with the number by which a run turns it on.
struct Mutant {
    var number: Int
    var point: MutationPoint
}

/// The engine's files that have mutation points, and their text with every mutant in it.
struct EngineSources {
    private(set) var texts: [String: String] = [:]
    /// All points, in the order of files and lines.
    private(set) var points: [MutationPoint] = []

    init(root: URL, _ subject: Subject) throws {
        for path in try Self.paths(root: root, subject.scope) {
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            texts[path] = text
            let named = NamedMutant.all.filter { $0.file == path }.map { $0.point(in: text) }
            points += PointFinder.points(in: text, file: path) + named
        }
        let known = Set(texts.keys)
        for stray in NamedMutant.all
        where !known.contains(stray.file) && subject.scope.contains(where: stray.file.hasPrefix) {
            var point = stray.point(in: "")
            point.skipReason = "its file is not there: NamedMutants.swift is behind"
            points.append(point)
        }
    }

    private static func paths(root: URL, _ scope: [String]) throws -> [String] {
        var paths: [String] = []
        for entry in scope {
            if entry.hasSuffix(".swift") {
                paths.append(entry)
                continue
            }
            let found = FileManager.default.enumerator(atPath: root.appending(path: entry).path)
            while let name = found?.nextObject() as? String {
                if name.hasSuffix(".swift") { paths.append("\(entry)/\(name)") }
            }
        }
        return paths.sorted()
    }

    /// Those that can be expressed, numbered from 1.
    var mutants: [Mutant] {
        points.filter { $0.skipReason == nil }.enumerated().map {
            Mutant(number: $0.offset + 1, point: $0.element)
        }
    }

    /// Points that the compiler did not accept, with its words.
    private(set) var rejected: [String: String] = [:]

    mutating func skip(_ reasons: [String: String]) {
        rejected.merge(reasons) { $1 }
        for index in points.indices {
            guard let reason = reasons[points[index].id] else { continue }
            points[index].skipReason = reason
        }
    }

    /// A file's text with all its mutants in it.
    func patched(_ path: String, _ mutants: [Mutant]) -> String {
        var insertions: [Insertion] = []
        for mutant in mutants where mutant.point.file == path {
            insertions += mutant.point.insertions.map {
                var insertion = $0
                insertion.text = $0.text.replacing("#", with: "\(mutant.number)")
                return insertion
            }
        }
        insertions.sort(by: Self.comesFirst)
        let bytes = Array(texts[path, default: ""].utf8)
        var result: [UInt8] = []
        var copied = 0
        for insertion in insertions {
            result += bytes[copied..<insertion.offset]
            result += Array(insertion.text.utf8)
            copied = insertion.offset
        }
        result += bytes[copied...]
        return String(decoding: result, as: UTF8.self)
    }

    /// At one place: what ends comes before what begins, narrow ends and wide beginnings first.
    private static func comesFirst(_ one: Insertion, _ other: Insertion) -> Bool {
        if one.offset != other.offset { return one.offset < other.offset }
        if one.isOpening != other.isOpening { return !one.isOpening }
        return one.isOpening ? one.width > other.width : one.width < other.width
    }
}
