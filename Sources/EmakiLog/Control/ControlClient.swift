import EmakiPlatform

/// Asks the process that has a store open. One request, and its answer line by line; blocks.
package struct ControlClient: ~Copyable {
    private let socket: LocalSocket
    private var piece: [UInt8] = []
    private var offset = 0

    private static let sendNanosecondsMax: Int64 = 10_000_000_000
    private static let pieceBytesMax = 64 << 10
    /// More than the line of the largest event.
    private static let lineBytesMax = 8 * Limits.payloadBytesMax

    /// - Parameter path: of the store.
    /// - Returns: nil if nobody listens there.
    package static func connect(toStore path: String) throws(DiskError) -> ControlClient? {
        do throws(DiskError) {
            return ControlClient(
                socket: try LocalSocket.connect(
                    toName: ControlServer.socketName, inFolder: path))
        } catch {
            guard error.isNotFound || error.isRefused else { throw error }
            return nil
        }
    }

    private init(socket: LocalSocket) { self.socket = socket }

    deinit { socket.close() }

    /// The start of every request.
    package static func request(_ verb: String) -> JSONObject {
        var object = JSONObject()
        object.add("emaki", ControlRequest.version)
        object.add("verb", verb)
        return object
    }

    /// Whoever hangs up before it has heard all has said why: the answer tells.
    package mutating func send(_ request: JSONObject) throws(LogError) {
        try send(line: Array(request.text.utf8))
    }

    package mutating func send(line: [UInt8]) throws(LogError) {
        do throws(DiskError) {
            let isTaken = try socket.send(
                line + [UInt8(ascii: "\n")], nanoseconds: Self.sendNanosecondsMax)
            guard isTaken else { throw DiskError.timeOut }
        } catch {
            if error.isHungUp { return }
            throw LogError(error, file: ControlServer.socketName)
        }
    }

    /// The next line of the answer, without its line break; nil at the end.
    package mutating func next() throws(LogError) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if offset == piece.count {
                piece = try receive()
                offset = 0
                if piece.isEmpty { return nil }
            }
            let end = piece[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? piece.count
            guard line.count + end - offset <= Self.lineBytesMax else {
                throw LogError(.timeOut, file: ControlServer.socketName)
            }
            line += piece[offset..<end]
            let isWhole = end < piece.count
            offset = isWhole ? end + 1 : end
            if isWhole { return line }
        }
    }

    private func receive() throws(LogError) -> [UInt8] {
        do throws(DiskError) {
            return try socket.receive(upTo: Self.pieceBytesMax, nanoseconds: nil) ?? []
        } catch {
            if error.isHungUp { return [] }
            throw LogError(error, file: ControlServer.socketName)
        }
    }
}
