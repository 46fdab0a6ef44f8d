/// What comes in through a descriptor of somebody else's making: a pipe, a terminal, a socket, a
/// file. Reads what is there, and waits only while there is nothing.
package enum StreamInput {
    /// The next bytes as soon as there are any; none at the end.
    ///
    /// Whoever made a pipe may have made it non-blocking, for all who share it. That is no error:
    /// then this waits until there is something to read.
    package static func read(_ descriptor: Int32, upTo byteCountMax: Int)
        throws(DiskError) -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: byteCountMax)
        while true {
            switch try readOnce(descriptor, into: &bytes) {
            case .bytes(let count):
                bytes.removeLast(bytes.count - count)
                return bytes
            case .nothingYet: try SystemCall.waitUntilReadable(descriptor)
            case .interrupted: continue
            }
        }
    }

    private static func readOnce(_ descriptor: Int32, into bytes: inout [UInt8])
        throws(DiskError) -> SystemCall.StreamRead
    {
        // Safe because the buffer does not leave the closure.
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(DiskError) in
                try unsafe SystemCall.readNext(descriptor, into: buffer)
            }
        }
        return try result.get()
    }
}
