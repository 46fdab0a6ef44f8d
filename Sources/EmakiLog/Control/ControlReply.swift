import EmakiPlatform

/// The way back to who asked: lines that gather in memory and go out in larger pieces.
///
/// For the thread of one conversation. An asker that goes away, or takes nothing for
/// `sendNanosecondsMax`, is given up: then nothing is sent any more, and `goesOn` is false.
package final class ControlReply {
    private let socket: LocalSocket
    private let isStopping: () -> Bool
    private var gathered: [UInt8] = []
    private var isGone = false
    private var shown: (phase: String, percent: Int, instant: Int64)?

    private static let gatheredBytesMax = 64 << 10
    private static let sendNanosecondsMax: Int64 = 60_000_000_000
    /// So long without a line is too long: whether the asker is there shows when one is sent.
    private static let silenceNanosecondsMax: Int64 = 1_000_000_000

    init(_ socket: LocalSocket, isStopping: @escaping () -> Bool) {
        self.socket = socket
        self.isStopping = isStopping
    }

    /// False once there is nobody to answer to, or the log is being closed.
    package var goesOn: Bool { !isGone && !isStopping() }

    /// A line of the verb's own.
    /// - Returns: `goesOn`.
    package func line(_ object: JSONObject) -> Bool {
        gathered += object.text.utf8
        gathered.append(UInt8(ascii: "\n"))
        if gathered.count >= Self.gatheredBytesMax { send() }
        return goesOn
    }

    /// Says how far the work is; not more often than its percents change, or once a second.
    /// - Parameter phase: what the percents are, "scrubbed" for instance.
    /// - Returns: `goesOn`.
    package func progress(_ phase: String, _ done: Int, of total: Int) -> Bool {
        let percent = total <= 0 ? 100 : Int(Double(done) * 100 / Double(total))
        let now = SystemClock.monotonicNanoseconds()
        if let shown, shown.phase == phase, shown.percent == percent,
            now - shown.instant < Self.silenceNanosecondsMax
        {
            return goesOn
        }
        shown = (phase, percent, now)
        var object = Self.envelope
        object.add("progress", phase)
        object.add("done", done)
        object.add("total", total)
        _ = line(object)
        send()
        return goesOn
    }

    func finish(_ result: JSONObject) {
        var object = Self.envelope
        object.add("result", result)
        _ = line(object)
        send()
    }

    func finish(_ fault: ControlFault) {
        var object = Self.envelope
        object.add("error", fault.json)
        _ = line(object)
        send()
    }

    private static var envelope: JSONObject {
        var object = JSONObject()
        object.add("emaki", ControlRequest.version)
        return object
    }

    private func send() {
        let bytes = gathered
        gathered.removeAll(keepingCapacity: true)
        guard !isGone, !bytes.isEmpty else { return }
        do throws(DiskError) {
            isGone = try !socket.send(bytes, nanoseconds: Self.sendNanosecondsMax)
        } catch {
            isGone = true
        }
    }
}
