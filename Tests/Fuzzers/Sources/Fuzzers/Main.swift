import Foundation

typealias FuzzCallback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: FuzzCallback
) -> CInt

/// The fuzzer that was chosen; set once, before the driver starts.
nonisolated(unsafe) private var chosen: any Fuzzer.Type = FrameFuzzer.self

/// `Fuzzers NAME [arguments of libFuzzer]`, `Fuzzers list`, `Fuzzers seed NAME FOLDER`.
@main struct Main {
    /// libFuzzer starts this program again, without the name, to merge a corpus: it is told here.
    private static let nameVariable = "EMAKI_FUZZER"

    static func main() throws {
        let arguments = CommandLine.arguments
        if let name = ProcessInfo.processInfo.environment[nameVariable] {
            chosen = try fuzzer(name)
            exit(drive(firstArgument: 1))
        }
        guard arguments.count > 1, arguments[1] != "list" else {
            for fuzzer in Fuzzers.all { print(fuzzer.name) }
            return
        }
        if arguments[1] == "seed" && arguments.count == 4 {
            return try writeSeeds(of: try fuzzer(arguments[2]), to: arguments[3])
        }
        chosen = try fuzzer(arguments[1])
        setenv(nameVariable, arguments[1], 1)
        exit(drive(firstArgument: 2))
    }

    private struct NoFuzzer: Error { let name: String }

    private static func fuzzer(_ name: String) throws -> any Fuzzer.Type {
        guard let fuzzer = Fuzzers.all.first(where: { $0.name == name }) else {
            throw NoFuzzer(name: name)
        }
        return fuzzer
    }

    private static func writeSeeds(of fuzzer: any Fuzzer.Type, to folder: String) throws {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        for (index, seed) in try fuzzer.seeds().enumerated() {
            try Data(seed).write(to: URL(fileURLWithPath: "\(folder)/seed-\(index)"))
        }
    }

    /// Hands over to libFuzzer, with the arguments from one on.
    private static func drive(firstArgument: Int) -> CInt {
        let skipped = firstArgument - 1
        var count = CommandLine.argc - CInt(skipped)
        var arguments = CommandLine.unsafeArgv + skipped
        arguments[0] = CommandLine.unsafeArgv[0]
        return runDriver(&count, &arguments) { bytes, count in
            let input = Array(UnsafeBufferPointer(start: bytes, count: count))
            do {
                try chosen.decode(input)
            } catch {
                // An error is how a decoder refuses.
            }
            return 0
        }
    }
}
