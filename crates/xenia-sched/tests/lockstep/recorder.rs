//! A recorder of the `metrics` facade that adds up counters.

use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The reported values of one counter.
#[derive(Default)]
struct Said {
    total: u64,
    is_incremented: bool,
    descriptions: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Totals(Arc<Mutex<BTreeMap<String, Said>>>);

impl Totals {
    /// Total of a counter, which must have been incremented.
    pub(crate) fn get(&self, name: &str) -> u64 {
        let said = self.0.lock().unwrap();
        let said = said.get(name).unwrap_or_else(|| panic!("nothing was said of {name}"));
        assert!(said.is_incremented, "{name}");
        said.total
    }

    pub(crate) fn is_each_described_once(&self) -> bool {
        let said = self.0.lock().unwrap();
        !said.is_empty()
            && said.values().all(|said| matches!(&said.descriptions[..], [one] if !one.is_empty()))
    }
}

struct One {
    name: String,
    totals: Totals,
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        let mut totals = self.totals.0.lock().unwrap();
        let said = totals.entry(self.name.clone()).or_default();
        said.total += value;
        said.is_incremented = true;
    }

    fn absolute(&self, _: u64) {
        panic!("several machines in one process would overwrite each other's totals");
    }
}

impl Recorder for Totals {
    fn describe_counter(&self, key: KeyName, _: Option<Unit>, description: SharedString) {
        let mut totals = self.0.lock().unwrap();
        totals.entry(key.as_str().to_owned()).or_default().descriptions.push(description.into_owned());
    }

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(One { name: key.name().to_owned(), totals: self.clone() }))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
