//! Budget of host mappings for the guest views.
//!
//! The host limits a process to `vm.max_map_count` mappings. Each change of rights inside a view
//! may split a mapping, and a process that runs out cannot even map memory for its allocator or
//! start a thread. So all views together keep to a budget: as it fills, watches become coarser, and
//! before it is used up they are refused (the page's contents then have to be compared). Once it is
//! used up, no change of rights is made that adds a mapping.
//!
//! The count is an estimate: neighbouring pages may change at the same time. From time to time the
//! page table is counted exactly, under the heap lock.

use std::sync::atomic::{AtomicI64, Ordering::*};
use xenia_host::section::mapping_limit;

/// Estimated mappings of all guest views of the process.
static IN_USE: AtomicI64 = AtomicI64::new(0);

/// From here on, in percent of the limit, watches cover blocks of 16 pages.
const COARSER_FROM: i64 = 50;
/// From here on, in percent of the limit, watches cover blocks of [`MAX_GRAIN`] pages.
const COARSEST_FROM: i64 = 70;
/// From here on, in percent of the limit, new watches are refused.
const REFUSES_FROM: i64 = 85;
/// From here on, in percent of the limit, the budget is used up.
const USED_UP_FROM: i64 = 95;
/// The estimate is counted again once it has grown by the limit divided by this.
const RECOUNT_DIVISOR: i64 = 32;

/// Minimum number of pages that a watch or the end of a watch covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    Page,
    Pages16,
    Pages256,
    /// No new watches. Those that end still open as many pages as with [`Self::Pages256`].
    Refuse,
}

impl Grain {
    /// Size of the aligned blocks of backing pages that are treated as one when a watch ends.
    pub(crate) fn pages(self) -> u32 {
        match self {
            Self::Page => 1,
            Self::Pages16 => 16,
            Self::Pages256 | Self::Refuse => MAX_GRAIN,
        }
    }
}

/// Largest number of pages in a block that is watched, or opened, as one.
pub(crate) const MAX_GRAIN: u32 = 256;

/// One address space's share of the budget.
pub(crate) struct MapBudget {
    /// Mappings that the host allows the process.
    limit: i64,
    /// Estimated mappings of this address space.
    own: AtomicI64,
    /// Value of `own` right after the last exact count.
    counted: AtomicI64,
}

impl MapBudget {
    /// A budget of `limit` mappings; `None`: of the host's limit.
    pub(crate) fn new(limit: Option<u32>) -> Self {
        let limit = limit.unwrap_or_else(mapping_limit);
        Self { limit: i64::from(limit), own: AtomicI64::new(0), counted: AtomicI64::new(0) }
    }

    /// Adds mappings to the estimate, or takes some away. Async-signal-safe.
    pub(crate) fn add(&self, mappings: i32) {
        self.own.fetch_add(i64::from(mappings), Relaxed);
        IN_USE.fetch_add(i64::from(mappings), Relaxed);
    }

    /// The current granularity of changes. Async-signal-safe.
    pub(crate) fn grain(&self) -> Grain {
        match self.percent_in_use() {
            ..COARSER_FROM => Grain::Page,
            COARSER_FROM..COARSEST_FROM => Grain::Pages16,
            COARSEST_FROM..REFUSES_FROM => Grain::Pages256,
            _ => Grain::Refuse,
        }
    }

    /// Whether the views must add no mapping: the rest is for the process's threads, allocators and
    /// files. Async-signal-safe.
    pub(crate) fn is_used_up(&self) -> bool {
        self.percent_in_use() >= USED_UP_FROM
    }

    /// The mappings of all address spaces, in percent of this one's limit. Async-signal-safe.
    fn percent_in_use(&self) -> i64 {
        IN_USE.load(Relaxed) * 100 / self.limit.max(1)
    }

    /// Whether the estimate has grown noticeably since the last count.
    pub(crate) fn has_grown(&self) -> bool {
        self.own.load(Relaxed) - self.counted.load(Relaxed) > self.limit / RECOUNT_DIVISOR
    }

    /// Whether an exact count is worthwhile: the estimate already requires coarser changes, and has
    /// grown.
    pub(crate) fn needs_count(&self) -> bool {
        self.grain() != Grain::Page && self.has_grown()
    }

    /// Replaces the estimate by an exact count.
    pub(crate) fn set(&self, mappings: u32) {
        let new = i64::from(mappings);
        let old = self.own.swap(new, Relaxed);
        // By the difference, since the sum is that of all address spaces.
        IN_USE.fetch_add(new - old, Relaxed);
        self.counted.store(new, Relaxed);
    }
}

impl Drop for MapBudget {
    fn drop(&mut self) {
        IN_USE.fetch_sub(self.own.load(Relaxed), Relaxed);
    }
}
