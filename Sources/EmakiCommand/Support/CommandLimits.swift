/// Maxima of the command, beside those of the log in `Limits`.
enum CommandLimits {
    /// Bytes of one line of input: room for the largest payload as base64, and for a history that
    /// fills a batch.
    static let lineBytesMax = 64 << 20
    /// Bytes of a JSON document that is not in lines: it is held whole while it is imported.
    static let documentBytesMax = 1 << 30
    /// Appends in flight.
    static let jobsMax = 4096
    /// Version of an imported event: beyond any stream, and sums of it cannot overflow.
    static let versionMax: UInt64 = 1 << 62
    /// Bytes asked from a file at a time: what a pipe holds.
    static let readBytes = 64 << 10
}
