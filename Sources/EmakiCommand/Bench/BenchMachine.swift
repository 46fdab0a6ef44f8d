import EmakiPlatform

/// What the machine says about itself, for the heading of a summary. Everything is empty or zero
/// where there is no /proc.
enum BenchMachine {
    private static let textBytesMax = 64 << 10

    /// A small file of the system, or "" if it cannot be read.
    static func text(of name: String, in folder: String) -> String {
        let files = PosixFileSystem(root: folder)
        guard let file = try? files.open(name, OpenMode(.mustExist, writable: false)) else {
            return ""
        }
        defer { file.close() }
        var bytes = [UInt8](repeating: 0, count: textBytesMax)
        let count = try? bytes.withMutableRawSpan { span throws(DiskError) in
            try file.read(into: &span, at: 0)
        }
        return String(decoding: bytes.prefix(count ?? 0), as: UTF8.self)
    }

    private static func field(_ key: String, in text: String) -> String? {
        for line in text.split(separator: "\n") where line.hasPrefix(key) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        }
        return nil
    }

    /// Runnable tasks, averaged over the last minute.
    static func loadAverage() -> Double {
        let words = text(of: "loadavg", in: "/proc").split(separator: " ")
        return words.first.flatMap { Double($0) } ?? 0
    }

    /// Processors that are there, whether or not this process may use them.
    static func processorCount() -> Int {
        text(of: "cpuinfo", in: "/proc").split(separator: "\n")
            .count { $0.hasPrefix("processor") }
    }

    static func description() -> String {
        let processor = field("model name", in: text(of: "cpuinfo", in: "/proc"))
        let kernel = text(of: "osrelease", in: "/proc/sys/kernel")
            .split(separator: "\n").first.map { ", Linux \($0)" }
        return "\(processorCount()) x \(processor ?? "unknown processor")\(kernel ?? "")"
    }

    /// What Linux counts for a process, by its own names.
    enum ProcessCount: String {
        /// System calls that wrote to a file.
        case writeCalls = "syscw"
        /// Fetched from a device.
        case readBytes = "read_bytes"
        /// Handed to a device, or to the page cache for it.
        case writtenBytes = "write_bytes"
    }

    static func processCount(of count: ProcessCount) -> Int {
        field(count.rawValue, in: text(of: "io", in: "/proc/self")).flatMap { Int($0) } ?? 0
    }

    /// Memory of this process in bytes: its own, pages of mapped files, and the most of both
    /// together that it ever had.
    static func memory() -> (own: Int, mapped: Int, peak: Int) {
        let status = text(of: "status", in: "/proc/self")
        func bytes(_ key: String) -> Int {
            let words = field(key, in: status)?.split(separator: " ")
            return (words?.first.flatMap { Int($0) } ?? 0) * 1024
        }
        return (bytes("RssAnon"), bytes("RssFile"), bytes("VmHWM"))
    }
}
