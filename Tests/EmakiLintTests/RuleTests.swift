#if Lint
    import EmakiLint
    import Testing

    /// Every rule, by tables.
    @Suite struct RuleTests {
        static let tables =
            TimeTables.all + OrderTables.all + TaskTables.all + OutsideTables.all + StateTables.all
            + FlowTables.all

        @Test("every rule finds what it is for", arguments: tables)
        func bad(table: RuleTable) {
            #expect(table.bad.count >= 3)
            for snippet in table.bad {
                #expect(snippet.broken.contains(table.id), "\(snippet)")
                // One mistake is said once, by one rule.
                #expect(Set(snippet.broken) == [table.id], "\(snippet)")
            }
        }

        @Test("what looks alike breaks no rule", arguments: tables)
        func good(table: RuleTable) {
            #expect(table.good.count >= 3)
            for snippet in table.good { #expect(snippet.broken == [], "\(snippet)") }
        }

        @Test("every rule has a table, but what is found over histories, and waivers")
        func complete() {
            let tested = Set(Self.tables.map(\.id))
            for rule in Rule.all
            where !rule.isFoundByCheck && !["WF098", "WF099"].contains(rule.id) {
                #expect(tested.contains(rule.id), "\(rule.id)")
            }
            #expect(Set(Rule.all.map(\.id)).count == Rule.all.count)
            #expect(Rule.named("wf083")?.isFoundByCheck == true)
        }
    }
#endif
