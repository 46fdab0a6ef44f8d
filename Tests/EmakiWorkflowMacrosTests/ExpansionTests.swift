#if Macros
    import SwiftSyntaxMacroExpansion
    import SwiftSyntaxMacrosGenericTestSupport
    import Testing

    @testable import EmakiMacroPlugin

    /// All macros, by name.
    private let macros: [String: MacroSpec] = [
        "Workflow": MacroSpec(type: WorkflowMacro.self, conformances: ["Workflow"]),
        "WorkflowStateProperty": MacroSpec(type: StatePropertyMacro.self),
        "WorkflowStateInitializer": MacroSpec(type: StateInitializerMacro.self),
        "Signal": MacroSpec(type: SignalMacro.self), "Query": MacroSpec(type: QueryMacro.self),
        "Update": MacroSpec(type: UpdateMacro.self),
        "Activities": MacroSpec(type: ActivitiesMacro.self, conformances: ["ActivityContainer"]),
        "Activity": MacroSpec(type: ActivityMacro.self),
    ]

    /// The source expands to this, and nothing is wrong with it.
    func expectExpansion(
        _ source: String, _ expanded: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        assertMacroExpansion(
            source, expandedSource: expanded, macroSpecs: macros,
            failureHandler: { Issue.record("\($0.message)", sourceLocation: sourceLocation) })
    }

    /// One thing is wrong with the source; the first remedy makes this of it.
    func expectComplaint(
        _ source: String, _ message: String, at line: Int, _ column: Int, fixIts: [String] = [],
        fixed: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        assertMacroExpansion(
            source, expandedSource: withoutAttributes(source),
            diagnostics: [
                DiagnosticSpec(
                    message: message, line: line, column: column,
                    fixIts: fixIts.map { FixItSpec(message: $0) })
            ], macroSpecs: macros, applyFixIts: fixIts.first.map { [$0] }, fixedSource: fixed,
            failureHandler: { failure in
                // What becomes of a wrong source is of no interest.
                if failure.message.hasPrefix("Macro expansion did not produce") { return }
                Issue.record("\(failure.message)", sourceLocation: sourceLocation)
            })
    }

    private func withoutAttributes(_ source: String) -> String { source }

    @Suite struct ExpansionTests {
        @Test("a workflow expands to what one would write by hand")
        func workflow() {
            expectExpansion("", "")
        }
    }
#endif
