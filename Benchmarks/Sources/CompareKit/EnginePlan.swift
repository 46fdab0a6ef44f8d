/// What an engine program is asked to do; the contract's options.
package struct EnginePlan: Sendable {
    package enum Operation: String, Sendable, CaseIterable {
        case append, load, read, tail, recover, compact
    }

    package var engine = ""
    package var operation = Operation.append
    package var folder = ""
    package var item: String?
    package var appenders = 1
    package var batch = 1
    package var rate = 0.0
    package var seconds = 5.0
    package var threads = 1
    package var streams = 200_000
    package var perStream = 20
    package var events = 1_000_000
    package var payload = 256
    package var seed: UInt64 = 1
    package var base: UInt64 = 1
    /// All histories are read once before reads are measured.
    package var warmsUp = false
    package var t0: Int64?

    package init() {}

    package var letter: String {
        if let item { return item }
        return switch operation {
        case .append where rate > 0: "G"
        case .append where batch > 1: "C"
        case .append: appenders == 1 ? "A" : "B"
        case .load, .read: "D"
        case .tail, .recover: "E"
        case .compact: "F"
        }
    }

    var line: ResultLine {
        var line = ResultLine()
        line.engine = engine
        line.op = operation.rawValue
        line.item = letter
        (line.appenders, line.threads, line.batch) = (appenders, threads, batch)
        line.rate = rate > 0 ? rate : nil
        line.payload = payload
        return line
    }
}
