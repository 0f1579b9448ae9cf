//! Device sites: instructions of compiled code that access device registers often.
//!
//! Each such access is a host fault of some 2 µs, so an engine that can make the accesses itself
//! asks for the instructions that make many ([`crate::GuestMemory::refuse_device_sites`]). Counts
//! depend on the accesses of compiled code only, and have no effect on their results: a refused
//! access has not been made.

use super::DeviceQueue;
use crate::error::AccessKind;

/// Accesses of a host instruction that the fault handler emulates before it refuses one.
const MAX_EMULATED: u32 = 16;
/// Limit of host instructions whose accesses are counted at a time.
const MAX_COUNTED_SITES: usize = 64;

/// The accesses that a host instruction has made.
#[derive(Clone, Copy, Default)]
struct SiteCount {
    /// The instruction's host address; 0 for none.
    pc: u64,
    accesses: u32,
}

/// Counts of accesses by host instruction.
pub(super) struct SiteCounts {
    counts: [SiteCount; MAX_COUNTED_SITES],
    /// Index of the count that the next new instruction replaces.
    next: usize,
    /// The instruction that was found last, until the engine takes it.
    found: Option<u64>,
}

impl Default for SiteCounts {
    fn default() -> Self {
        Self { counts: [SiteCount::default(); MAX_COUNTED_SITES], next: 0, found: None }
    }
}

impl SiteCounts {
    /// Counts an access of the host instruction at `pc`. Returns whether it has made so many that
    /// the engine should make this one. Async-signal-safe.
    fn exceeds(&mut self, pc: u64) -> bool {
        if let Some(count) = self.counts.iter_mut().find(|count| count.pc == pc) {
            count.accesses += 1;
            if count.accesses <= MAX_EMULATED {
                return false;
            }
            // If the engine keeps the code, it is asked again after as many accesses.
            count.accesses = 0;
            self.found = Some(pc);
            return true;
        }
        self.counts[self.next] = SiteCount { pc, accesses: 1 };
        self.next = (self.next + 1) % MAX_COUNTED_SITES;
        false
    }
}

impl DeviceQueue {
    /// Counts an access to the device register at `addr` by the host instruction at `pc`. Returns
    /// whether it is refused, for the engine to make it. Async-signal-safe.
    pub(crate) fn refuses(&mut self, pc: u64, addr: u32, access: AccessKind) -> bool {
        // A store that begins where the last one ended may be a later one of the same guest
        // instruction, which the engine would make from its start: the device would see the
        // earlier ones twice.
        self.sites.exceeds(pc) && (access == AccessKind::Load || addr != self.end)
    }

    /// Whether [`Self::take_device_site`] returns an address.
    #[inline]
    pub fn has_device_site(&self) -> bool {
        self.sites.found.is_some()
    }

    /// Takes the address of the last host instruction that has made more accesses to device
    /// registers than the fault handler emulates at a stretch.
    #[inline]
    pub fn take_device_site(&mut self) -> Option<u64> {
        self.sites.found.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMULATED: usize = MAX_EMULATED as usize;

    /// Whether each of `count` accesses at `addr` is refused.
    fn refusals(queue: &mut DeviceQueue, count: usize, addr: u32, access: AccessKind) -> Vec<bool> {
        (0..count).map(|_| queue.refuses(0x1000, addr, access)).collect()
    }

    #[test]
    fn one_access_in_seventeen_is_refused() {
        let mut queue = DeviceQueue::new();
        let mut expected = vec![false; EMULATED];
        assert_eq!(refusals(&mut queue, EMULATED, 0x7FC8_0000, AccessKind::Load), expected);
        assert!(!queue.has_device_site());
        assert_eq!(refusals(&mut queue, 1, 0x7FC8_0000, AccessKind::Store), [true]);
        assert!(queue.has_device_site());
        assert_eq!((queue.take_device_site(), queue.take_device_site()), (Some(0x1000), None));
        expected.push(true);
        assert_eq!(refusals(&mut queue, EMULATED + 1, 0x7FC8_0000, AccessKind::Load), expected);
    }

    #[test]
    fn a_store_that_may_continue_an_instruction_is_found_but_not_refused() {
        let mut queue = DeviceQueue::new();
        let end = 0x7FC8_0010;
        queue.end = end;
        assert_eq!(refusals(&mut queue, EMULATED + 1, end, AccessKind::Store), [false; EMULATED + 1]);
        assert_eq!(queue.take_device_site(), Some(0x1000));
    }

    #[test]
    fn more_instructions_than_counts_replace_each_other() {
        let mut queue = DeviceQueue::new();
        for _ in 0..2 * MAX_EMULATED {
            for pc in 0..=MAX_COUNTED_SITES as u64 {
                assert!(!queue.refuses(0x1000 + pc, 0x7FC8_0000, AccessKind::Load));
            }
        }
        let half = MAX_COUNTED_SITES as u64 / 2;
        for round in 0..=MAX_EMULATED {
            for pc in 0..half {
                let refused = queue.refuses(0x2000 + pc, 0x7FC8_0000, AccessKind::Load);
                assert_eq!(refused, round == MAX_EMULATED, "{pc} {round}");
            }
        }
    }
}
