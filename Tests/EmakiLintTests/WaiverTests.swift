#if Lint
    import EmakiLint
    import Testing

    /// Comments that waive a rule.
    @Suite struct WaiverTests {
        private func lint(_ body: String) -> [String] {
            findings(
                in: """
                    enum Order: Workflow {
                        static func run(context: WorkflowContext<Self>, input: Int) async throws {
                            \(body)
                        }
                    }
                    """
            ).map { "\($0.ruleID):\($0.place.line)" }
        }

        @Test("a waiver with a reason waives its rule in its line, or in the line below")
        func waives() {
            #expect(lint("_ = Date()  // wf:allow(WF001) a test of clocks") == [])
            #expect(lint("// wf:allow(WF001) a test of clocks\n_ = Date()") == [])
            #expect(lint("// wf:allow(WF001) a test\n// that goes on\n_ = Date()") == [])
            #expect(lint("// wf:allow(WF001, WF010) both\n_ = (Date(), UUID())") == [])
            #expect(lint("_ = Date()  // wf:allow(wf001) in any case") == [])
        }

        @Test("a waiver waives no other rule, and no other line")
        func others() {
            #expect(lint("_ = UUID()  // wf:allow(WF001) why") == ["WF010:3", "WF099:3"])
            #expect(lint("// wf:allow(WF001) why\n\n_ = 1\n_ = Date()") == ["WF099:3", "WF001:6"])
            #expect(lint("_ = (Date(), UUID())  // wf:allow(WF001) why") == ["WF010:3"])
        }

        @Test("a waiver without a reason is reported, and waives nothing")
        func reasons() {
            #expect(lint("_ = Date()  // wf:allow(WF001)") == ["WF001:3", "WF098:3"])
            #expect(lint("_ = Date()  // wf:allow(WF001)   ") == ["WF001:3", "WF098:3"])
            #expect(lint("_ = Date()  // wf:allow why not") == ["WF001:3", "WF098:3"])
            #expect(lint("_ = Date()  // wf:allow() why not") == ["WF001:3", "WF098:3"])
        }

        @Test("a waiver of a rule that there is not is reported")
        func unknown() {
            #expect(lint("_ = Date()  // wf:allow(WF999) why") == ["WF001:3", "WF098:3"])
        }

        @Test("a waiver that waives nothing is reported, also outside of workflows")
        func idle() {
            #expect(lint("_ = 1  // wf:allow(WF001) why") == ["WF099:3"])
            #expect(findings(in: "// wf:allow(WF001) why\nfunc f() {}").map(\.ruleID) == ["WF099"])
        }

        @Test("what only speaks of waivers is none")
        func speech() {
            #expect(
                lint("// Write wf:allow(WF001) and a reason.\nlet a = \"// wf:allow(WF001)\"") == []
            )
        }
    }
#endif
