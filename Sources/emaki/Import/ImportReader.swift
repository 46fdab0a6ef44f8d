import EmakiLog
import Foundation

/// Reads the input of an import, file after file, value after value. Blocks; lives on a thread.
struct ImportReader: ~Copyable {
    /// Those that were not read to their end; the first one may be open.
    private var paths: ArraySlice<String>
    private var source: ImportSource?

    /// What is handed over at a time: enough for every job, and bounded in memory.
    private static let windowUnitsMax = 1024
    private static let windowBytesMax = 16 << 20

    init(_ paths: [String]) {
        self.paths = paths[...]
    }

    /// The next items in the order of the input; empty at its end.
    mutating func window() throws -> [ImportItem] {
        var items: [ImportItem] = []
        var bytes = 0
        while items.count < Self.windowUnitsMax, bytes < Self.windowBytesMax {
            guard let next = next() else { break }
            for case .unit(let unit) in next { bytes += unit.payloadBytes }
            items += next
        }
        return items
    }

    /// What the next line or document holds; nil at the end of all files.
    private mutating func next() -> [ImportItem]? {
        while true {
            do {
                if source == nil {
                    guard let path = paths.first else { return nil }
                    source = try Self.open(path)
                }
                if let items = try source?.next() { return items }
                paths.removeFirst()
                source = nil
            } catch {
                // What a file cannot give does not hinder the next file.
                source = nil
                let place = ImportPlace(file: paths.removeFirst(), line: 0)
                return [.refusal(ImportRefusal(place, error))]
            }
        }
    }

    private static func open(_ path: String) throws -> ImportSource {
        let isStandard = path == "-"
        let input = isStandard ? InputBytes.standard() : try InputBytes(path: path)
        let fileName = isStandard ? "stdin" : URL(fileURLWithPath: path).lastPathComponent
        return ImportSource(
            lines: LineReader(input),
            decoder: ImportDecoder(
                file: isStandard ? "standard input" : path, fileName: fileName))
    }
}
