import Testing

@testable import EmakiSimulation

@Suite struct ScriptTests {
    @Test(
        "a step reads back as what was written",
        arguments: [
            "stage a 1x0", "append a 3x100 none + b 1x9 any without ids", "append c 2x5 behind",
            "append d 1x1 ahead", "retry 3", "retry 1 changed", "fill 0", "read", "follow 2",
            "begin", "begin mark", "perform", "finish", "write", "idle", "prepare",
            "prepare paused", "advance 4", "retire 1", "close", "reopen", "crash at 0 keep",
            "crash at 3 drop", "crash at 12 torn 99", "crash at 1 mix 18446744073709551615",
            "crash at 2 zeros 7", "kill at 0", "kill at 5", "fault none", "fault failures rate 50",
            "fault failed-write at 3", "fault flipped-bit rate 1",
        ])
    func steps(_ text: String) throws {
        let script = try Script(text)
        #expect(script.steps.map(\.text) == [text])
        #expect(script.text == StoreShape().text + "\n" + text + "\n")
    }

    @Test("the shape of the store reads back, and what is left out is as usual")
    func store() throws {
        let text = "store block=512 segment=262144 sync=dataSync ready=3 seed=9"
        #expect(try Script(text).store.text == text)
        #expect(try Script("store seed=9").store.blockBytes == StoreShape().blockBytes)
        #expect(try Script("# nothing\n\n  read # as well\n").steps == [.read])
    }

    @Test("scripts of many seeds read back as themselves", arguments: [0, 100])
    func random(faultsPerThousand: Int) throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            let script = RandomScript.make(seed: seed, faultsPerThousand: faultsPerThousand)
            #expect(try Script(script.text) == script, "seed \(seed)")
        }
    }

    @Test(
        "a line that no script has is refused with its number",
        arguments: [
            "leap", "append", "append a", "append a 1", "append a 0x5", "append a 1x1 maybe",
            "append a 1x1 + a 1x1", "append a 1x99999999999", "stage a 1x1 without", "retry",
            "retry 0", "fill -1", "crash", "crash 3 keep", "crash at x keep", "crash at 3",
            "crash at 3 torn", "crash at 3 burn", "crash at 9999999 keep", "kill 3", "advance 0",
            "fault", "fault failed-write", "fault failed-write 3", "fault rain at 3", "read twice",
            "store block=4097", "store block=65536 segment=131072", "store sync=never",
            "store size=1", "store block", "fault failures rate 1001",
        ])
    func refusals(_ line: String) {
        let error = #expect(throws: ScriptError.self) { try Script("read\n\(line)\n") }
        #expect(error?.line == 2)
        #expect(error?.reason.isEmpty == false)
    }

    @Test("a second store is refused")
    func secondStore() {
        #expect(throws: ScriptError.self) { try Script("store\nstore\n") }
    }
}
