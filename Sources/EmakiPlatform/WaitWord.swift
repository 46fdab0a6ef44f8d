import CEmaki
import Synchronization

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A number that threads sleep on until it changes: how an idle loop costs nothing and wakes in a
/// few microseconds.
///
/// The sleeper reads `value`, looks for work, and waits while the number is still the one it read;
/// the waker makes work visible, bumps, then wakes. A bump between the look and the wait makes the
/// wait return at once, so no wake-up is lost. What was written before a bump is visible to
/// whoever saw the bumped number.
#if os(Linux)
    @safe package final class WaitWord: @unchecked Sendable {
        /// A cache line of its own, and the one that the CPU fetches along with it.
        private static let lineBytes = 128
        private let word: UnsafeMutablePointer<Atomic<UInt32>>

        package init() {
            // Safe because the memory is fresh, large enough, and initialised here.
            let raw = UnsafeMutableRawPointer.allocate(
                byteCount: Self.lineBytes, alignment: Self.lineBytes)
            unsafe word = unsafe raw.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
            unsafe word.initialize(to: Atomic(0))
        }

        deinit {
            // Safe because a sleeper holds a reference, so there is none.
            unsafe word.deinitialize(count: 1)
            unsafe word.deallocate()
        }

        package var value: UInt32 {
            // Safe because the word lives as long as `self`.
            unsafe word.pointee.load(ordering: .acquiring)
        }

        package func bump() {
            // Safe because the word lives as long as `self`.
            unsafe word.pointee.wrappingAdd(1, ordering: .releasing)
        }

        package func wait(while seen: UInt32) {
            while value == seen { sleepOnce(while: seen, nanoseconds: -1) }
        }

        /// - Returns: false if the time ran out first.
        package func wait(while seen: UInt32, nanoseconds: Int64) -> Bool {
            let start = SystemClock.monotonicNanoseconds()
            while value == seen {
                let rest = nanoseconds - (SystemClock.monotonicNanoseconds() - start)
                if rest <= 0 { return false }
                sleepOnce(while: seen, nanoseconds: rest)
            }
            return true
        }

        package func wakeOne() { wake(1) }

        package func wakeAll() { wake(.max) }

        /// May return early for any reason: the callers look at the word again.
        private func sleepOnce(while seen: UInt32, nanoseconds: Int64) {
            // Safe because an atomic number has the layout of the number and outlives the call.
            unsafe _ = emaki_futex_wait(futexWord, seen, nanoseconds)
        }

        private func wake(_ count: Int32) {
            // Safe because the address is only used as a name.
            unsafe emaki_futex_wake(futexWord, count)
        }

        private var futexWord: UnsafeMutablePointer<UInt32> {
            // Safe because an atomic number has the layout of the number.
            unsafe UnsafeMutableRawPointer(word).assumingMemoryBound(to: UInt32.self)
        }
    }
#else
    @safe package final class WaitWord: @unchecked Sendable {
        private let number = Atomic<UInt32>(0)
        private let mutex: UnsafeMutablePointer<pthread_mutex_t>
        private let condition: UnsafeMutablePointer<pthread_cond_t>

        package init() {
            // Safe because the memory is initialised by the system before its first use.
            unsafe mutex = .allocate(capacity: 1)
            unsafe condition = .allocate(capacity: 1)
            unsafe mutex.initialize(to: pthread_mutex_t())
            unsafe condition.initialize(to: pthread_cond_t())
            let mutexCode = unsafe pthread_mutex_init(mutex, nil)
            let conditionCode = unsafe pthread_cond_init(condition, nil)
            precondition(mutexCode == 0 && conditionCode == 0, "defaults can always be made")
        }

        deinit {
            // Safe because a sleeper holds a reference, so there is none.
            unsafe pthread_cond_destroy(condition)
            unsafe pthread_mutex_destroy(mutex)
            unsafe condition.deallocate()
            unsafe mutex.deallocate()
        }

        package var value: UInt32 { number.load(ordering: .acquiring) }

        package func bump() { number.wrappingAdd(1, ordering: .releasing) }

        package func wait(while seen: UInt32) { _ = sleep(while: seen, until: nil) }

        /// - Returns: false if the time ran out first.
        package func wait(while seen: UInt32, nanoseconds: Int64) -> Bool {
            sleep(while: seen, until: SystemClock.monotonicNanoseconds() + nanoseconds)
        }

        package func wakeOne() {
            // Safe because both live as long as `self`. The mutex orders this after the sleeper's
            // look at the number.
            unsafe pthread_mutex_lock(mutex)
            unsafe pthread_cond_signal(condition)
            unsafe pthread_mutex_unlock(mutex)
        }

        package func wakeAll() {
            // Safe because both live as long as `self`.
            unsafe pthread_mutex_lock(mutex)
            unsafe pthread_cond_broadcast(condition)
            unsafe pthread_mutex_unlock(mutex)
        }

        private func sleep(while seen: UInt32, until deadline: Int64?) -> Bool {
            // Safe because both live as long as `self`.
            unsafe pthread_mutex_lock(mutex)
            defer { unsafe pthread_mutex_unlock(mutex) }
            while value == seen {
                guard let deadline else {
                    unsafe pthread_cond_wait(condition, mutex)
                    continue
                }
                let rest = deadline - SystemClock.monotonicNanoseconds()
                if rest <= 0 { return false }
                var limit = timespec(
                    tv_sec: Int(rest / 1_000_000_000), tv_nsec: Int(rest % 1_000_000_000))
                unsafe pthread_cond_timedwait_relative_np(condition, mutex, &limit)
            }
            return true
        }
    }
#endif
