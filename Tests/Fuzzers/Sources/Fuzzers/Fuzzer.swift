import Foundation

/// One fuzzer: a decoder and the bytes that it is given.
protocol Fuzzer {
    /// What `run` and the corpus folder call it.
    static var name: String { get }
    /// Inputs to start from: what the engine itself writes.
    static func seeds() throws -> [[UInt8]]
    /// Decodes. A trap, an endless loop or an unexpected answer is a find.
    static func decode(_ bytes: [UInt8]) throws
}

enum Fuzzers {
    static let all: [any Fuzzer.Type] = [
        FrameFuzzer.self, BatchFuzzer.self, SegmentHeaderFuzzer.self, StoreFileFuzzer.self,
        ManifestFuzzer.self, SealedFuzzer.self, ChunkFuzzer.self, ImportFuzzer.self,
        LineFuzzer.self, ControlFuzzer.self,
    ]
}

/// A find that is no trap of its own: says what it is, and traps.
func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
    guard !holds else { return }
    FileHandle.standardError.write(Data("find: \(what())\n".utf8))
    preconditionFailure("a find")
}
