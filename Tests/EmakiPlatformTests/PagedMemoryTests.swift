import Testing

@testable import EmakiPlatform

@Suite("Arrays in pages")
struct PagedMemoryTests {
    @Test("elements stay what they are while the array grows and loses its first pages")
    func againstAnArray() {
        var numbers = SeededNumbers(state: 7)
        var pages = PagedMemory<UInt64>(filling: 9, pageShift: 3)
        var model: [UInt64] = []
        for _ in 0..<20_000 {
            let choice = numbers.next() % 100
            switch choice {
            case ..<70:
                let value = numbers.next()
                pages.append(value)
                model.append(value)
            case ..<80:
                let count = model.count + Int(numbers.next() % 20)
                pages.grow(to: count)
                model += Array(repeating: 9, count: count - model.count)
            case ..<97:
                guard !model.isEmpty else { continue }
                let index = Int(numbers.next() % UInt64(model.count))
                pages[index] &+= 1
                model[index] &+= 1
            default:
                let whole = model.count / pages.pageElements
                let count = Int(numbers.next() % UInt64(whole + 1))
                pages.removeFirstPages(count)
                model.removeFirst(count * pages.pageElements)
            }
            #expect(pages.count == model.count)
            if let last = model.last { #expect(pages[pages.count - 1] == last) }
            if let first = model.first { #expect(pages[0] == first) }
        }
        for index in model.indices { #expect(pages[index] == model[index]) }
        #expect(pages.allocatedBytes <= (model.count / 8 + 2) * 64)
    }

    @Test("a place beyond the elements is a programming error")
    func beyond() async {
        await #expect(processExitsWith: .failure) {
            var pages = PagedMemory<UInt8>(filling: 0, pageShift: 3)
            pages.append(1)
            _ = pages[1]
        }
    }
}
