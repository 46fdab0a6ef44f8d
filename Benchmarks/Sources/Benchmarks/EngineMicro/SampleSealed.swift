import EmakiLog
import EmakiPlatform
import Foundation

/// A sealed file of 5,000 histories with 20 events each, in memory.
final class SampleSealed: Sendable {
    private let trial: SealedTrial

    private static let streamCount = 5_000

    static let shared = Result { () throws -> SampleSealed in try SampleSealed() }

    private init() throws {
        let folder = Samples.folder()
        let files = PosixFileSystem(root: folder)
        try files.makeFolder("")
        trial = try SealedTrial(
            in: files,
            SealedTrial.Shape(
                streamCount: Self.streamCount, eventsPerStream: 20, chunkBytes: nil, level: 4)
        ) { payload, stream, version in
            payload = Samples.payload(Int(stream &* 31 &+ version))
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    func replay(random number: Int) throws -> Int {
        let name = SealedTrial.name(UInt64(number &* 7_919 % Self.streamCount))
        let count = try trial.replay(name) { payload, _ in payload.byteCount == 256 }
        precondition(count == 20, "the whole history was read")
        return count
    }

    func unpack(random number: Int) throws -> Bool {
        try trial.unpack(UInt64(truncatingIfNeeded: number &* 7_919))
    }
}

/// What lies in a chunk before it is packed.
struct Sample {
    private let bytes: [UInt8]

    init() { bytes = (0..<32).flatMap { Samples.payload($0) } }

    func compress(with compressor: Compressor) throws -> Int? {
        var target = [UInt8](repeating: 0, count: Compression.boundBytes(for: bytes.count))
        return target.withMutableRawSpan { target in
            bytes.withRawSpan { compressor.compress($0, into: &target) }
        }
    }
}
