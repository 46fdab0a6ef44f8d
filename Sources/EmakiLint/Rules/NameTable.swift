#if Lint
    /// Names of others that break a rule wherever they are used.
    struct NameTable {
        let rule: String
        /// Types of which nothing may be used: what makes one, static members, members of a value.
        /// Types that are nested in them are mere values.
        var types: Set<String> = []
        /// Types of which none may be made.
        var made: Set<String> = []
        /// Static members: `Date.now`.
        var statics: Set<String> = []
        /// Functions of C, with how many arguments they take.
        var calls: [String: ClosedRange<Int>] = [:]
        /// How such functions' names begin.
        var callPrefixes: [String] = []
        /// Globals that are read.
        var globals: Set<String> = []
        /// Members of a value whose type is not known, or is none of the package: names that mean
        /// one thing only.
        var members: Set<String> = []

        func hit(_ use: Use) -> Hit? {
            guard matches(use) else { return nil }
            return Hit(rule, Self.message(use, rule))
        }

        static func message(_ use: Use, _ rule: String) -> String {
            let title = Rule.named(rule)?.title ?? ""
            return "`\(use.text)` \(title)"
        }

        private func matches(_ use: Use) -> Bool {
            // Some functions of C begin with a capital.
            if let type = use.made {
                return made.contains(type) || types.contains(type) || takes(type, use)
            }
            if let (type, name) = use.staticMember {
                return statics.contains("\(type).\(name)") || types.contains(type)
            }
            if let (type, name) = use.member {
                if members.contains(name) { return true }
                return type.map { types.contains($0.name) } ?? false
            }
            if let name = use.freeCall {
                if callPrefixes.contains(where: name.hasPrefix) { return true }
                return takes(name, use)
            }
            return use.free.map(globals.contains) ?? false
        }

        private func takes(_ name: String, _ use: Use) -> Bool {
            guard let range = calls[name], let call = use.call else { return false }
            return range.contains(call.arguments.count) && call.trailingClosure == nil
                && call.labels.allSatisfy { $0 == nil }
        }
    }

    extension Use {
        /// The name as it is written, in one line, and not too long.
        var text: String {
            let text = node.trimmedDescription.filter { $0 != "`" }
                .split(whereSeparator: \.isWhitespace).joined(separator: " ")
            let shown = text.count > 48 ? text.prefix(46) + "…" : text[...]
            guard let call else { return String(shown) }
            if hasNoArguments, call.trailingClosure != nil { return "\(shown) { … }" }
            return "\(shown)(\(hasNoArguments ? "" : "…"))"
        }
    }

    /// All rules that look at names.
    enum RuleFamilies {
        static func check(_ use: Use, isQuestion: Bool) -> Hit? {
            // The engine's own names break no rule.
            if use.engineCall != nil { return nil }
            return ClockRules.check(use) ?? ChanceRules.check(use) ?? TaskRules.check(use)
                ?? LockRules.check(use) ?? OutsideRules.check(use) ?? OrderRules.check(use)
                ?? StateRules.check(use, isQuestion: isQuestion) ?? BuildRules.check(use)
        }
    }
#endif
