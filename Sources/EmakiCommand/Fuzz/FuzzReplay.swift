import EmakiCommandSupport
import EmakiLog
import EmakiSimulation
import Foundation

/// Runs one script.
struct FuzzReplay {
    let path: String
    let isTraced: Bool
    let isJSON: Bool

    private static let scriptBytesMax = 4 << 20

    /// - Returns: true if every promise was kept.
    func run() throws -> Bool {
        let script = try read()
        var output = Output()
        var lines: [String] = []
        let report = try Driver.run(script, tell: isTraced ? { lines.append($0) } : nil)
        if isJSON {
            try output.line(object(script, report, lines))
        } else {
            for line in lines { try output.line(line) }
            if let violation = report.violation {
                let step = report.failedStep.map { script.steps[$0].text } ?? "the end"
                try output.line("BROKEN  \(violation)")
                try output.line(
                    "        noticed at step \((report.failedStep ?? 0) + 1) of"
                        + " \(script.steps.count): \(step)")
            } else {
                try output.line(
                    "kept every promise: \(script.steps.count) steps, \(report.counts.crashes)"
                        + " crashes, \(report.counts.states) states")
            }
        }
        let isSound = report.violation == nil
        try Output.reporting(isSound ? .done : .damageFound) { try output.send() }
        return isSound
    }

    private func read() throws -> Script {
        var bytes: [UInt8] = []
        var input = try path == "-" ? InputBytes.standard() : InputBytes(path: path)
        while let piece = try input.next() {
            bytes += piece
            guard bytes.count <= Self.scriptBytesMax else {
                throw CommandFailure.usage("\(path) is larger than any script")
            }
        }
        do {
            return try Script(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw CommandFailure.usage("\(path), \(error)")
        }
    }

    private func object(_ script: Script, _ report: RunReport, _ trace: [String]) -> JSONObject {
        var object = JSONObject()
        object.add("ok", report.violation == nil)
        if let violation = report.violation {
            object.add("promise", "\(violation.promise)")
            object.add("violation", violation.text)
            object.add("step", (report.failedStep ?? 0) + 1)
        }
        object.add("hash", String(report.hash, radix: 16))
        object.add("counts", report.counts.object)
        if isTraced { object.add("trace", trace) }
        return object
    }

    /// Runs a script in a process of its own.
    /// - Returns: the signal that it died by, or nil.
    static func trapSignal(of script: Script) -> Int32? {
        do {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try OwnProgram.path())
            process.arguments = ["fuzz", "--replay", "-"]
            let input = Pipe()
            process.standardInput = input
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            try input.fileHandleForWriting.write(contentsOf: Data(script.text.utf8))
            try input.fileHandleForWriting.close()
            process.waitUntilExit()
            return process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil
        } catch {
            return nil
        }
    }
}

extension RunCounts {
    var object: JSONObject {
        var object = JSONObject()
        for (name, count) in named { object.add(name, count) }
        return object
    }
}
