import EmakiPlatform
import EmakiSimulation

extension File {
    func put(_ bytes: [UInt8], at fileOffset: Int) throws(DiskError) {
        try bytes.withRawSpan { (span) throws(DiskError) -> Void in
            try write(span, at: fileOffset)
        }
    }

    func putDurably(
        _ bytes: [UInt8], at fileOffset: Int, by method: SyncMethod = .direct
    ) throws(DiskError) {
        try bytes.withRawSpan { (span) throws(DiskError) -> Void in
            try writeDurably(span, at: fileOffset, by: method)
        }
    }

    func get(_ count: Int, at fileOffset: Int) throws(DiskError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: count)
        let readBytes = try bytes.withMutableRawSpan { (span) throws(DiskError) -> Int in
            try read(into: &span, at: fileOffset)
        }
        return Array(bytes.prefix(readBytes))
    }
}

extension SimulatedFileSystem {
    /// A new file with these bytes, all of it durable.
    @discardableResult
    func file(_ path: String, holding bytes: [UInt8] = []) throws(DiskError) -> any File {
        let file = try open(path, OpenMode(.mustBeNew))
        try file.put(bytes, at: 0)
        try file.sync()
        try syncFolder(path.contains("/") ? String(path.prefix { $0 != "/" }) : "")
        return file
    }

    func bytes(of path: String) -> [UInt8]? { contents().bytes(of: path) }

    /// Every effect meets the same fate.
    func losePower(_ fate: Fate) { losePower { _ in fate } }
}

func filled(_ byte: UInt8, _ count: Int) -> [UInt8] { [UInt8](repeating: byte, count: count) }

extension Array {
    /// The first, and every so many behind it.
    func striding(by step: Int) -> [Element] {
        stride(from: 0, to: count, by: step).map { self[$0] }
    }
}
