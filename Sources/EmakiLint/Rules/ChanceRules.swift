#if Lint
    import SwiftSyntax

    /// WF010, WF011: chance.
    enum ChanceRules {
        private static let identifiers = NameTable(
            rule: "WF010",
            calls: ["CFUUIDCreate": 1...1, "uuid_generate": 1...1],
            members: ["globallyUniqueString"])

        private static let numbers = NameTable(
            rule: "WF011",
            made: [
                "SystemRandomNumberGenerator", "GKRandomSource", "GKARC4RandomSource",
                "GKMersenneTwisterRandomSource", "AES.GCM.Nonce", "ChaChaPoly.Nonce",
            ],
            statics: ["GKRandomSource.sharedRandom"],
            calls: [
                "drand48": 0...0, "lrand48": 0...0, "mrand48": 0...0, "erand48": 1...1,
                "rand": 0...0,
                "random": 0...0, "rand_r": 1...1, "SecRandomCopyBytes": 3...3, "getrandom": 3...3,
                "getentropy": 2...2, "CCRandomGenerateBytes": 2...2,
            ],
            callPrefixes: ["arc4random"])

        /// Methods that draw from the system's generator unless they are given one.
        private static let drawing: Set = ["randomElement", "shuffled", "shuffle"]

        static func check(_ use: Use) -> Hit? {
            if let name = use.made {
                if (name == "UUID" || name == "NSUUID") && use.hasNoArguments {
                    return Fixes.uuid(use, Hit("WF010", NameTable.message(use, "WF010")))
                }
                if let hit = key(name, use) { return hit }
            }
            if let hit = identifiers.hit(use) ?? numbers.hit(use) { return hit }
            return draws(use) ? Hit("WF011", NameTable.message(use, "WF011")) : nil
        }

        private static func draws(_ use: Use) -> Bool {
            guard use.call != nil, !use.labels.contains("using") else { return false }
            switch use.meaning {
            case .staticMember(_, "random"), .implicit(_, "random"):
                return use.hasNoArguments || use.labels == ["in"]
            case .member(let type, let name):
                if type?.isMeta ?? false { return name == "random" }
                return drawing.contains(name) && use.hasNoArguments
            default: return false
            }
        }

        /// Keys and nonces that nobody passes in.
        private static func key(_ name: String, _ use: Use) -> Hit? {
            let isKey =
                name.hasSuffix(".PrivateKey") && use.hasNoArguments
                || name == "SymmetricKey" && use.labels == ["size"]
                || name.hasSuffix(".Nonce") && use.hasNoArguments
            return isKey ? Hit("WF011", NameTable.message(use, "WF011")) : nil
        }
    }
#endif
