import PackagePlugin

/// Runs `emaki-lint` over a target, and over what it uses in its package, whenever it is built. A
/// finding ends the build.
@main
struct LintWorkflowsOnBuild: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
        guard let target = target as? SwiftSourceModuleTarget else { return [] }
        let used = target.recursiveTargetDependencies.compactMap { used in
            let isOwn = context.package.targets.contains { $0.id == used.id }
            return isOwn ? used as? SwiftSourceModuleTarget : nil
        }
        let files = ([target] + used).flatMap { $0.sourceFiles(withSuffix: "swift").map(\.url) }
        return [
            .buildCommand(
                displayName: "Lint workflows of \(target.name)",
                executable: try context.tool(named: "emaki-lint").url,
                // The index store is that of the build before.
                arguments: ["--quiet", "--no-index-store"] + files.map(\.path),
                inputFiles: files, outputFiles: [])
        ]
    }
}
