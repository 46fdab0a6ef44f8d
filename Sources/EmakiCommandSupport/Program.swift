import Foundation

/// The program that the commands are part of.
package enum Program {
    /// As it was called, for messages and help.
    package static let name =
        CommandLine.arguments.first.map {
            URL(fileURLWithPath: $0).lastPathComponent
        } ?? "emaki"
}
