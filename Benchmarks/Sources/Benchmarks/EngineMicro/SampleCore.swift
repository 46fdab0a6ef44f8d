import EmakiLog
import EmakiPlatform
import Foundation

/// A log's core in memory, driven without threads: what the commit loop does, without its loop.
final class SampleCore: @unchecked Sendable {
    private let files: PosixFileSystem
    private let folder: String
    private let core: LogCore
    private var nextStream = 0

    private static let instant: Int64 = 1_700_000_000_000_000_000
    private static let sharedStreams = 50_000

    init(segmentBytes: Int) throws {
        folder = Samples.folder()
        files = PosixFileSystem(root: folder)
        try files.makeFolder("")
        try LogCore.create(
            StoreOptions(segmentBytes: segmentBytes), blockBytes: 4096, method: .dataSync,
            in: files, entropy: SystemEntropy(), now: Self.instant)
        core = try LogCore.open(
            in: files, configuration: Configuration(), entropy: SystemEntropy())
    }

    /// 50,000 streams of 20 events; made once.
    static let shared = Result { () throws -> SampleCore in
        let core = try SampleCore(segmentBytes: 512 << 20)
        var parts = core.parts()
        try core.append(&parts, count: sharedStreams * 20, eventsPerGroup: 1_000)
        // The open files live on without their names.
        core.remove()
        return core
    }

    func parts() -> [StreamAppend] {
        [StreamAppend(to: "unset", [Event(type: "E", payload: Samples.payload(0))])]
    }

    /// Streams of 20 events, one event a batch.
    func append(_ parts: inout [StreamAppend], count: Int, eventsPerGroup: Int) throws {
        var left = eventsPerGroup
        for number in 0..<count {
            let version = number % 20
            if version == 0 {
                parts[0].stream = try StreamID(String(nextStream, radix: 16))
                nextStream += 1
            }
            parts[0].expecting = .version(StreamVersion(UInt64(version)))
            parts[0].events[0].id = EventID(low: UInt64(nextStream), high: UInt64(version))
            guard case .staged = try core.offer(parts) else {
                preconditionFailure("there is room for all")
            }
            left -= 1
            if left == 0 {
                try core.commit(at: Self.instant)
                left = eventsPerGroup
            }
        }
        if core.hasStaged { try core.commit(at: Self.instant) }
    }

    private func randomStream(_ number: Int) throws -> StreamID {
        try StreamID(String(number &* 7_919 % Self.sharedStreams, radix: 16))
    }

    func version(ofRandom number: Int) throws -> StreamVersion {
        try core.durableVersion(of: randomStream(number))
    }

    func read(random number: Int) throws -> Int {
        var count = 0
        try core.visit(randomStream(number), from: nil, backwards: false) { _, event in
            count += event == nil ? 0 : 1
            return true
        }
        precondition(count == 20, "the whole history was read")
        return count
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

/// Text like that of histories, and places for files.
enum Samples {
    static func folder() -> String {
        let parent =
            FileManager.default.isWritableFile(atPath: "/dev/shm")
            ? "/dev/shm" : NSTemporaryDirectory()
        return parent + "/emaki-micro-\(UUID().uuidString)"
    }

    static func payload(_ seed: Int) -> [UInt8] {
        var random = UInt64(truncatingIfNeeded: seed)
        var text = "{\"type\":\"ActivityTaskCompleted\",\"attempt\":1,\"result\":\""
        while text.utf8.count < 254 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            text += String(random >> 8, radix: 36)
        }
        return Array(text.utf8.prefix(254)) + Array("\"}".utf8)
    }
}
