import EmakiPlatform

/// What a simulated disk is like.
package struct SimulatedTraits: Sendable, Equatable {
    /// What a device writes whole or not at all, and the unit of a tear.
    package static let sectorBytes = 512

    package var physicalBlockBytes = 512
    /// Direct I/O must be aligned to this.
    package var logicalBlockBytes = 512
    package var fileSystemBlockBytes = 4096
    package var supportsDirect = true
    /// Nil: never full.
    package var capacityBytes: Int?
    /// Longer files are refused, as every file system does somewhere.
    package var fileBytesMax = 1 << 30
    /// The others are refused, as on a platform that does not have them.
    package var syncMethods: Set<SyncMethod> = [.direct, .dataSync]

    package init() {}

    func diskTraits(capacityBytes: Int?, usedBytes: Int) -> DiskTraits {
        DiskTraits(
            physicalBlockBytes: physicalBlockBytes, logicalBlockBytes: logicalBlockBytes,
            fileSystemBlockBytes: fileSystemBlockBytes, fileSystemName: "simulated",
            overwritesInPlace: true, hasVolatileCache: true, supportsDirect: supportsDirect,
            freeBytes: max(0, (capacityBytes ?? 1 << 40) - usedBytes))
    }
}
