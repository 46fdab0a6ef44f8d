import EmakiLog
import Foundation

/// Reads the input of an import, file after file, value after value. Blocks; lives on a thread.
struct ImportReader: ~Copyable {
    /// Those that were not read to their end; the first one may be open.
    private var paths: ArraySlice<String>
    private var source: ImportSource?
    /// As the files before left them.
    private var versions: ImportVersions

    /// What is handed over at a time: enough for every job, and bounded in memory.
    private static let windowUnitsMax = 1024
    private static let windowBytesMax = 16 << 20

    /// - Parameter closesGaps: whether versions that are missing in the input are passed over.
    init(_ paths: [String], closesGaps: Bool = false) {
        self.paths = paths[...]
        versions = ImportVersions(closesGaps: closesGaps)
    }

    /// The next items in the order of the input; empty at its end.
    mutating func window() throws -> [ImportItem] {
        var items: [ImportItem] = []
        var bytes = 0
        while items.count < Self.windowUnitsMax, bytes < Self.windowBytesMax {
            guard let next = next() else { break }
            for case .unit(let unit) in next { bytes += unit.recordBytes }
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
                    source = try Self.open(path, versions)
                }
                if let items = try source?.next() { return items }
                endFile()
                paths.removeFirst()
            } catch {
                // What a file cannot give does not hinder the next file.
                endFile()
                let place = ImportPlace(file: paths.removeFirst(), line: 0)
                return [.refusal(ImportRefusal(place, error))]
            }
        }
    }

    private mutating func endFile() {
        if let left = source?.versions { versions = left }
        versions.startFile()
        source = nil
    }

    private static func open(_ path: String, _ versions: ImportVersions) throws -> ImportSource {
        let isStandard = path == "-"
        let input = isStandard ? InputBytes.standard() : try InputBytes(path: path)
        let fileName = isStandard ? "stdin" : URL(fileURLWithPath: path).lastPathComponent
        return ImportSource(
            lines: LineReader(input),
            decoder: ImportDecoder(
                file: isStandard ? "standard input" : path, fileName: fileName,
                versions: versions))
    }
}
