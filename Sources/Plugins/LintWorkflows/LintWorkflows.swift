import Foundation
import PackagePlugin

/// `swift package lint-workflows`: `emaki-lint` over the package's targets, or over what the
/// arguments name. Arguments are those of `emaki-lint`.
@main
struct LintWorkflows: CommandPlugin {
    func performCommand(context: PluginContext, arguments: [String]) throws {
        let lint = Process()
        lint.executableURL = try context.tool(named: "emaki-lint").url
        lint.currentDirectoryURL = context.package.directoryURL
        lint.arguments = arguments + (arguments.contains(where: isPath) ? [] : folders(in: context))
        try lint.run()
        lint.waitUntilExit()
        guard lint.terminationStatus == 0 else {
            Diagnostics.error("emaki-lint ended with \(lint.terminationStatus)")
            return
        }
    }

    private func isPath(_ argument: String) -> Bool {
        FileManager.default.fileExists(atPath: argument)
    }

    /// The folders of Swift targets, tests left out, from the package's own folder.
    private func folders(in context: PluginContext) -> [String] {
        let root = context.package.directoryURL.path + "/"
        return context.package.targets.compactMap { target in
            guard let target = target as? SwiftSourceModuleTarget, target.kind != .test else {
                return nil
            }
            let path = target.directoryURL.path
            return path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path
        }
    }
}
