import EmakiPlatform
import EmakiSimulation
import Testing

@Suite("What a power loss does to names")
struct FolderLossTests {
    let disk = SimulatedFileSystem()

    @Test("a file whose name was never synced vanishes or stays, synced or not")
    func creating() throws {
        let file = try disk.open("a", OpenMode(.mustBeNew))
        try file.put([1], at: 0)
        try file.sync()
        let clone = disk.clone()
        disk.losePower(.drop)
        #expect(disk.contents().visible.isEmpty)
        clone.losePower(.keep)
        #expect(clone.bytes(of: "a") == [1])
    }

    @Test("a name that is kept can name a file whose bytes were dropped")
    func emptyFile() throws {
        try disk.file("a", holding: [1])
        let file = try disk.open("a.new", OpenMode(.mustBeNew))
        try file.put([2], at: 0)
        try disk.rename("a.new", to: "a")
        disk.losePower { $0.isWrite ? .drop : .keep }
        #expect(disk.bytes(of: "a") == [])
        #expect(disk.contents().visible.count == 1)
    }

    @Test("syncing a folder makes its names durable, and not those of others")
    func syncing() throws {
        try disk.makeFolder("one")
        try disk.makeFolder("two")
        try disk.syncFolder("")
        _ = try disk.open("one/a", OpenMode(.mustBeNew))
        _ = try disk.open("two/a", OpenMode(.mustBeNew))
        try disk.syncFolder("one")
        disk.losePower(.drop)
        #expect(Set(disk.contents().visible.keys) == ["one", "one/a", "two"])
    }

    @Test("what lies in a folder whose own name is lost is lost")
    func losingFolder() throws {
        try disk.makeFolder("one")
        _ = try disk.open("one/a", OpenMode(.mustBeNew))
        try disk.syncFolder("one")
        disk.losePower(.drop)
        #expect(disk.contents().visible.isEmpty)
        #expect(disk.contents().durable.isEmpty)
    }

    @Test("a removal that is not synced may not have happened")
    func removing() throws {
        try disk.file("a", holding: [1])
        try disk.remove("a")
        #expect(try disk.kind(of: "a") == nil)
        let clone = disk.clone()
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == [1])
        clone.losePower(.keep)
        #expect(clone.bytes(of: "a") == nil)
        try disk.remove("a")
        try disk.syncFolder("")
        disk.losePower(.drop)
        #expect(disk.bytes(of: "a") == nil)
    }

    @Test("a rename is whole or did not happen, within a folder and across", arguments: ["", "b/"])
    func renaming(folder: String) throws {
        try disk.makeFolder("b")
        try disk.syncFolder("")
        try disk.file("old", holding: [1])
        try disk.file(folder + "new", holding: [2])
        try disk.rename("old", to: folder + "new")
        let clone = disk.clone()
        disk.losePower(.drop)
        #expect(disk.bytes(of: "old") == [1])
        #expect(disk.bytes(of: folder + "new") == [2])
        clone.losePower(.keep)
        #expect(clone.bytes(of: "old") == nil)
        #expect(clone.bytes(of: folder + "new") == [1])
    }

    @Test("syncing either folder of a rename makes all of it durable", arguments: ["a", "b"])
    func syncingEitherEnd(synced: String) throws {
        for folder in ["a", "b"] { try disk.makeFolder(folder) }
        try disk.syncFolder("")
        _ = try disk.open("a/x", OpenMode(.mustBeNew))
        try disk.rename("a/x", to: "b/y")
        try disk.syncFolder(synced)
        disk.losePower(.drop)
        #expect(Set(disk.contents().visible.keys) == ["a", "b", "b/y"])
    }

    @Test("changes of one name are kept in order, those of different names independently")
    func order() throws {
        try disk.file("a", holding: [1])
        try disk.rename("a", to: "b")
        try disk.rename("b", to: "c")
        _ = try disk.open("d", OpenMode(.mustBeNew))
        let last = try #require(disk.pending.last { $0.path == "b" })
        disk.losePower { $0.id == last.id ? .keep : .drop }
        #expect(Set(disk.contents().visible.keys) == ["c"])
    }

    @Test("a file is never under two names, whatever is kept", arguments: 0..<64)
    func oneName(kept: Int) throws {
        try disk.file("a", holding: [1])
        try disk.file("z", holding: [2])
        try disk.rename("a", to: "b")
        try disk.rename("z", to: "a")
        try disk.rename("b", to: "z")
        try disk.remove("a")
        try disk.rename("z", to: "c")
        _ = try disk.open("a", OpenMode(.mustBeNew))
        let ids = disk.pending.map(\.id)
        try #require(ids.count == 6)
        disk.losePower { effect in
            kept >> (ids.firstIndex(of: effect.id) ?? 0) & 1 == 1 ? .keep : .drop
        }
        let files = disk.contents().visible.values.filter { $0 != .file(PagedBytes()) }
        #expect(Set(files.map { "\($0)" }).count == files.count)
        #expect(files.contains(.file(PagedBytes([1]))), "its name was never removed")
    }

    @Test("folders moved into each other are never lost", arguments: 0..<8)
    func movedFolders(kept: Int) throws {
        try disk.makeFolder("p")
        try disk.makeFolder("p/q")
        try disk.syncFolder("")
        try disk.syncFolder("p")
        try disk.rename("p/q", to: "q")
        try disk.rename("p", to: "q/p")
        let ids = disk.pending.map(\.id)
        disk.losePower { effect in
            kept >> (ids.firstIndex(of: effect.id) ?? 0) & 1 == 1 ? .keep : .drop
        }
        #expect(disk.contents().visible.count == 2)
    }

    @Test("an open file lives on without its name, until the power goes")
    func orphans() throws {
        let file = try disk.file("a", holding: [1])
        try disk.remove("a")
        try disk.syncFolder("")
        try file.put([2], at: 1)
        #expect(try file.get(9, at: 0) == [1, 2])
        #expect(disk.pending.count == 1)
        file.close()
        try disk.syncFolder("")
        #expect(disk.pending == [])
    }

    @Test("what is durable is what a loss leaves that drops all it may")
    func durableContents() throws {
        try disk.file("a", holding: [1])
        let file = try disk.open("a", OpenMode(.mustExist))
        try file.put([2], at: 0)
        try file.putDurably([3], at: 1)
        _ = try disk.open("b", OpenMode(.mustBeNew))
        let durable = disk.contents().durable
        disk.losePower(.drop)
        #expect(disk.contents().visible == durable)
        #expect(disk.contents().durable == durable)
        #expect(disk.bytes(of: "a") == [1, 3])
    }
}
