import EmakiPlatform

/// A segment file in use, with its bytes in memory.
///
/// Frames are built in the image where they will be on disk, written from it, and read from it: an
/// event is copied once, from the caller. Bytes below the durable end never change while the
/// segment lives, so readers need no lock for them; a reader that holds the image keeps its memory.
package final class Segment: Sendable {
    let identity: SegmentIdentity
    let fileIndex: UInt32
    let file: any File
    let image: PageMemory

    init(identity: SegmentIdentity, fileIndex: UInt32, file: any File, image: PageMemory) {
        self.identity = identity
        self.fileIndex = fileIndex
        self.file = file
        self.image = image
    }

    var number: UInt64 { identity.number }
    var path: String { Manifest.path(ofFile: fileIndex) }
}
