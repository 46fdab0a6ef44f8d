import EmakiPlatform

/// What answers a verb, on a thread of its own: it may block, and asks `reply.goesOn` now and then.
///
/// The log that it is handed is the open one; a handler does not close it.
package typealias ControlHandler =
    @Sendable (ControlRequest, EventLog, ControlReply) throws(ControlFault) -> JSONObject

/// Answers other processes of this user while the log is open.
///
/// A thread accepts; each conversation is one request and its answer, on a thread that ends with
/// it. Few are open at once, a request is short and comes soon, and whoever does not take its
/// answer is given up: so nobody at the socket can hold the log up, whatever he does.
final class ControlServer: @unchecked Sendable {
    static let socketName = "CONTROL"
    static let conversationsMax = 8
    private static let requestNanosecondsMax: Int64 = 5_000_000_000
    private static let restAfterError: Int64 = 100_000_000

    private let listener: LocalListener
    private let lock = Lock()
    private let ended = WaitWord()
    // Guarded by `lock`.
    private var handlers: [String: ControlHandler]
    private var conversations: [UInt64: LocalSocket] = [:]
    private var nextNumber: UInt64 = 0
    private var isStopping = false

    init(_ listener: LocalListener, handlers: [String: ControlHandler]) {
        self.listener = listener
        self.handlers = handlers
    }

    /// - Parameter log: a view of the log, which does not keep it open.
    func start(for log: EventLog) {
        SystemThread.start(name: "emaki-control") { [self] in
            accept(for: log)
            listener.close()
            ended.bump()
            ended.wakeAll()
        }
    }

    /// Adds a verb, or replaces one; nil takes it away.
    func answer(_ verb: String, with handler: ControlHandler?) {
        lock.withLock { handlers[verb] = handler }
    }

    /// Takes the socket away and breaks off every conversation. Returns when nobody can begin one;
    /// work that a conversation had begun ends by itself, at its next look at `reply.goesOn`.
    func stop() {
        lock.withLock {
            isStopping = true
            handlers.removeAll()
            for socket in conversations.values { socket.shutDown() }
        }
        listener.stop()
        ended.wait(while: 0)
    }

    // MARK: Conversations

    private func accept(for log: EventLog) {
        while true {
            do throws(DiskError) {
                guard let socket = try listener.accept() else { return }
                begin(socket, for: log)
            } catch {
                // Too many files are open, perhaps; that passes.
                if listener.isStopped(within: Self.restAfterError) { return }
            }
        }
    }

    private func begin(_ socket: LocalSocket, for log: EventLog) {
        let number: UInt64? = lock.withLock {
            guard conversations.count < Self.conversationsMax, !isStopping else { return nil }
            nextNumber += 1
            conversations[nextNumber] = socket
            return nextNumber
        }
        guard let number else {
            // Short enough to be taken whole by a socket that nothing was sent to.
            ControlReply(socket, isStopping: { false }).finish(
                ControlFault(
                    code: "busy",
                    "\(Self.conversationsMax) others ask this log already; try again later"))
            return socket.close()
        }
        SystemThread.start(name: "emaki-answer") { [self] in
            converse(socket, log)
            lock.withLock { conversations[number] = nil }
            socket.close()
        }
    }

    private func converse(_ socket: LocalSocket, _ log: EventLog) {
        let reply = ControlReply(socket) { [self] in lock.withLock { isStopping } }
        do throws(ControlFault) {
            let request = try ControlRequest(line: try readLine(socket))
            let handler = lock.withLock { handlers[request.verb] }
            guard let handler else {
                throw ControlFault(
                    code: "unknownVerb", "this log does not know how to `\(request.verb)`")
            }
            reply.finish(try handler(request, log, reply))
        } catch {
            reply.finish(error)
        }
    }

    private func readLine(_ socket: LocalSocket) throws(ControlFault) -> [UInt8] {
        let start = SystemClock.monotonicNanoseconds()
        var line: [UInt8] = []
        while true {
            let rest = Self.requestNanosecondsMax - (SystemClock.monotonicNanoseconds() - start)
            let piece: [UInt8]?
            do throws(DiskError) {
                piece = try socket.receive(
                    upTo: ControlRequest.bytesMax + 1 - line.count, nanoseconds: max(0, rest))
            } catch {
                throw .invalid("the request cannot be read: \(error)")
            }
            guard let piece, !piece.isEmpty else {
                throw .invalid(
                    "a request is one line of at most \(ControlRequest.bytesMax) bytes, which ends"
                        + " with a line break and comes soon")
            }
            line += piece
            // Who has sent too much is asked for nothing, and so has come to his end.
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                guard end == line.count - 1 else { throw .invalid("a request is one line") }
                return Array(line[..<end])
            }
        }
    }
}
