import CompareKit
import Foundation

/// A run that is told to end ends the programs and servers that it started, too: they would go on by
/// themselves, load for minutes, and be in the way of the next run.
struct Interruption {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter farewell: said before this process ends, with 128 and the signal's number.
    init(_ farewell: String) {
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                EngineProcess.killAll()
                FileHandle.standardError.write(Data((farewell + "\n").utf8))
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }

    /// From here on signals are what they were.
    func end() {
        for source in sources { source.cancel() }
        for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) }
    }
}
