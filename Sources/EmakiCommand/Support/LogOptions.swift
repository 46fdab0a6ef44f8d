import ArgumentParser
import EmakiCommandSupport
import EmakiLog

/// For commands that only look.
struct DamageOption: ParsableArguments {
    @Flag(help: "Read what is whole of a damaged store, instead of refusing it.")
    var damaged = false

    var configuration: Configuration { .readOnly(toleratingDamage: damaged) }
}

/// An expectation on the command line: a version, "none" or "any".
enum ExpectationText {
    static func parse(_ text: String) -> ExpectedVersion? {
        switch text {
        case "any": .anything
        case "none": .noStream
        default: UInt64(text).map { .version(StreamVersion($0)) }
        }
    }
}

extension ExpectedVersion: ExpressibleByArgument {
    /// Reads what the help of `--expecting` lists.
    public init?(argument: String) {
        guard let expected = ExpectationText.parse(argument) else { return nil }
        self = expected
    }

    /// For the help.
    public var defaultValueDescription: String {
        switch self {
        case .anything: "any"
        case .noStream: "none"
        case .version(let version): version.description
        }
    }
}

extension EventID: ExpressibleByArgument {
    /// Reads 32 hexadecimal digits or a UUID.
    public init?(argument: String) { self.init(argument) }
}
