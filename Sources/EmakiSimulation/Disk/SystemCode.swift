#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system's error numbers that a simulated disk answers with, and that a fault may choose.
package enum SystemCode {
    package static let notFound = ENOENT
    package static let inputOutput = EIO
    package static let badFile = EBADF
    package static let tryAgain = EAGAIN
    package static let wouldBlock = EWOULDBLOCK
    package static let interrupted = EINTR
    package static let noPermission = EACCES
    package static let busy = EBUSY
    package static let exists = EEXIST
    package static let notAFolder = ENOTDIR
    package static let isAFolder = EISDIR
    package static let invalid = EINVAL
    package static let tooManyFiles = EMFILE
    package static let tooLarge = EFBIG
    package static let noSpace = ENOSPC
    package static let readOnly = EROFS
    package static let nameTooLong = ENAMETOOLONG
    package static let notEmpty = ENOTEMPTY
    package static let notSupported = EOPNOTSUPP
    /// The machine has no power, or lost it since this file was opened.
    package static let powerLoss = ENODEV
}
