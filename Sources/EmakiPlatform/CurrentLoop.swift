import CEmaki

/// Which loop the calling thread is running, so that a loop knows its own thread without a lock.
package enum CurrentLoop {
    /// 0: none.
    package static var id: UInt64 {
        get { emaki_loop_id() }
        set { emaki_set_loop_id(newValue) }
    }
}
