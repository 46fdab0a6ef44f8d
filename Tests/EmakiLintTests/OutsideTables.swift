#if Lint
    /// What is outside: networks, files, the process, the locale.
    enum OutsideTables {
        static let all = [wf050, wf051, wf052, wf053]

        static let wf050 = RuleTable(
            id: "WF050",
            bad: #"""
                let (data, _) = try await URLSession.shared.data(from: input.url)
                ===
                let session = URLSession(configuration: .default)
                ===
                let data = try await input.session.data(from: input.url)
                ---
                struct Item { let session: URLSession }
                ===
                let process = Process()
                ===
                let pipe = popen("ls", "r")
                ===
                let handle = socket(AF_INET, 1, 0)
                ===
                let client = HTTPClient(eventLoopGroupProvider: .singleton)
                ===
                let queue = try DatabaseQueue(path: "a.db")
                ===
                let connection = NWConnection(host: "a", port: 80, using: .tcp)
                """#,
            good: #"""
                let process = Process(name: "a")
                ---
                struct Process { var name: String }
                ===
                let plug = socket(input)
                ---
                func socket(_ item: Item) -> Int { 3 }
                ===
                input.line.connect(input.a, input.b, input.c)
                ===
                let request = URLRequest(url: input.url)
                ===
                _ = try await context.step("load") { _ in
                try await URLSession.shared.data(from: input.url).0 }
                ===
                try await context.signal("other", Order.paid, Nothing())
                ===
                let url = URL(string: "https://a.example")
                """#)

        static let wf051 = RuleTable(
            id: "WF051",
            bad: #"""
                let names = try FileManager.default.contentsOfDirectory(atPath: "/")
                ===
                let data = try Data(contentsOf: input.url)
                ===
                let text = try String(contentsOfFile: "a", encoding: .utf8)
                ===
                let handle = FileHandle(forReadingAtPath: "a")
                ===
                let url = Bundle.main.url(forResource: "a", withExtension: "b")
                ===
                let file = open("a", O_RDONLY)
                ===
                try "text".write(to: input.url, atomically: true, encoding: .utf8)
                ===
                print(input, to: &standardError)
                ===
                let line = readLine()
                ===
                let file = fopen("a", "r")
                """#,
            good: #"""
                print("on its way")
                ===
                let options = FileDescriptor.OpenOptions(rawValue: 3)
                ===
                var text = ""
                print(input, to: &text)
                ===
                let data = Data([1, 2])
                ===
                let text = String(decoding: input.bytes, as: UTF8.self)
                ===
                input.door.open("a", 1)
                ===
                let door = open(input)
                ---
                func open(_ item: Item) -> Int { 1 }
                ===
                input.page.write(to: input.book)
                ===
                let shelf = Bundle.main
                ---
                enum Bundle { static let main = 1 }
                ===
                _ = try await context.step("read") { _ in try Data(contentsOf: input.url) }
                """#)

        static let wf052 = RuleTable(
            id: "WF052",
            bad: #"""
                let home = ProcessInfo.processInfo.environment["HOME"]
                ===
                let home = getenv("HOME")
                ===
                let name = CommandLine.arguments[0]
                ===
                let isOn = UserDefaults.standard.bool(forKey: "a")
                ===
                let id = getpid()
                ===
                let limit = ConfigReader(provider: input.provider).int(forKey: "a")
                ===
                let cores = ProcessInfo.processInfo.activeProcessorCount
                ===
                let name = Host.current().name
                """#,
            good: #"""
                let home = input.environment["HOME"]
                ===
                let home = getenv("HOME")
                ---
                func getenv(_ name: String) -> String { name }
                ===
                let id = context.info.workflowID
                ===
                let arguments = CommandLine.arguments
                ---
                enum CommandLine { static let arguments = [1] }
                ===
                _ = try await context.step("home") { _ in
                ProcessInfo.processInfo.environment["HOME"] ?? "" }
                ===
                let host = Host(name: "a")
                ---
                struct Host { var name: String }
                """#)

        static let wf053 = RuleTable(
            id: "WF053",
            bad: #"""
                let locale = Locale.current
                ===
                let zone = TimeZone.current
                ===
                let day = Calendar.current.component(.day, from: input.due)
                ===
                let formatter = NumberFormatter()
                ===
                let formatter = DateFormatter()
                formatter.locale = Locale(identifier: "de")
                ===
                let text = input.price.formatted()
                ===
                let text = NSLocalizedString("a", comment: "b")
                ===
                let zone: TimeZone = .current
                ===
                let text = input.due.text(locale: .current)
                ===
                let calendar = Calendar(identifier: .gregorian)
                ===
                let order = input.name.localizedCompare("b")
                """#,
            good: #"""
                let locale = Locale(identifier: "de_DE")
                ===
                let zone = TimeZone(secondsFromGMT: 0)
                ===
                let formatter = ISO8601DateFormatter()
                ===
                let formatter = DateFormatter()
                formatter.locale = Locale(identifier: "de")
                formatter.timeZone = TimeZone(secondsFromGMT: 0)
                ===
                var calendar = Calendar(identifier: .gregorian)
                calendar.timeZone = TimeZone(secondsFromGMT: 0)
                ===
                let text = input.price.formatted(.number.locale(Locale(identifier: "de")))
                ===
                let page = Calendar.current
                ---
                enum Calendar { static let current = 3 }
                ===
                let now = input.current
                ===
                let text = String(format: "%d", 3)
                """#)
    }
#endif
