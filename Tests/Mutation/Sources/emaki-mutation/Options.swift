import Foundation

/// What was asked for on the command line.
struct Options {
    static let help = """
        Changes the engine in one place at a time, and looks whether a test notices.

        usage: emaki-mutation [options]

          --root PATH     the package (default: the current folder)
          --engine NAME   what is changed: log or workflow (default: log)
          --list          print the mutation points, and end
          --only TEXT     only mutants whose id contains TEXT; may be repeated
          --sample N      only N mutants, chosen by the seed
          --seed S        the seed (default: 1)
          --tests REGEX   tests to try, by id (default: those of the engine)
          --limit SEC     only tests that take at most so long (default: 10)
          --jobs N        mutants at a time (default: 2)
          --measure       measure all tests again, not only new ones
          --as-built      take the copy and the measures as they are, whatever changed since
          --fresh         forget what earlier runs found
          --json FILE     write the results there
          --report        print what earlier runs found, and end

        Results are kept in .build/mutation or .build/mutation-workflow, so a run that was stopped
        goes on, and survivors are tried again when tests change. Ends with 1 if a mutant survives,
        with 2 if it cannot run.
        """

    var root = URL(filePath: FileManager.default.currentDirectoryPath)
    var lists = false
    var only: [String] = []
    var sample: Int?
    var seed: UInt64 = 1
    var engine = Subject.log
    /// Nil: those of the engine.
    var tests: String?
    var limit = 10.0
    var jobCount = 2
    var measures = false
    var isFresh = false
    var takesAsBuilt = false
    var reports = false
    var json: String?

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--list": lists = true
            case "--measure": measures = true
            case "--fresh": isFresh = true
            case "--as-built": takesAsBuilt = true
            case "--report": reports = true
            case "--help", "-h":
                print(Self.help)
                exit(0)
            default:
                guard let value = rest.popFirst() else { throw Failure("what is \(option)?") }
                try set(option, to: value)
            }
        }
    }

    private mutating func set(_ option: String, to value: String) throws {
        func number<Value: LosslessStringConvertible>() throws -> Value {
            guard let number = Value(value) else { throw Failure("\(option): not \(value)") }
            return number
        }
        switch option {
        case "--root": root = URL(filePath: value)
        case "--engine":
            guard let subject = Subject.all.first(where: { $0.name == value }) else {
                throw Failure("there is no engine \(value)")
            }
            engine = subject
        case "--only": only.append(value)
        case "--sample": sample = try number()
        case "--seed": seed = try number()
        case "--tests": tests = value
        case "--limit": limit = try number()
        case "--jobs": jobCount = max(1, try number())
        case "--json": json = value
        default: throw Failure("what is \(option)?")
        }
    }

    /// The mutants that are asked for.
    func choose(_ mutants: [Mutant]) -> [Mutant] {
        var chosen = mutants.filter { mutant in
            only.isEmpty || only.contains { mutant.point.id.contains($0) }
        }
        guard let sample, sample < chosen.count else { return chosen }
        var random = SplitMix(state: seed)
        chosen.shuffle(using: &random)
        return chosen.prefix(sample).sorted { $0.number < $1.number }
    }
}

/// The same numbers for the same seed, on every machine.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
