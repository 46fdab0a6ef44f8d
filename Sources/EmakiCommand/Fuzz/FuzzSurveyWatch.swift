import EmakiCommandSupport
import EmakiPlatform
import Foundation

/// Runs a survey in a process of its own and listens to it, so that a trap in the engine ends with
/// the name of what was being tried.
///
/// The survey says before each attempt what it is, in a line that starts with `mark`. Everything
/// else that it prints is its result.
struct FuzzSurveyWatch {
    /// How it ended.
    enum End: Equatable {
        case status(Int32)
        /// By a signal, while it tried this.
        case trap(signal: Int32, attempt: String)
    }

    /// No result has it.
    static let mark: UInt8 = 1

    let program: String
    let arguments: [String]
    let isSilent: Bool

    private static let progressNanoseconds: Int64 = 500_000_000
    private static let widthMax = 100

    /// - Parameter result: gets what the survey prints, line by line.
    func run(_ result: (String) throws -> Void) throws -> End {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var attempt = ""
        var attemptCount = 0
        var shown: Int64 = 0
        var rest: [UInt8] = []
        while true {
            let piece = pipe.fileHandleForReading.availableData
            if piece.isEmpty { break }
            rest += piece
            let lines = rest.split(separator: 0x0a, omittingEmptySubsequences: false)
            for line in lines.dropLast() {
                guard line.first == Self.mark else {
                    try result(String(decoding: line, as: UTF8.self))
                    continue
                }
                attempt = String(decoding: line.dropFirst(), as: UTF8.self)
                attemptCount += 1
            }
            rest = lines.last.map { Array($0) } ?? []
            show(attempt, attemptCount, &shown)
        }
        process.waitUntilExit()
        if showsProgress { ErrorOutput.write("\r\u{1b}[K") }
        guard process.terminationReason == .uncaughtSignal else {
            return .status(process.terminationStatus)
        }
        return .trap(signal: process.terminationStatus, attempt: attempt)
    }

    private var showsProgress: Bool { !isSilent && ErrorOutput.isTerminal }

    /// One line on a terminal, now and then.
    private func show(_ attempt: String, _ count: Int, _ shown: inout Int64) {
        let now = SystemClock.monotonicNanoseconds()
        guard showsProgress, now - shown > Self.progressNanoseconds else { return }
        shown = now
        ErrorOutput.write("\r\u{1b}[K" + "\(count.grouped)  \(attempt)".prefix(Self.widthMax))
    }
}
