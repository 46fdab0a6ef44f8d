import EmakiLint
import Foundation

#if Lint
    import CEmakiIndexStore
#endif

/// The program. Without the trait `Lint` SwiftSyntax is not there, and what is left says so.
@main
struct EmakiLintProgram {
    static func main() {
        #if Lint
            if CommandLine.arguments.dropFirst() == [IndexStoreReader.argument] {
                exit(emaki_index_read())
            }
            exit(
                LintCommand.run(
                    program: Bundle.main.executablePath, output: { write($0, to: .standardOutput) },
                    complaints: { write($0, to: .standardError) }))
        #else
            write(
                """
                emaki-lint: built without the trait `Lint`, and so without SwiftSyntax.
                In this package: swift run --traits Lint emaki-lint Sources
                In another one:  .package(url: "…/emaki", from: "…", traits: ["Lint"])

                """, to: .standardError)
            exit(2)
        #endif
    }

    /// Nobody can be told that nobody reads.
    private static func write(_ text: String, to handle: FileHandle) {
        signal(SIGPIPE, SIG_IGN)
        do { try handle.write(contentsOf: Data(text.utf8)) } catch {}
    }
}
