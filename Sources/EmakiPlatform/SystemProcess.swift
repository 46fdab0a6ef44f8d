/// This process, as the system sees it.
package enum SystemProcess {
    package static var number: Int32 { SystemCall.processNumber }
}
