import CEmaki

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Threads of the operating system, for work that blocks and so must stay off Swift's pool.
package enum SystemThread {
    /// What the new thread needs, carried through a C pointer.
    private final class Job: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Runs the body on a new thread that nobody waits for.
    ///
    /// Nonisolated, and so is the closure that becomes the thread: one that is written in code of
    /// an actor is taken to be the actor's, and traps when it runs elsewhere.
    package nonisolated static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        // Safe because the reference is handed over once, and taken once by the new thread.
        let job = unsafe Unmanaged.passRetained(Job(name: name, body: body)).toOpaque()
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        // Safe because the job stays alive until the new thread has taken it.
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                unsafe SystemThread.runJob(argument)
                return nil
            }, job)
        precondition(code == 0, "the system can start a thread: \(systemMessage(code))")
        #if canImport(Darwin)
            if let thread = unsafe thread { unsafe pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }

    /// Runs a blocking body on a new thread while the calling task is suspended.
    package static func offload<R: Sendable, E: Error>(
        name: String, _ body: @escaping @Sendable () throws(E) -> R
    ) async throws(E) -> R {
        // Safe because the continuation is resumed exactly once, by the last act of the thread.
        let result = await unsafe withUnsafeContinuation {
            (continuation: UnsafeContinuation<Result<R, E>, Never>) in
            start(name: name) {
                do throws(E) {
                    unsafe continuation.resume(returning: .success(try body()))
                } catch {
                    unsafe continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// A number that no other living thread has.
    static var currentNumber: UInt {
        #if canImport(Darwin)
            // Safe because the pointer is only used as a number.
            unsafe UInt(bitPattern: pthread_self())
        #else
            UInt(pthread_self())
        #endif
    }

    private static func runJob(_ argument: UnsafeMutableRawPointer?) {
        guard let argument = unsafe argument else { return }
        // Safe because this is the pointer that `start` made, and it is taken once.
        let job = unsafe Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
        // Safe because the name lives through the call and is only read.
        unsafe emaki_name_thread(job.name)
        job.body()
    }
}
