import EmakiCommand

/// The `emaki` command. What it does is in the library, where tests and other programs reach it.
@main
enum Emaki {
    static func main() async { await RootCommand.runToEnd() }
}
