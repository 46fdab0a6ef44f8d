/// What goes wrong with the disk while the power stays.
extension Driver {
    var hasFaults: Bool { false }

    func setFaults(_ fault: FaultShape) {}
}
