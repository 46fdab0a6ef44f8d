import EmakiLog
import EmakiPlatform

/// The store that a script runs on, and the seed of everything random in the run.
package struct StoreShape: Equatable, Sendable {
    package var blockBytes = 4096
    package var segmentBytes = 128 << 10
    package var method = SyncMethod.direct
    package var readyCount = 2
    package var reserveBytes = 0
    package var seed: UInt64 = 1

    package init() {}

    init(_ words: inout Words) throws(ScriptError) {
        while let word = words.next {
            _ = try words.take("option")
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw ScriptError(words.line, "\"\(word)\" is no option=value")
            }
            var value = Words([parts[1]], line: words.line)
            switch parts[0] {
            case "block": blockBytes = try value.number("block", in: Limits.blockBytes)
            case "segment": segmentBytes = try value.number("segment", in: Limits.segmentBytes)
            case "sync": method = try Self.method(parts[1], words.line)
            case "ready": readyCount = try value.number("ready", in: 1...16)
            case "reserve": reserveBytes = try value.number("reserve", in: 0...1 << 30)
            case "seed": seed = try value.number("seed", in: 0...UInt64.max)
            default: throw ScriptError(words.line, "the store has no option \"\(parts[0])\"")
            }
        }
        let isPossible = [blockBytes, segmentBytes].allSatisfy { $0 & ($0 - 1) == 0 }
        guard isPossible, segmentBytes >= 8 * blockBytes else {
            throw ScriptError(words.line, "no store has such segments with such blocks")
        }
    }

    private static func method(_ text: String, _ line: Int) throws(ScriptError) -> SyncMethod {
        guard let method = SyncMethod.allCases.first(where: { "\($0)" == text }) else {
            throw ScriptError(line, "there is no sync method \"\(text)\"")
        }
        return method
    }

    var text: String {
        "store block=\(blockBytes) segment=\(segmentBytes) sync=\(method) ready=\(readyCount)"
            + (reserveBytes > 0 ? " reserve=\(reserveBytes)" : "") + " seed=\(seed)"
    }
}
