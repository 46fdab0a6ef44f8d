#if Lint
    import SwiftSyntax

    /// WF050 to WF053: what is outside of the run.
    enum OutsideRules {
        private static let network = NameTable(
            rule: "WF050",
            types: [
                "URLSession", "NWConnection", "NWListener", "NWBrowser", "CFSocket", "Socket",
                "Process", "NSTask", "ClientBootstrap", "ServerBootstrap", "DatagramBootstrap",
                "MultiThreadedEventLoopGroup", "NIOSingletons", "HTTPClient", "GRPCClient",
                "GRPCChannelPool", "PostgresClient", "PostgresConnection", "MySQLConnection",
                "RedisClient", "RedisConnection", "ValkeyClient", "MongoClient", "DatabaseQueue",
                "DatabasePool", "ModelContext", "NSManagedObjectContext", "CKContainer",
                "CKDatabase",
                "WebSocket", "WebSocketClient",
            ],
            calls: [
                "socket": 3...3, "connect": 3...3, "bind": 3...3, "listen": 2...2, "accept": 3...3,
                "send": 4...4, "sendto": 6...6, "recv": 4...4, "recvfrom": 6...6,
                "getaddrinfo": 4...4, "gethostbyname": 1...1, "popen": 2...2, "system": 1...1,
                "fork": 0...0, "execv": 2...2, "execve": 3...3, "kill": 2...2, "waitpid": 3...3,
                "sqlite3_open": 2...2, "sqlite3_exec": 5...5, "sqlite3_step": 1...1,
            ],
            callPrefixes: ["posix_spawn"])

        private static let files = NameTable(
            rule: "WF051",
            types: [
                "FileManager", "FileHandle", "FileDescriptor", "Bundle", "InputStream",
                "OutputStream",
                "FileWrapper", "DispatchIO",
            ],
            calls: [
                "open": 2...3, "read": 3...3, "write": 3...3, "pread": 4...4, "pwrite": 4...4,
                "close": 1...1, "fopen": 2...2, "fread": 4...4, "fwrite": 4...4, "fclose": 1...1,
                "fputs": 2...2, "fgets": 3...3, "fsync": 1...1, "unlink": 1...1, "mkdir": 2...2,
                "rmdir": 1...1, "rename": 2...2, "stat": 2...2, "lstat": 2...2, "fstat": 2...2,
                "opendir": 1...1, "readdir": 1...1, "mmap": 6...6, "readLine": 0...1,
                "access": 2...2,
                "mkstemp": 1...1, "chmod": 2...2, "truncate": 2...2, "getcwd": 2...2,
            ],
            members: ["checkResourceIsReachable", "resourceValues"])

        private static let process = NameTable(
            rule: "WF052",
            types: [
                "ProcessInfo", "CommandLine", "UserDefaults", "NSUbiquitousKeyValueStore",
                "ConfigReader", "EnvironmentVariablesProvider", "UIDevice", "WKInterfaceDevice",
                "NSScreen",
            ],
            statics: ["Host.current"],
            calls: [
                "getenv": 1...1, "setenv": 3...3, "unsetenv": 1...1, "putenv": 1...1,
                "secure_getenv": 1...1, "gethostname": 2...2, "getpid": 0...0, "getppid": 0...0,
                "getuid": 0...0, "getpwuid": 1...1, "uname": 1...1, "sysconf": 1...1,
                "sysctl": 6...6,
                "sysctlbyname": 5...5, "getrusage": 2...2, "NSUserName": 0...0,
                "NSHomeDirectory": 0...0,
                "NSTemporaryDirectory": 0...0,
            ],
            globals: ["environ", "errno"])

        private static let locale = NameTable(
            rule: "WF053",
            made: [
                "DateComponentsFormatter", "DateIntervalFormatter", "ByteCountFormatter",
                "MeasurementFormatter", "PersonNameComponentsFormatter",
                "RelativeDateTimeFormatter",
                "ListFormatter", "NSLocalizedString", "LengthFormatter", "MassFormatter",
                "EnergyFormatter",
            ],
            statics: [
                "Locale.current", "Locale.autoupdatingCurrent", "Locale.preferredLanguages",
                "TimeZone.current", "TimeZone.autoupdatingCurrent", "Calendar.current",
                "Calendar.autoupdatingCurrent", "NSLocale.current", "NSTimeZone.local",
                "NSTimeZone.system", "NSTimeZone.default", "NSCalendar.current",
                "String.localizedStringWithFormat", "NumberFormatter.localizedString",
                "DateFormatter.localizedString", "ByteCountFormatter.string",
            ],
            calls: [
                "setlocale": 2...2, "localtime": 1...1,
                "localtime_r": 2...2, "mktime": 1...1, "strftime": 4...4, "tzset": 0...0,
            ],
            members: [
                "localizedCompare", "localizedCaseInsensitiveCompare", "localizedStandardCompare",
                "localizedStandardContains", "localizedUppercase", "localizedLowercase",
                "localizedCapitalized",
            ])

        static func check(_ use: Use) -> Hit? {
            if let hit = network.hit(use) ?? contents(use) ?? files.hit(use) { return hit }
            return process.hit(use) ?? formatter(use) ?? locale.hit(use)
        }

        /// `Data(contentsOf:)`, `text.write(to:…)`, `print(…, to:)`.
        private static func contents(_ use: Use) -> Hit? {
            let labels = use.labels
            if let made = use.made,
                ["Data", "String", "NSData", "NSString", "NSArray", "NSDictionary"]
                    .contains(made), let first = labels.first,
                ["contentsOf", "contentsOfFile", "contentsOfURL"].contains(first)
            {
                return Hit("WF051", NameTable.message(use, "WF051"))
            }
            if let (type, name) = use.member, name == "write", use.call != nil {
                let isContent = ["Data", "String"].contains(type?.name ?? "")
                let hasOptions = labels.contains("atomically") || labels.contains("options")
                guard labels.first == "to" || labels.first == "toFile", isContent || hasOptions
                else {
                    return nil
                }
                return Hit("WF051", NameTable.message(use, "WF051"))
            }
            guard let name = use.freeCall, ["print", "debugPrint", "dump"].contains(name),
                let target = use.argument("to")?.bare
            else { return nil }
            // Into a text is no file.
            if case .local = use.resolver.meaning(of: target) { return nil }
            return Hit("WF051", NameTable.message(use, "WF051"))
        }

        /// Formatters and calendars take what they are not told from the machine.
        private static func formatter(_ use: Use) -> Hit? {
            guard let made = use.made else { return formatted(use) }
            let needed: [String]
            switch made {
            case "DateFormatter": needed = ["locale", "timeZone"]
            case "NumberFormatter": needed = ["locale"]
            case "Calendar": needed = ["timeZone"]
            default: return nil
            }
            let surrounding = Syntax(use.node).surroundingBody
            let missing = needed.filter { !AssignedMembers.names(in: surrounding).contains($0) }
            guard !missing.isEmpty else { return nil }
            return Hit(
                "WF053",
                "`\(made)` takes its \(missing.joined(separator: " and ")) from the machine")
        }

        /// `number.formatted()`, in the machine's language.
        private static func formatted(_ use: Use) -> Hit? {
            guard let (_, name) = use.member, name == "formatted", let call = use.call,
                !Syntax(call).mentions("locale"), !Syntax(call).mentions("iso8601")
            else { return nil }
            return Hit("WF053", NameTable.message(use, "WF053"))
        }
    }

    /// The members that code sets: `locale` in `formatter.locale = …`.
    private final class AssignedMembers: SyntaxVisitor {
        private var names: Set<String> = []

        static func names(in node: Syntax) -> Set<String> {
            let visitor = AssignedMembers(viewMode: .sourceAccurate)
            visitor.walk(node)
            return visitor.names
        }

        override func visit(_ node: SequenceExprSyntax) -> SyntaxVisitorContinueKind {
            let parts = Array(node.elements)
            if parts.count >= 3, parts[1].is(AssignmentExprSyntax.self),
                let access = parts[0].as(MemberAccessExprSyntax.self)
            {
                names.insert(access.declName.baseName.plain)
            }
            return .visitChildren
        }
    }
#endif
