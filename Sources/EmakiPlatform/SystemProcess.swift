#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// This process, as the system sees it.
package enum SystemProcess {
    package static var number: Int32 { SystemCall.processNumber }

    /// Processors that the system has; 1 if it does not say.
    package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Another number after each start of the machine; 0 if the system does not say.
    package static var bootNumber: UInt64 {
        #if os(Linux)
            guard
                let descriptor = try? SystemCall.openDescriptor(
                    "/proc/sys/kernel/random/boot_id", O_RDONLY)
            else { return 0 }
            defer { SystemCall.closeDescriptor(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 64)
            // Safe because the call writes no more bytes than the array has.
            let read = unsafe bytes.withUnsafeMutableBytes {
                unsafe try? SystemCall.readNext(descriptor, into: $0)
            }
            guard case .bytes(let count) = read, count > 0 else { return 0 }
            return Array(bytes.prefix(count)).withRawSpan { StableHash.hash($0) }
        #else
            return 0
        #endif
    }
}
