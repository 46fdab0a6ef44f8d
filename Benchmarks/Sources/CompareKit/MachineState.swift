import Foundation

/// What the machine says about itself. Zero or empty where there is no /proc.
package enum MachineState {
    /// Beyond so many cores of others a run says more about them than about any engine. What the
    /// kernel does for a disk counts too, so it is not zero.
    package static let othersCoresMax = 0.5

    package static func description() -> String {
        let processors = text("/proc/cpuinfo").split(separator: "\n")
        let names = processors.filter { $0.hasPrefix("model name") }
        let name = names.first?.split(separator: ":").last?.trimmingPrefix(" ") ?? "unknown"
        let kernel = text("/proc/sys/kernel/osrelease").split(separator: "\n").first ?? ""
        return "\(names.count) x \(name), Linux \(kernel)"
    }

    package static func load1() -> Double {
        text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    private static func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// So that what is read afterwards comes from the device.
    /// - Returns: false if this process may not.
    package static func dropCaches() -> Bool {
        sync()
        guard let file = FileHandle(forWritingAtPath: "/proc/sys/vm/drop_caches") else {
            return false
        }
        defer { try? file.close() }
        return (try? file.write(contentsOf: Data("3\n".utf8))) != nil
    }

    /// Cores that were busy with others than this process and what it waited for.
    package struct Watch: Sendable {
        private let start: Int64
        private let busySeconds: Double
        private let ownSeconds: Double

        package init() {
            start = Clock.nanoseconds()
            busySeconds = Self.busy()
            ownSeconds = Self.own()
        }

        package func othersCores() -> Double {
            let wall = Double(Clock.nanoseconds() - start) / 1e9
            guard wall > 0 else { return 0 }
            let others = Self.busy() - busySeconds - (Self.own() - ownSeconds)
            return max(0, others / wall)
        }

        private static func busy() -> Double {
            let fields =
                MachineState.text("/proc/stat").split(separator: "\n").first?
                .split(separator: " ").dropFirst().compactMap { Double($0) } ?? []
            guard fields.count > 7 else { return 0 }
            // user, nice, system, interrupts; not idle and not waiting for a disk; stolen.
            return [0, 1, 2, 5, 6, 7].reduce(0) { $0 + fields[$1] } / 100
        }

        #if canImport(Glibc)
            private static let itself = __rusage_who_t(RUSAGE_SELF.rawValue)
            private static let children = __rusage_who_t(RUSAGE_CHILDREN.rawValue)
        #else
            private static let itself = RUSAGE_SELF
            private static let children = RUSAGE_CHILDREN
        #endif

        private static func own() -> Double {
            [Self.itself, Self.children].reduce(0) { sum, whose in
                var usage = rusage()
                getrusage(whose, &usage)
                let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
                let micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
                return sum + Double(seconds) + Double(micros) / 1e6
            }
        }
    }
}

/// What a folder's files take on the disk.
package enum Space {
    package static func allocatedBytes(of folder: String) -> Int {
        let found = FileManager.default.enumerator(atPath: folder)
        var bytes = 0
        while let name = found?.nextObject() as? String {
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0 else { continue }
            bytes += Int(status.st_blocks) * 512
        }
        return bytes
    }
}
