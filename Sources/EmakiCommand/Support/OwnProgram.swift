import Foundation

/// The file of this program, to start it again.
enum OwnProgram {
    static func path() throws -> String {
        #if os(Linux)
            return try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        #else
            return Bundle.main.executablePath ?? CommandLine.arguments[0]
        #endif
    }
}
