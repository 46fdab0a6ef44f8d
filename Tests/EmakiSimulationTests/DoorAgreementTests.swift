import EmakiPlatform
import EmakiSimulation
import Foundation
import Testing

/// The simulated disk against the operating system's: the same calls, the same answers.
@Suite("The simulated disk answers as the system does")
struct DoorAgreementTests {
    static let stepCount = 60
    /// In one share.
    static let scriptCount: UInt64 = TestExtent.isLong ? 250 : 60
    /// Run beside each other, because most of the time is spent waiting for the disk.
    static let shareCount: UInt64 = 8

    @Test("misaligned direct reads and writes are refused")
    func misalignment() throws {
        let root = NSTemporaryDirectory() + "emaki-door-\(UUID().uuidString)"
        let real = PosixFileSystem(root: root)
        try real.makeFolder("")
        defer { try? FileManager.default.removeItem(atPath: root) }
        guard try real.traits().supportsDirect else { return }
        let memory = try PageMemory(byteCount: 16384)
        for (name, range, offset) in [
            ("a", 1..<4097, 0), ("b", 0..<513, 0), ("c", 0..<512, 1), ("d", 0..<512, 512),
            ("e", 0..<8192, 4096), ("f", 512..<1024, 0), ("g", 0..<100, 50),
        ] {
            func answers(_ disk: any FileSystem) throws -> [String] {
                let file = try disk.open(name, OpenMode(.mustBeNew, direct: true))
                func answer(_ call: () throws(DiskError) -> Int) -> String {
                    do throws(DiskError) { return "\(try call())" } catch { return "\(error)" }
                }
                func read() throws(DiskError) -> Int {
                    try memory.withMutableBytes(in: range) { bytes throws(DiskError) in
                        try file.read(into: &bytes, at: offset)
                    }
                }
                var answers: [String] = []
                answers.append(
                    answer { () throws(DiskError) in
                        try memory.withBytes(in: range) { bytes throws(DiskError) in
                            try file.write(bytes, at: offset)
                        }
                        return 0
                    })
                try memory.withBytes(in: 0..<16384) { bytes throws(DiskError) in
                    try file.write(bytes, at: 0)
                }
                answers.append(answer { () throws(DiskError) in try read() })
                return answers
            }
            let expected = try answers(real)
            let simulated = try answers(SimulatedFileSystem())
            #expect(simulated == expected, "\(name)")
        }
    }

    @Test(
        "random calls get the same results and the same errors, call by call",
        arguments: 0..<Self.shareCount)
    func agreement(share: UInt64) throws {
        let root = NSTemporaryDirectory() + "emaki-door-\(UUID().uuidString)"
        let real = PosixFileSystem(root: root)
        try real.makeFolder("")
        defer { try? FileManager.default.removeItem(atPath: root) }
        let hasDirect = try real.traits().supportsDirect
        var answers: [String: Int] = [:]
        for seed in share * Self.scriptCount..<(share + 1) * Self.scriptCount {
            try real.makeFolder("\(seed)")
            let difference = try difference(
                seed, root: root + "/\(seed)", hasDirect: hasDirect, &answers)
            #expect(difference == nil, "seed \(seed)")
            try FileManager.default.removeItem(atPath: root + "/\(seed)")
        }
        // Scripts that only ever failed would agree, too.
        #expect(answers["done", default: 0] > 10 * Int(Self.scriptCount))
        let errors = answers.keys.filter { $0.contains(/^[a-zA-Z]+ \d+$/) }
        #expect(errors.count >= 25, "\(errors)")
    }

    /// The first step at which the two disks part ways.
    private func difference(
        _ seed: UInt64, root: String, hasDirect: Bool, _ answers: inout [String: Int]
    ) throws -> String? {
        let script = DoorScript(seed: seed, stepCount: Self.stepCount, hasDirect: hasDirect)
        let disks: (real: PosixFileSystem, simulated: SimulatedFileSystem) = (
            PosixFileSystem(root: root), SimulatedFileSystem(seed: seed)
        )
        var real = try DoorRun(on: disks.real)
        var simulated = try DoorRun(on: disks.simulated)
        for (number, step) in script.steps.enumerated() {
            let answer = (real: real.run(step), simulated: simulated.run(step))
            answers[answer.real, default: 0] += 1
            if answer.real != answer.simulated {
                return "step \(number), \(step): \(answer.real), simulated \(answer.simulated)"
            }
        }
        let trees = (real: try tree(disks.real), simulated: try tree(disks.simulated))
        return trees.real == trees.simulated ? nil : "\(trees)"
    }
}
