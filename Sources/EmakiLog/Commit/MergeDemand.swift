/// Who waits for merges, and what follows from it: a pure value.
struct MergeDemand {
    /// Somebody waits until all that is there is merged.
    var isOfAll: Bool
    /// Somebody waits until a file is written again.
    var isOfOne: Bool

    var isAny: Bool { isOfAll || isOfOne }

    /// For what is merged without being asked for, and gives nothing back, the reserve is not
    /// there: it would go for nothing that anybody has need of.
    func drawsOnReserve(givesSpaceBack: Bool) -> Bool { isAny || givesSpaceBack }

    /// There is nothing that can be merged, and somebody wanted more. A file that is there and
    /// cannot be written again is none that this can go on with.
    func isStuck(lacksRoom: Bool) -> Bool { isOfOne || lacksRoom }

    /// A merge that failed.
    struct Failure {
        var isForWantOfRoom: Bool
        var inputCount: Int
        /// Somebody waits until one of its inputs is written again.
        var isOfWanted: Bool
        var drewOnReserve: Bool
    }

    /// Whether to go on with another merge, rather than tell those who wait that this one failed.
    func goesOn(after failure: Failure) -> Bool {
        guard isOfAll else {
            // Who waits for another file has no part in it.
            return isOfOne && !failure.isOfWanted
        }
        // There may be room for fewer of them, or in the reserve for who came meanwhile.
        return failure.isForWantOfRoom
            && (failure.inputCount > 1 || !failure.drewOnReserve || !failure.isOfWanted)
    }
}
