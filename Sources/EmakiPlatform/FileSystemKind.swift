/// What the kind of a file system means for a log.
struct FileSystemKind: Equatable {
    var name: String
    /// Only where it is known: a recycled segment depends on it.
    var overwritesInPlace: Bool

    /// `number` is what Linux's `statfs` calls the type; nil on other platforms.
    init(number: Int64?) {
        guard let number else {
            // Apple's file systems copy on write as soon as a file was cloned.
            self.init("unknown", inPlace: false)
            return
        }
        switch number {
        case 0xEF53: self.init("ext4", inPlace: true)
        case 0x5846_5342: self.init("xfs", inPlace: true)
        case 0x9123_683E: self.init("btrfs", inPlace: false)
        case 0x2FC1_2FC1: self.init("zfs", inPlace: false)
        case 0xCA45_1A4E: self.init("bcachefs", inPlace: false)
        case 0xF2F5_2010: self.init("f2fs", inPlace: false)
        case 0x794C_7630: self.init("overlay", inPlace: false)
        case 0x0102_1994: self.init("tmpfs", inPlace: true)
        case 0x8584_58F6: self.init("ramfs", inPlace: true)
        case 0x6969: self.init("nfs", inPlace: false)
        case 0xFF53_4D42: self.init("cifs", inPlace: false)
        case 0xFE53_4D42: self.init("smb2", inPlace: false)
        case 0x6573_5546: self.init("fuse", inPlace: false)
        case 0x0102_1997: self.init("9p", inPlace: false)
        case 0x00C3_6400: self.init("ceph", inPlace: false)
        case 0x4D44: self.init("vfat", inPlace: true)
        case 0x2011_BAB0: self.init("exfat", inPlace: true)
        default: self.init("unknown (0x\(String(number, radix: 16)))", inPlace: false)
        }
    }

    private init(_ name: String, inPlace: Bool) {
        self.name = name
        overwritesInPlace = inPlace
    }

    /// Whether a sync on it cannot be believed: memory, or a network that answers for a disk.
    static func isUnsafe(named name: String) -> Bool {
        ["tmpfs", "ramfs", "nfs", "cifs", "smb2", "fuse", "9p", "ceph"].contains(name)
    }
}
