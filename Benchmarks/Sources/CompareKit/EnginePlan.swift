/// What an engine program is asked to do; the contract's options.
public struct EnginePlan: Sendable {
    public enum Operation: String, Sendable, CaseIterable {
        case append, load, read, tail, recover, compact
    }

    public var engine = ""
    public var operation = Operation.append
    public var folder = ""
    public var item: String?
    public var appenders = 1
    public var batch = 1
    public var rate = 0.0
    public var seconds = 5.0
    public var threads = 1
    public var streams = 200_000
    public var perStream = 20
    public var events = 1_000_000
    public var payload = 256
    public var seed: UInt64 = 1
    public var base: UInt64 = 1
    public var t0: Int64?

    public init() {}

    public var letter: String {
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
