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

    Benchmark("checksum-4KiB-x1000") { benchmark in
        let bytes = [UInt8](repeating: 7, count: 4096)
        benchmark.startMeasurement()
        for _ in 0..<1_000 { blackHole(bytes.withRawSpan { Checksum.crc32c($0) }) }
    }

    for level in [nil, 4] as [Int?] {
        let name = level.map { "level\($0)" } ?? "fast"
        Benchmark("compress-8KiB-\(name)-x100") { benchmark in
            let sample = Sample()
            let compressor = try Compressor(level: level)
            benchmark.startMeasurement()
            for _ in 0..<100 { blackHole(try sample.compress(with: compressor)) }
        }
    }

    for count in [1, 64] {
        Benchmark("append-groups-of-\(count)-x1024") { benchmark in
            let core = try SampleCore(segmentBytes: 16 << 20)
            defer { core.remove() }
            var parts = core.parts()
            benchmark.startMeasurement()
            try core.append(&parts, count: 1_024, eventsPerGroup: count)
            benchmark.stopMeasurement()
        }
    }

    Benchmark("version-of-50000-streams-x1000") { benchmark in
        let core = try SampleCore.shared.get()
        benchmark.startMeasurement()
        for number in 0..<1_000 { blackHole(try core.version(ofRandom: number)) }
    }

    Benchmark("history-from-segment-x100") { benchmark in
        let core = try SampleCore.shared.get()
        benchmark.startMeasurement()
        for number in 0..<100 { blackHole(try core.read(random: number)) }
    }

    Benchmark("history-from-sealed-file-x100") { benchmark in
        let sealed = try SampleSealed.shared.get()
        benchmark.startMeasurement()
        for number in 0..<100 { blackHole(try sealed.replay(random: number)) }
    }

    Benchmark("unpack-chunk-x100") { benchmark in
        let sealed = try SampleSealed.shared.get()
        benchmark.startMeasurement()
        for number in 0..<100 { blackHole(try sealed.unpack(random: number)) }
    }
}
