//! A recorder of metrics that keeps their sums.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// What was recorded, by `name{label=value}`; of histograms, how often.
#[derive(Clone, Default)]
pub(super) struct Sums(Arc<Mutex<BTreeMap<String, i64>>>);

impl Sums {
    pub(super) fn all(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.0.lock().unwrap()
    }

    /// 0 if nothing was recorded.
    pub(super) fn of(&self, key: &str) -> i64 {
        self.all().get(key).copied().unwrap_or(0)
    }

    /// All that is not 0 of what begins so.
    pub(super) fn beginning(&self, name: &str) -> Vec<(String, i64)> {
        let all = self.all();
        let found = all
            .iter()
            .filter(|(key, sum)| key.starts_with(name) && **sum != 0);
        found.map(|(key, sum)| (key.clone(), *sum)).collect()
    }

    fn cell(&self, key: &Key) -> Arc<Cell> {
        let labels: Vec<String> = key
            .labels()
            .map(|label| format!("{}={}", label.key(), label.value()))
            .collect();
        let name = if labels.is_empty() {
            key.name().to_owned()
        } else {
            format!("{}{{{}}}", key.name(), labels.join(","))
        };
        let sums = self.clone();
        Arc::new(Cell { sums, name })
    }
}

struct Cell {
    sums: Sums,
    name: String,
}

impl Cell {
    fn add(&self, value: i64) {
        *self.sums.all().entry(self.name.clone()).or_default() += value;
    }
}

impl CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.add(value.try_into().unwrap());
    }

    fn absolute(&self, _value: u64) {
        unreachable!("counters are only incremented");
    }
}

impl GaugeFn for Cell {
    #[expect(clippy::cast_possible_truncation, reason = "it is 1")]
    fn increment(&self, value: f64) {
        self.add(value as i64);
    }

    #[expect(clippy::cast_possible_truncation, reason = "it is 1")]
    fn decrement(&self, value: f64) {
        self.add(-(value as i64));
    }

    fn set(&self, _value: f64) {
        unreachable!("the gauge goes up and down");
    }
}

impl HistogramFn for Cell {
    fn record(&self, _value: f64) {
        self.add(1);
    }
}

impl Recorder for Sums {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.cell(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(key))
    }
}
