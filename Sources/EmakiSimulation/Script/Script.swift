/// A workload and what befalls the disk under it: a value that reads and writes itself as text,
/// one step a line, so that a failure can be kept, shrunk and replayed.
///
///     store block=4096 segment=131072 sync=direct ready=2 seed=7
///     append a 1x100 + b 2x3000
///     crash at 3 torn 99
///     append a 1x10
///
/// Every script can be run: a step that makes no sense where it stands does nothing. So a script
/// stays one when any of its steps is taken out.
package struct Script: Equatable, Sendable {
    package var store: StoreShape
    package var steps: [Step]

    package init(store: StoreShape = StoreShape(), steps: [Step] = []) {
        self.store = store
        self.steps = steps
    }

    /// Reads what `text` writes. Empty lines, and what follows a `#`, mean nothing.
    package init(_ text: String) throws(ScriptError) {
        var store: StoreShape?
        var steps: [Step] = []
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let meaning = line.prefix { $0 != "#" }
            let words = meaning.split(whereSeparator: \.isWhitespace).map(String.init)
            guard let keyword = words.first else { continue }
            var rest = Words(words.dropFirst(), line: number)
            if keyword == "store" {
                guard store == nil else { throw ScriptError(number, "a second store") }
                store = try StoreShape(&rest)
            } else {
                steps.append(try Step(keyword, &rest))
            }
            try rest.end()
        }
        self.init(store: store ?? StoreShape(), steps: steps)
    }

    package var text: String {
        ([store.text] + steps.map(\.text)).joined(separator: "\n") + "\n"
    }
}

/// A line that says nothing that a script can do.
package struct ScriptError: Error, Equatable, Sendable, CustomStringConvertible {
    /// From 1.
    package var line: Int
    package var reason: String

    init(_ line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    package var description: String { "line \(line): \(reason)" }
}

/// The words of a line that are still to be read.
struct Words {
    private var rest: ArraySlice<String>
    let line: Int

    init(_ words: ArraySlice<String>, line: Int) {
        rest = words
        self.line = line
    }

    var next: String? { rest.first }

    mutating func take(_ what: String) throws(ScriptError) -> String {
        guard let word = rest.popFirst() else { throw ScriptError(line, "\(what) is missing") }
        return word
    }

    /// Takes a word if it comes next.
    mutating func takes(_ word: String) -> Bool {
        guard rest.first == word else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number<Number: FixedWidthInteger>(
        _ what: String, in range: ClosedRange<Number>
    ) throws(ScriptError) -> Number {
        let word = try take(what)
        guard let number = Number(word), range.contains(number) else {
            throw ScriptError(line, "\(what) is \(word), not within \(range)")
        }
        return number
    }

    func end() throws(ScriptError) {
        guard let word = rest.first else { return }
        throw ScriptError(line, "\"\(word)\" is too much")
    }
}
