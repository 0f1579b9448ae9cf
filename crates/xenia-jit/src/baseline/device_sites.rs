//! Device sites: guest instructions that access device registers often.
//!
//! Through the guest view, each such access is a host fault. The baseline tier calls the
//! interpreter's arm for these instructions, and the code of the optimizing tier ends in front of
//! them. They are found by the fault handler ([`xenia_memory::DeviceQueue::take_device_site`]),
//! whose counts decide when code changes, and never its results.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Limit of device sites. The accesses of others stay host faults.
const MAX_DEVICE_SITES: usize = 1000;

/// A set of guest addresses. Copies are cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeviceSites(Arc<BTreeSet<u32>>);

impl DeviceSites {
    /// Adds the instruction at `pc`. Returns whether the set has it now.
    pub(super) fn add(&mut self, pc: u32) -> bool {
        let has_it = self.contains(pc);
        if has_it || self.0.len() >= MAX_DEVICE_SITES {
            return has_it;
        }
        Arc::make_mut(&mut self.0).insert(pc)
    }

    /// Keeps the sites that `is_kept` accepts.
    pub(super) fn retain(&mut self, is_kept: impl Fn(u32) -> bool) {
        if !self.0.is_empty() {
            Arc::make_mut(&mut self.0).retain(|&pc| is_kept(pc));
        }
    }

    /// Whether the instruction at `pc` is a device site.
    pub(crate) fn contains(&self, pc: u32) -> bool {
        self.0.contains(&pc)
    }

    /// The first device site in a range of addresses.
    pub(super) fn first_in(&self, pcs: Range<u32>) -> Option<u32> {
        if self.0.is_empty() || pcs.is_empty() { None } else { self.0.range(pcs).next().copied() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_set_keeps_its_sites_and_takes_no_others() {
        let mut sites = DeviceSites::default();
        let all = 0x8200_0000..0x8200_0000 + 4 * MAX_DEVICE_SITES as u32;
        let before = sites.clone();
        assert!(all.clone().step_by(4).all(|pc| sites.add(pc)));
        assert!(sites.add(all.start) && !sites.add(all.end));
        assert!(sites.first_in(all.end..all.end + 8).is_none() && before.first_in(all.clone()).is_none());
        assert_eq!(sites.first_in(all.start + 1..all.end), Some(all.start + 4));
        sites.retain(|pc| pc == all.start);
        assert!(sites.contains(all.start) && sites.first_in(all.start + 1..all.end).is_none());
        assert!(sites.add(all.end));
    }
}
