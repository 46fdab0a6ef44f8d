import EmakiPlatform
import Glibc
import Testing

@Suite("The operating system's folders and names")
struct PosixFileSystemTests {
    let folder: TemporaryFolder
    var files: PosixFileSystem { folder.files }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("a file that must exist and does not is reported as not found")
    func missingFile() {
        let error = #expect(throws: DiskError.self) {
            try files.open("nothing", OpenMode(.mustExist))
        }
        #expect(error?.isNotFound == true)
        #expect(error?.operation == .open)
    }

    @Test("a file that must be new and is not is reported as existing")
    func existingFile() throws {
        _ = try files.open("one", OpenMode(.mustBeNew))
        let error = #expect(throws: DiskError.self) {
            try files.open("one", OpenMode(.mustBeNew))
        }
        #expect(error?.isExists == true)
        _ = try files.open("one", OpenMode(.createIfMissing))
    }

    @Test("a link is a second name for one file, below another root, and never replaces anything")
    func linking() throws {
        let other = try TemporaryFolder()
        let file = try files.open("one", OpenMode(.mustBeNew))
        try [UInt8]([1, 2, 3]).withRawSpan { (bytes) throws(DiskError) in
            try file.write(bytes, at: 0)
        }
        try files.link("one", to: "two", in: other.files)
        try files.remove("one")
        #expect(try other.files.open("two", OpenMode(.mustExist)).byteCount() == 3)
        _ = try files.open("three", OpenMode(.mustBeNew))
        let taken = #expect(throws: DiskError.self) {
            try files.link("three", to: "two", in: other.files)
        }
        #expect(taken?.isExists == true && taken?.operation == .link)
        let missing = #expect(throws: DiskError.self) {
            try files.link("one", to: "four", in: other.files)
        }
        #expect(missing?.isNotFound == true)
        // A disk of another kind is none that can be linked to.
        let foreign = FailingFileSystem(files, writeCountMax: 0)
        #expect(throws: DiskError.self) { try files.link("three", to: "five", in: foreign) }
        #expect(throws: DiskError.self) { try foreign.link("three", to: "five", in: files) }
        #expect(try other.files.list("") == ["two"])
    }

    @Test("new files are for their owner alone")
    func fileMode() throws {
        _ = try files.open("one", OpenMode(.mustBeNew))
        try files.makeFolder("two")
        var status = stat()
        // Safe because the paths live through the calls and `status` is a whole `stat`.
        #expect(unsafe stat(folder.path + "/one", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        #expect(unsafe stat(folder.path + "/two", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
    }

    @Test("a folder is not opened as a file, neither for writing nor for reading")
    func folderAsFile() throws {
        try files.makeFolder("folder")
        for isWritable in [true, false] {
            let error = #expect(throws: DiskError.self) {
                try files.open("folder", OpenMode(.mustExist, writable: isWritable))
            }
            #expect(error?.code == EISDIR)
        }
    }

    @Test("a path through a file is not a folder")
    func pathThroughFile() throws {
        _ = try files.open("file", OpenMode(.mustBeNew))
        let error = #expect(throws: DiskError.self) { try files.list("file") }
        #expect(error?.isNotAFolder == true)
        let kindError = #expect(throws: DiskError.self) { try files.kind(of: "file/inside") }
        #expect(kindError?.isNotAFolder == true)
    }

    @Test("writing to a file that was opened for reading is refused")
    func readOnlyFile() throws {
        _ = try files.open("file", OpenMode(.mustBeNew))
        let file = try files.open("file", OpenMode(.mustExist, writable: false))
        let error = #expect(throws: DiskError.self) { try file.writeArray([1], at: 0) }
        #expect(error == DiskError(.write, EBADF))
    }

    @Test("a folder without permission is reported so", .enabled(if: geteuid() != 0))
    func noPermission() throws {
        try files.makeFolder("closed")
        // Safe because the path lives through the call.
        #expect(unsafe chmod(folder.path + "/closed", 0) == 0)
        let error = #expect(throws: DiskError.self) {
            try files.open("closed/file", OpenMode(.mustBeNew))
        }
        #expect(error?.isNoPermission == true)
        #expect(unsafe chmod(folder.path + "/closed", 0o700) == 0)
    }

    @Test("names are listed in the order of their bytes, without the two dots")
    func listing() throws {
        for name in ["b", "a", "Z", "é", "10", "9"] {
            _ = try files.open(name, OpenMode(.mustBeNew))
        }
        #expect(try files.list("") == ["10", "9", "Z", "a", "b", "é"])
        let error = #expect(throws: DiskError.self) { try files.list("nowhere") }
        #expect(error == DiskError(.list, ENOENT))
    }

    @Test("what is at a path is told apart")
    func kinds() throws {
        try files.makeFolder("folder")
        _ = try files.open("file", OpenMode(.mustBeNew))
        // Safe because the path lives through the call.
        #expect(unsafe mkfifo(folder.path + "/pipe", 0o600) == 0)
        #expect(try files.kind(of: "folder") == .folder)
        #expect(try files.kind(of: "file") == .file)
        #expect(try files.kind(of: "pipe") == .other)
        #expect(try files.kind(of: "nothing") == nil)
        #expect(try files.kind(of: "") == .folder)
    }

    @Test("making a folder twice, or below nothing, is refused")
    func makingFolders() throws {
        try files.makeFolder("folder")
        let twice = #expect(throws: DiskError.self) { try files.makeFolder("folder") }
        #expect(twice?.isExists == true)
        let below = #expect(throws: DiskError.self) { try files.makeFolder("no/folder") }
        #expect(below?.isNotFound == true)
    }

    @Test("a rename replaces its target")
    func renaming() throws {
        try files.open("old", OpenMode(.mustBeNew)).writeArray([1], at: 0)
        try files.open("new", OpenMode(.mustBeNew)).writeArray([2, 3], at: 0)
        try files.rename("old", to: "new")
        try files.syncFolder("")
        #expect(try files.list("") == ["new"])
        #expect(try files.open("new", OpenMode(.mustExist)).readArray(9, at: 0) == [1])
        let error = #expect(throws: DiskError.self) { try files.rename("old", to: "new") }
        #expect(error == DiskError(.rename, ENOENT))
    }

    @Test("removing works once, on files and on empty folders")
    func removing() throws {
        try files.makeFolder("folder")
        _ = try files.open("folder/file", OpenMode(.mustBeNew))
        let full = #expect(throws: DiskError.self) { try files.remove("folder") }
        #expect(full?.operation == .remove)
        try files.remove("folder/file")
        try files.remove("folder")
        let error = #expect(throws: DiskError.self) { try files.remove("folder") }
        #expect(error?.isNotFound == true)
    }

    @Test("a file cannot be synced as a folder")
    func syncingFileAsFolder() throws {
        _ = try files.open("file", OpenMode(.mustBeNew))
        let error = #expect(throws: DiskError.self) { try files.syncFolder("file") }
        #expect(error == DiskError(.syncFolder, ENOTDIR))
    }

    @Test("the traits are powers of two and plausible")
    func traits() throws {
        let traits = try files.traits()
        for bytes in [
            traits.logicalBlockBytes, traits.physicalBlockBytes, traits.fileSystemBlockBytes,
        ] {
            #expect(bytes >= 512 && bytes.nonzeroBitCount == 1)
        }
        #expect(traits.physicalBlockBytes >= traits.logicalBlockBytes)
        #expect(traits.freeBytes > 0)
        #expect(!traits.fileSystemName.isEmpty)
        #expect(try files.list("") == [], "the survey leaves nothing behind")
        let error = #expect(throws: DiskError.self) {
            try PosixFileSystem(root: folder.path + "/nowhere").traits()
        }
        #expect(error == DiskError(.traits, ENOENT))
    }

    @Test("a folder is exempt from copying on write only if its flags say so afterwards")
    func copyOnWrite() throws {
        try files.makeFolder("wal")
        let isStopped = files.avoidCopyOnWrite(in: "wal")
        let name = try files.traits().fileSystemName
        // Known not to have the flag; others may or may not.
        if ["ext4", "xfs", "tmpfs"].contains(name) { #expect(!isStopped) }
        if name == "btrfs" { #expect(isStopped) }
        #expect(files.avoidCopyOnWrite(in: "wal") == isStopped, "asking again changes nothing")
        #expect(!files.avoidCopyOnWrite(in: "nowhere"), "what is not there refuses too")
        #expect(try files.list("wal") == [])
    }

    @Test("an error tells people what failed and why")
    func errorText() {
        let text = "\(DiskError(.write, ENOSPC))"
        #expect(text == "write: No space left on device (28)")
    }
}
