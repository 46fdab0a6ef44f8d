/// Where a workflow's code calls its context: a file and a line, as the compiler knows them.
///
/// It is for reports to people, and takes no part in a replay: code may be moved. The calls of a
/// context take it as `#fileID` and `#line`, which are constants of the program: it costs no
/// allocation. A helper that takes both and passes them on is reported by its caller's place.
public struct SourcePlace: Sendable, Hashable, Codable, CustomStringConvertible {
    /// `Module/File.swift`.
    public var file: String
    /// From 1 on.
    public var line: UInt32

    /// A place.
    public init(file: String, line: UInt32) {
        self.file = file
        self.line = line
    }

    /// `Module/File.swift:12`.
    public var description: String { "\(file):\(line)" }
}
