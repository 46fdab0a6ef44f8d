#if Metrics
    import CoreMetrics
    import EmakiPlatform
    import EmakiWorkflow

    /// What a metric is split by.
    struct MetricLabel: Hashable, Sendable {
        let name: String
        let value: String

        static func type(_ name: String) -> Self { Self(name: "type", value: name) }
        static func outcome(_ word: String) -> Self { Self(name: "outcome", value: word) }
        static func place(_ word: String) -> Self { Self(name: "place", value: word) }

        /// Names of closures are made by code, perhaps with numbers in them: they are one value.
        static func activity(of step: ObservedStep) -> Self {
            Self(name: "activity", value: step.kind == .activity ? step.name : "(step)")
        }
    }

    /// The metrics that were made so far: making one asks the backend, which may take long.
    final class MetricTable: Sendable {
        /// Values of one label; any more are `other`. Names come from code and are few, but nothing
        /// here may grow without bound.
        static let valuesMax = 1_000
        static let otherValue = "other"

        private struct Key: Hashable {
            let name: String
            let labels: [MetricLabel]
        }

        private let factory: any MetricsFactory
        private let lock = Lock()
        // Guarded by `lock`.
        private let counters = Guarded<[Key: Counter]>([:])
        private let timers = Guarded<[Key: Timer]>([:])
        private let meters = Guarded<[Key: Meter]>([:])
        private let values = Guarded<[String: Set<String>]>([:])

        init(_ factory: any MetricsFactory) { self.factory = factory }

        func count(_ name: String, by count: Int = 1, _ labels: [MetricLabel]) {
            if count == 0 { return }
            metric(name, labels, in: counters) {
                Counter(label: $0, dimensions: $1, factory: factory)
            }.increment(by: count)
        }

        func time(_ name: String, _ duration: Duration, _ labels: [MetricLabel]) {
            let (seconds, attoseconds) = duration.components
            let nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            metric(name, labels, in: timers) {
                Timer(label: $0, dimensions: $1, factory: factory)
            }.recordNanoseconds(
                nanoseconds.overflow
                    ? .max : max(0, nanoseconds.partialValue + attoseconds / 1_000_000_000))
        }

        func add(_ name: String, _ change: Double, _ labels: [MetricLabel]) {
            metric(name, labels, in: meters) {
                Meter(label: $0, dimensions: $1, factory: factory)
            }.increment(by: change)
        }

        func record(_ name: String, _ value: Int) {
            metric(name, [], in: meters) {
                Meter(label: $0, dimensions: $1, factory: factory)
            }.set(value)
        }

        private func metric<Metric>(
            _ name: String, _ labels: [MetricLabel], in table: Guarded<[Key: Metric]>,
            _ make: (String, [(String, String)]) -> Metric
        ) -> Metric {
            lock.withLock {
                let key = Key(name: name, labels: labels.map(bounded))
                if let metric = table.value[key] { return metric }
                let metric = make(name, key.labels.map { ($0.name, $0.value) })
                table.value[key] = metric
                return metric
            }
        }

        /// Called with the lock held.
        private func bounded(_ label: MetricLabel) -> MetricLabel {
            if values.value[label.name]?.contains(label.value) == true { return label }
            guard values.value[label.name, default: []].count < Self.valuesMax else {
                return MetricLabel(name: label.name, value: Self.otherValue)
            }
            values.value[label.name, default: []].insert(label.value)
            return label
        }
    }
#endif
