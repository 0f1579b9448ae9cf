//! Stub of the baseline tier's entry, for processors without a baseline tier.
//!
//! No value of [`super::Baseline`] exists there ([`crate::arch::HAS_BASELINE`]), so
//! nothing here is called.

use super::map::BaselineWord;
use super::reason::Reason;
use super::services::BaselineRun;
use super::templates::HostFeatures;
use xenia_cpu::PpcContext;
use xenia_memory::{Action, HostFault};

/// Host features that the scan of functions assumes.
pub(super) fn host_features() -> HostFeatures {
    HostFeatures { movbe: true, lzcnt: true, bmi: true, fma: true, segment: false }
}

/// Thunks whose addresses words of the context hold.
pub(super) const THUNKS: [(BaselineWord, fn()); 0] = [];

pub(super) fn missing_address() -> u64 {
    0
}

pub(super) fn enter(_: &mut PpcContext, _: &mut BaselineRun<'_, '_>, _: u64) -> Reason {
    unreachable!("no baseline code was made")
}

pub(super) fn prepare_float() {
    unreachable!("no baseline code was made")
}

pub(super) fn run_float_row() {
    unreachable!("no baseline code was made")
}

/// The fault is not of baseline code.
pub(super) fn on_fault(_: &mut HostFault) -> Action {
    Action::NotMine
}
