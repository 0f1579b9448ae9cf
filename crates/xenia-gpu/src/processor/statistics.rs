//! Statistics of the command processor, for reports: counts that the guest cannot see.
//!
//! Problems have a limited number of names, as streams are untrusted, and are logged once each.

use std::collections::BTreeMap;

use crate::backend::BackendError;
use crate::named_counters::count_by_name;
use crate::packets;

/// Maximum number of distinct problems; further ones share one counter.
const MAX_PROBLEMS: usize = 64;

/// Counters since the start.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// Stream words read.
    pub words: u64,
    /// Number of type-0 packets.
    pub type0: u64,
    /// Number of type-1 packets.
    pub type1: u64,
    /// Number of filler words (type 2).
    pub type2: u64,
    /// Executed type-3 packets by opcode.
    pub type3: [u64; 128],
    /// Predicated packets skipped because none of their bins was being drawn.
    pub predicated_away: u64,
    /// Packets without a row, by opcode.
    pub unknown: BTreeMap<u8, u64>,
    /// Packets with a row that the processor does not implement, by name.
    pub unsupported: BTreeMap<&'static str, u64>,
    /// Draws passed to the backend.
    pub draws: u64,
    /// Draws left out because their visibility query had found nothing.
    pub hidden_draws: u64,
    /// Draws whose visibility a query needs.
    pub surveys: u64,
    /// Resolves passed to the backend.
    pub resolves: u64,
    /// Number of swaps.
    pub swaps: u64,
    /// Number of vertical blanks.
    pub vblanks: u64,
    /// Interrupts raised by packets.
    pub interrupts: u64,
    /// Number of occurrences of each problem, by description.
    pub problems: BTreeMap<String, u64>,
    /// Number of times that each draw limit was reached (see [`limits`](crate::limits)).
    pub limits: BTreeMap<&'static str, u64>,
}

impl Default for Statistics {
    fn default() -> Self {
        Self {
            words: 0,
            type0: 0,
            type1: 0,
            type2: 0,
            type3: [0; 128],
            predicated_away: 0,
            unknown: BTreeMap::new(),
            unsupported: BTreeMap::new(),
            draws: 0,
            hidden_draws: 0,
            surveys: 0,
            resolves: 0,
            swaps: 0,
            vblanks: 0,
            interrupts: 0,
            problems: BTreeMap::new(),
            limits: BTreeMap::new(),
        }
    }
}

impl Statistics {
    /// Executed type-3 packets by name, in order of opcode.
    pub fn packets(&self) -> Vec<(String, u64)> {
        let counted = self.type3.iter().enumerate().filter(|(_, count)| **count != 0);
        counted
            .map(|(opcode, &count)| {
                let name = packets::row(opcode as u8).map(|row| row.name);
                (name.map_or_else(|| format!("unknown {opcode:#04x}"), str::to_owned), count)
            })
            .collect()
    }

    /// Number of packets of all types.
    pub fn total_packets(&self) -> u64 {
        self.type0 + self.type1 + self.type2 + self.type3.iter().sum::<u64>() + self.predicated_away
    }

    /// Counts an error of the backend.
    pub(super) fn count_error(&mut self, error: &BackendError) {
        if let BackendError::Limit(name) = error {
            *self.limits.entry(name).or_default() += 1;
        }
        self.count_problem(&error.to_string());
    }

    /// Counts a problem, and logs the first one of each counter.
    pub(super) fn count_problem(&mut self, problem: &str) {
        if self.add_problem(problem) {
            tracing::warn!(target: "gpu", problem, "first time");
        }
    }

    /// Counts a problem; returns whether its counter is new.
    fn add_problem(&mut self, problem: &str) -> bool {
        count_by_name(&mut self.problems, problem, MAX_PROBLEMS).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_are_limited_and_reported_as_new_once() {
        let mut statistics = Statistics::default();
        let problems = (0..MAX_PROBLEMS + 9).chain(0..MAX_PROBLEMS + 9);
        let new = problems.filter(|problem| statistics.add_problem(&problem.to_string())).count();
        assert_eq!((new, statistics.problems.len()), (MAX_PROBLEMS + 1, MAX_PROBLEMS + 1));
        assert_eq!((statistics.problems["0"], statistics.problems["others"]), (2, 18));
    }
}
