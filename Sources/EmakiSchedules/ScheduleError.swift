/// Why a schedule makes no sense. Nothing was changed.
public enum ScheduleError: Error, Sendable, Hashable {
    /// Of a field, and why. Change it.
    case invalid(field: String, String)
}

extension ScheduleError: CustomStringConvertible {
    /// The field and the reason.
    public var description: String {
        switch self {
        case .invalid(let field, let reason): "\(field): \(reason)"
        }
    }
}
