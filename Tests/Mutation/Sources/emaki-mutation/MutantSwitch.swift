/// The source of the switch that a mutated module gets as a file of its own.
///
/// It reads the environment once. `EMAKI_MUTANT` is the number of the mutant that is on.
/// `EMAKI_MUTANT_REACHED` names a file in which each mutant that is asked for sets its byte: so a
/// run learns which tests reach which mutants, also when a test crashes or starts processes.
enum MutantSwitch {
    static let fileName = "MutantSwitch.swift"
    static let mutantVariable = "EMAKI_MUTANT"
    static let reachedVariable = "EMAKI_MUTANT_REACHED"

    static let source = """
        #if canImport(Glibc)
            import Glibc
        #else
            import Darwin
        #endif

        private struct MutantSwitch: @unchecked Sendable {
            let active: Int
            let reached: UnsafeMutablePointer<UInt8>?
            let reachedCount: Int

            init() {
                active = getenv("\(mutantVariable)").flatMap { Int(String(cString: $0)) } ?? 0
                var map: UnsafeMutablePointer<UInt8>?
                var count = 0
                if let path = getenv("\(reachedVariable)") {
                    let file = open(path, O_RDWR)
                    count = Int(lseek(file, 0, SEEK_END))
                    let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                    map = memory?.assumingMemoryBound(to: UInt8.self)
                }
                reached = map
                reachedCount = count
            }
        }

        private let mutantSwitch = MutantSwitch()

        @inline(never)
        func mutantIsOn(_ number: Int) -> Bool {
            if let reached = mutantSwitch.reached, number < mutantSwitch.reachedCount {
                reached[number] = 1
            }
            return number == mutantSwitch.active
        }

        """
}
