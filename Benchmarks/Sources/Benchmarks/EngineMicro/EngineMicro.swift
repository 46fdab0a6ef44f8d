import Benchmark
import EmakiLog
import EmakiPlatform

/// The hot pieces by themselves, as they are compiled into the engine. What writes does so into
/// memory: `/dev/shm`, or the folder for temporary files where there is none.
///
/// Thresholds are on instructions and system calls, which do not depend on what else the machine
/// does. Where there is no counter of instructions, as in many virtual machines, it reads 0.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = Benchmark.Configuration(
        metrics: [.instructions, .readSyscalls, .writeSyscalls, .cpuTotal, .wallClock],
        warmupIterations: 3, maxDuration: .seconds(2), maxIterations: 1_000)

    Benchmark("checksum of 4 KiB, 1000 times") { benchmark in
        let bytes = [UInt8](repeating: 7, count: 4096)
        benchmark.startMeasurement()
        for _ in 0..<1_000 { blackHole(bytes.withRawSpan { Checksum.crc32c($0) }) }
    }

    for level in [nil, 4] as [Int?] {
        let name = level.map { "level \($0)" } ?? "the fast method"
        Benchmark("compress 8 KiB of events, \(name), 100 times") { benchmark in
            let sample = Sample()
            let compressor = try Compressor(level: level)
            benchmark.startMeasurement()
            for _ in 0..<100 { blackHole(try sample.compress(with: compressor)) }
        }
    }

    for count in [1, 64] {
        Benchmark("append in groups of \(count), 1024 events") { benchmark in
            let core = try SampleCore(segmentBytes: 16 << 20)
            defer { core.remove() }
            var parts = core.parts()
            benchmark.startMeasurement()
            try core.append(&parts, count: 1_024, eventsPerGroup: count)
            benchmark.stopMeasurement()
        }
    }

    Benchmark("version of a random stream of 50,000, 1000 times") { benchmark in
        let core = try SampleCore.shared.get()
        benchmark.startMeasurement()
        for number in 0..<1_000 { blackHole(try core.version(ofRandom: number)) }
    }

    Benchmark("history of 20 events from its segment, 100 times") { benchmark in
        let core = try SampleCore.shared.get()
        benchmark.startMeasurement()
        for number in 0..<100 { blackHole(try core.read(random: number)) }
    }

    Benchmark("history of 20 events from a sealed file, 100 times") { benchmark in
        let sealed = try SampleSealed.shared.get()
        benchmark.startMeasurement()
        for number in 0..<100 { blackHole(try sealed.replay(random: number)) }
    }

    Benchmark("unpack a chunk of a sealed file, 100 times") { benchmark in
        let sealed = try SampleSealed.shared.get()
        benchmark.startMeasurement()
        for number in 0..<100 { blackHole(try sealed.unpack(random: number)) }
    }
}
