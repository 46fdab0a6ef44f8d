#if Lint
    /// What a symbol's USR, the name that the compiler has for it, says of where it is declared:
    /// the module and the types around it. Only the front of it is read.
    package struct SymbolName: Equatable {
        /// `Swift`, `FoundationEssentials`; `C` for what is not Swift's.
        package var module: String
        /// Of the outermost type to the innermost; of an extension, the type that it extends.
        package var types: [String] = []

        /// `Dictionary.Keys`.
        var path: String { types.joined(separator: ".") }
        /// Comes with the compiler: neither the package nor one that it depends on has it.
        package var isToolchain: Bool {
            module.hasPrefix("Foundation") || Self.toolchainModules.contains(module)
        }

        /// Nil: it is written in a way that is not known here.
        package init?(_ usr: String) {
            if usr.hasPrefix("c:objc(cs)") {
                let name = usr.dropFirst(10).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                // As Foundation shows them to Swift.
                let plain = name.hasPrefix("NS") ? String(name.dropFirst(2)) : String(name)
                let isRenamed = Self.toolchainTypes.contains(plain)
                self.init(module: "C", types: [isRenamed ? plain : String(name)])
                return
            }
            guard !usr.hasPrefix("c:") else {
                self.init(module: "C")
                return
            }
            var reader = USRReader(usr)
            guard let name = reader.name() else { return nil }
            self = name
        }

        init(module: String, types: [String] = []) {
            self.module = module
            self.types = types
        }

        private static let toolchainModules: Set = [
            "Swift", "C", "_Concurrency", "_StringProcessing", "_Differentiation", "Dispatch",
            "Synchronization", "Observation", "Distributed", "RegexBuilder", "Glibc", "Darwin",
            "Musl", "Bionic", "os", "SwiftGlibc", "CDispatch",
        ]

        /// Types that rules know by name and that come with the compiler. One of this name in
        /// another module is another one.
        static let toolchainTypes: Set = [
            "Date", "NSDate", "UUID", "NSUUID", "Task", "Timer", "Process", "Thread", "NSThread",
            "ContinuousClock", "SuspendingClock", "UTCClock", "Clock", "DispatchTime",
            "DispatchWallTime", "DispatchQueue", "DispatchWorkItem", "DispatchSource",
            "DispatchSemaphore", "DispatchGroup", "OperationQueue", "Operation", "BlockOperation",
            "RunLoop", "FileManager", "FileHandle", "URLSession", "UserDefaults", "ProcessInfo",
            "NotificationCenter", "Bundle", "Host", "Pipe", "Locale", "TimeZone", "Calendar",
            "SystemRandomNumberGenerator", "Hasher", "ObjectIdentifier", "JSONEncoder", "Mutex",
            "Atomic", "NSLock", "NSRecursiveLock", "NSCondition", "MainActor", "Unmanaged",
            "DateFormatter", "NumberFormatter",
        ]
    }

    /// Reads the front of a USR of Swift: `s:`, and a mangled name.
    private struct USRReader {
        private var rest: Substring.UTF8View
        private var words: [Substring] = []

        init(_ usr: String) { rest = usr[...].utf8 }

        private static let typeKinds: Set = [
            UInt8(ascii: "V"), UInt8(ascii: "C"),
            UInt8(ascii: "O"), UInt8(ascii: "P"),
        ]
        private static let standard: [UInt8: String] = [
            UInt8(ascii: "a"): "Array", UInt8(ascii: "b"): "Bool", UInt8(ascii: "D"): "Dictionary",
            UInt8(ascii: "d"): "Double", UInt8(ascii: "f"): "Float", UInt8(ascii: "h"): "Set",
            UInt8(ascii: "i"): "Int", UInt8(ascii: "u"): "UInt", UInt8(ascii: "S"): "String",
            UInt8(ascii: "s"): "Substring", UInt8(ascii: "q"): "Optional",
            UInt8(ascii: "T"): "Sequence", UInt8(ascii: "l"): "Collection",
            UInt8(ascii: "K"): "BidirectionalCollection",
            UInt8(ascii: "k"): "RandomAccessCollection", UInt8(ascii: "G"): "RandomNumberGenerator",
            UInt8(ascii: "H"): "Hashable", UInt8(ascii: "E"): "Encodable",
            UInt8(ascii: "e"): "Decodable", UInt8(ascii: "Q"): "Equatable",
            UInt8(ascii: "L"): "Comparable", UInt8(ascii: "N"): "ClosedRange",
            UInt8(ascii: "n"): "Range", UInt8(ascii: "z"): "BinaryInteger",
        ]
        private static let concurrent: [UInt8: String] = [
            UInt8(ascii: "A"): "Actor", UInt8(ascii: "C"): "CheckedContinuation",
            UInt8(ascii: "G"): "TaskGroup", UInt8(ascii: "g"): "ThrowingTaskGroup",
            UInt8(ascii: "M"): "MainActor", UInt8(ascii: "P"): "TaskPriority",
            UInt8(ascii: "S"): "AsyncStream", UInt8(ascii: "s"): "AsyncThrowingStream",
            UInt8(ascii: "T"): "Task", UInt8(ascii: "t"): "UnsafeCurrentTask",
        ]

        mutating func name() -> SymbolName? {
            guard take("s"), take(":"), var name = front() else { return nil }
            while let inner = nested(in: name.module) { name.types.append(inner) }
            return name
        }

        /// A module, or a type of the standard library that has a letter of its own.
        private mutating func front() -> SymbolName? {
            if take("s") { return SymbolName(module: "Swift") }
            if take("S") {
                if take("o") { return SymbolName(module: "C") }
                let isConcurrent = take("c")
                guard let letter = rest.popFirst() else { return nil }
                let name = isConcurrent ? Self.concurrent[letter] : Self.standard[letter]
                return name.map { SymbolName(module: "Swift", types: [$0]) }
            }
            return identifier().map { SymbolName(module: $0) }
        }

        /// A type's name; nil if something else comes, which then is still to be read.
        private mutating func nested(in module: String) -> String? {
            let before = self
            // The first name that came, the module's, once more.
            let name = take("A") && take("A") ? module : identifier()
            if let name, let kind = rest.first, Self.typeKinds.contains(kind) {
                rest.removeFirst()
                return name
            }
            self = before
            return nil
        }

        /// Letters behind a 0 are words of names that came before.
        private mutating func identifier() -> String? {
            var name = ""
            var hasWords = false
            guard let first = rest.first, Self.isDigit(first) else { return nil }
            if take("0") {
                // What is not ASCII.
                guard rest.first != UInt8(ascii: "0") else { return nil }
                hasWords = true
            }
            repeat {
                while hasWords, let letter = rest.first, Self.isLetter(letter) {
                    rest.removeFirst()
                    let isLast = letter < UInt8(ascii: "a")
                    let number = Int(letter - (isLast ? UInt8(ascii: "A") : UInt8(ascii: "a")))
                    guard words.indices.contains(number) else { return nil }
                    name += words[number]
                    hasWords = !isLast
                }
                if take("0") { break }
                guard let count = number(), let part = part(of: count) else { return nil }
                name += part
                addWords(in: part)
            } while hasWords
            return name
        }

        private mutating func number() -> Int? {
            var number = 0
            while let digit = rest.first, Self.isDigit(digit), number < 10_000 {
                number = number * 10 + Int(digit - UInt8(ascii: "0"))
                rest.removeFirst()
            }
            return number == 0 ? nil : number
        }

        private mutating func part(of count: Int) -> Substring? {
            guard rest.count >= count else { return nil }
            let part = Substring(rest.prefix(count))
            rest = rest.dropFirst(count)
            return part
        }

        /// A word begins with anything but a digit or `_`, and ends before `_` and before a capital
        /// that follows no capital.
        private mutating func addWords(in name: Substring) {
            let bytes = name.utf8
            var start: Substring.UTF8View.Index?
            var previous: UInt8 = 0
            for index in bytes.indices + [bytes.endIndex] {
                let byte = index == bytes.endIndex ? nil : bytes[index]
                let isEnd =
                    byte == nil || byte == UInt8(ascii: "_")
                    || byte.map(Self.isCapital) == true && !Self.isCapital(previous)
                if let begin = start, isEnd {
                    if bytes.distance(from: begin, to: index) >= 2, words.count < 26 {
                        words.append(name[begin..<index])
                    }
                    start = nil
                }
                if let byte, start == nil, !Self.isDigit(byte), byte != UInt8(ascii: "_") {
                    start = index
                }
                previous = byte ?? 0
            }
        }

        private mutating func take(_ letter: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: letter) else { return false }
            rest.removeFirst()
            return true
        }

        private static func isDigit(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        private static func isCapital(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        private static func isLetter(_ byte: UInt8) -> Bool {
            isCapital(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        }
    }
#endif
