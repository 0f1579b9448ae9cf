//! Costs of calls: how often each export is called, and the host time that its calls take.
//!
//! Every call is counted, and one in [`TIMED`] is timed, because reading the host's clock takes as
//! long as a short call. The guest can't observe either.

use super::Callee;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use xenia_imports::Library;

/// One call of an export in this many is timed.
const TIMED: u64 = 8;

#[derive(Debug, Default)]
struct CostRow {
    count: AtomicU64,
    timed: AtomicU64,
    nanoseconds: AtomicU64,
}

/// Costs of the calls of a machine.
#[derive(Debug)]
pub struct CallCosts {
    /// By library and ordinal.
    rows: [Vec<CostRow>; Library::ALL.len()],
}

/// Cost of an export's calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCost {
    /// Name of the export.
    pub name: &'static str,
    /// Number of calls.
    pub count: u64,
    /// Host time in the kernel, scaled from the calls that were timed.
    pub time: Duration,
}

/// A call that is timed.
pub(crate) struct TimedCall<'a> {
    row: &'a CostRow,
    since: Instant,
}

impl Drop for TimedCall<'_> {
    fn drop(&mut self) {
        self.row.nanoseconds.fetch_add(self.since.elapsed().as_nanos() as u64, Relaxed);
        self.row.timed.fetch_add(1, Relaxed);
    }
}

impl Default for CallCosts {
    fn default() -> Self {
        let rows = |library: Library| {
            let last = library.rows().last().map_or(0, |row| usize::from(row.ordinal.0));
            std::iter::repeat_with(CostRow::default).take(last + 1).collect()
        };
        Self { rows: Library::ALL.map(rows) }
    }
}

impl CallCosts {
    /// Counts a call, and times one in [`TIMED`].
    pub(crate) fn begin(&self, callee: Callee) -> Option<TimedCall<'_>> {
        let (library, ordinal) = callee.place();
        let row = self.rows[library? as usize].get(usize::from(ordinal.0))?;
        let before = row.count.fetch_add(1, Relaxed);
        before.is_multiple_of(TIMED).then(|| TimedCall { row, since: Instant::now() })
    }

    /// The costs of all exports that were called, the dearest first.
    pub fn all(&self) -> Vec<CallCost> {
        let rows = Library::ALL.iter().flat_map(|&library| {
            let costs = &self.rows[library as usize];
            library
                .rows()
                .iter()
                .filter_map(move |row| Some((row.name, costs.get(usize::from(row.ordinal.0))?)))
        });
        let cost = |(name, row): (&'static str, &CostRow)| {
            let count = row.count.load(Relaxed);
            let timed = row.timed.load(Relaxed).max(1);
            let scaled = u128::from(row.nanoseconds.load(Relaxed)) * u128::from(count) / u128::from(timed);
            CallCost { name, count, time: Duration::from_nanos(u64::try_from(scaled).unwrap_or(u64::MAX)) }
        };
        let mut costs: Vec<_> = rows.map(cost).filter(|cost| cost.count > 0).collect();
        costs.sort_by_key(|cost| (std::cmp::Reverse(cost.time), cost.name));
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_guest::Ordinal;

    #[test]
    fn calls_are_counted_and_their_time_is_scaled() {
        let costs = CallCosts::default();
        let row = &Library::xam.rows()[0];
        let callee = |ordinal| Callee::Missing { library: Some(Library::xam), ordinal };
        for call in 0..2 * TIMED {
            assert_eq!(costs.begin(callee(row.ordinal)).is_some(), call.is_multiple_of(TIMED));
        }
        costs.rows[Library::xam as usize][usize::from(row.ordinal.0)].nanoseconds.store(500, Relaxed);
        assert!(costs.begin(callee(Ordinal(u16::MAX))).is_none(), "an unknown ordinal");
        let expected = CallCost { name: row.name, count: 2 * TIMED, time: Duration::from_nanos(500 * TIMED) };
        assert_eq!(costs.all(), [expected]);
    }
}
