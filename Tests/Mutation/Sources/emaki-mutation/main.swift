import Foundation

/// Steps: find the points, build the copy, measure the tests, try the mutants, report.
func runMutation() throws -> Int32 {
    let options = try Options(Array(CommandLine.arguments.dropFirst()))
    var sources = try EngineSources(root: options.root, options.engine)
    if options.lists {
        print(Report(sources.points, RunState()).list)
        return 0
    }
    let copy = PackageCopy(root: options.root, options.engine)
    let work = copy.folder.deletingLastPathComponent()
    try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
    let stateFile = work.appending(path: "state.json")
    var state = options.isFresh ? RunState() : RunState.load(stateFile)
    if options.reports {
        sources.skip(state.rejected)
        let report = Report(sources.points, state)
        print(report.list)
        print(report.table)
        return report.survivors.isEmpty ? 0 : 1
    }
    let program = TestProgram(path: copy.testProgram.path)
    if options.takesAsBuilt {
        sources.skip(state.rejected)
    } else {
        try prepare(&sources, &state, copy, program, stateFile, options)
    }
    let chosen = options.choose(sources.mutants)
    let run = MutationRun(
        program, chosen, state: state, stateFile: stateFile, limit: options.limit,
        jobCount: options.jobCount)
    try run.run()
    return try tell(sources, chosen, run.state, options)
}

/// Builds the copy, and measures the tests that are new or have changed.
func prepare(
    _ sources: inout EngineSources, _ state: inout RunState, _ copy: PackageCopy,
    _ program: TestProgram, _ stateFile: URL, _ options: Options
) throws {
    func files(_ top: String) -> [String] {
        options.engine.parts.filter { $0.hasPrefix(top) }.flatMap { part in
            PackageCopy.filesBelow(options.root.appending(path: part)).map { "\(part)/\($0)" }
        }
    }
    let hashes = files("Sources").map { ($0, fingerprint(of: [$0], in: options.root)) }
    state.adopt(
        sources: Dictionary(uniqueKeysWithValues: hashes),
        tests: fingerprint(of: files("Tests"), in: options.root))
    sources.skip(state.rejected)
    try copy.build(&sources)
    state.rejected = sources.rejected
    if options.measures { state.catalog = TestCatalog() }
    let testFiles = TestFiles(files("Tests"), root: options.root)
    let engine =
        hashes.map { $0.0 + $0.1 }.joined()
        + sources.mutants.map(\.point.id).joined()
    do {
        try state.catalog.measure(
            program, sources.mutants, selection: options.tests ?? options.engine.tests,
            folder: stateFile.deletingLastPathComponent(),
            limit: options.limit, jobCount: options.jobCount,
            fingerprint: { hash(of: engine + testFiles.hash(ofTest: $0)) })
    } catch {
        try state.save(stateFile)
        throw error
    }
    state.keepKills(by: Set(state.catalog.entries.map(\.title)))
    try state.save(stateFile)
}

/// Prints the results, and says whether they are good.
func tell(
    _ sources: EngineSources, _ chosen: [Mutant], _ state: RunState, _ options: Options
) throws -> Int32 {
    let ids = Set(chosen.map(\.point.id))
    let report = Report(
        sources.points.filter { ids.contains($0.id) || $0.skipReason != nil }, state)
    print(report.list)
    print(report.table)
    if let json = options.json { try Data(report.json().utf8).write(to: URL(filePath: json)) }
    for row in report.survivors {
        print("survived: \(row.file):\(row.line): \(row.excerpt)\n  --only '\(row.id)'")
    }
    for row in report.lost { print("lost: \(row.id): \(row.by ?? "")") }
    return report.survivors.isEmpty && report.lost.isEmpty ? 0 : 1
}

do {
    exit(try runMutation())
} catch {
    note("\(error)")
    exit(2)
}
