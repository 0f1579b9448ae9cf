//! Operations on virtual memory: `Nt*VirtualMemory`, `MmSetAddressProtect`, and queries of
//! addresses.

use super::model::page_range;
use super::*;

/// Addresses at which the title requests memory; other allocations are never placed there.
const NAMED: [u32; 2] = [0x2000_0000, 0x5800_0000];
const GRANULE: u32 = 0x1_0000;
const BOTH: u32 = flags::COMMIT | flags::RESERVE;

fn is_general(at: u32) -> bool {
    matches!(Heap::of(GuestAddr(at)), Some(Heap::Virtual4K | Heap::Virtual64K))
}

impl Case {
    /// Calls a function that takes a base and a size by pointer; returns its status and their new
    /// values.
    fn ranged(&mut self, name: &'static str, [base, size]: [u32; 2], rest: &[u32]) -> (NtStatus, u32, u32) {
        let at = self.harness.scratch.offset(ARGUMENTS);
        self.harness.memory().write(at, base).unwrap();
        self.harness.memory().write(at.offset(4), size).unwrap();
        self.log.push(format!("  base {base:x} size {size:x}"));
        let arguments: Vec<u32> = [at.0, at.0 + 4].into_iter().chain(rest.iter().copied()).collect();
        let status = NtStatus(self.kernel_call(name, &arguments));
        let [base_now, size_now] = [ARGUMENTS, ARGUMENTS + 4].map(|offset| self.harness.word(offset));
        if !status.is_success() {
            assert_eq!([base_now, size_now], [base, size], "a call that failed changed its arguments");
        }
        (status, base_now, size_now)
    }

    /// Returns whether an address must not be freed. Titles may free a thread's stack and the
    /// test's memory, but the test needs them.
    fn is_left_alone(&self, at: u32) -> bool {
        let refused = at < 0x1_0000 || self.harness.kernel.pool.lock().holds(GuestAddr(at));
        !refused && is_general(at) && self.model.is_foreign(at)
    }

    /// Returns whether a call at `base` returned the expected status. For the pool's memory any
    /// failure counts as equal.
    fn agrees(&self, base: u32, status: NtStatus, expected: NtStatus) -> bool {
        let pool = self.harness.kernel.pool.lock().holds(GuestAddr(base));
        status == expected || pool && !status.is_success() && !expected.is_success()
    }

    fn kind(&mut self) -> u32 {
        match self.dice.below(16) {
            0 => 0,
            1 => flags::RESET,
            2 => flags::RESET | flags::COMMIT,
            3 => flags::RELEASE,
            4..=7 => flags::RESERVE,
            8..=11 => flags::COMMIT,
            _ => BOTH,
        }
    }

    pub(super) fn allocate_anywhere(&mut self) {
        let size = self.size(29);
        let protect = self.protect_word();
        let kind = self.kind()
            | [0, flags::LARGE_PAGES][self.dice.below(2)]
            | [0, flags::TOP_DOWN][self.dice.below(2)];
        let heap = if kind & flags::LARGE_PAGES != 0 { Heap::Virtual64K } else { Heap::Virtual4K };
        let commit = kind & flags::COMMIT != 0;
        let expected = if size == 0 || kind & BOTH == 0 || kind & flags::RESET != 0 {
            Err(NtStatus::INVALID_PARAMETER)
        } else if Protect(protect).is_valid() {
            let bytes =
                size.cast_signed().unsigned_abs().checked_next_multiple_of(GRANULE).filter(|&bytes| {
                    self.model.general_room(heap, bytes, GRANULE, 0..u32::MAX)
                        && !(commit && self.is_too_much(bytes))
                });
            bytes.ok_or(NtStatus::NO_MEMORY)
        } else {
            Err(NtStatus::INVALID_PAGE_PROTECTION)
        };
        let (status, at, bytes) = self.ranged("NtAllocateVirtualMemory", [0, size], &[kind, protect, 0]);
        assert_eq!(status, expected.err().unwrap_or(NtStatus::SUCCESS), "{size:#x} by {kind:x}");
        if expected.is_ok() {
            assert_eq!(
                (expected, at % GRANULE, Heap::of(GuestAddr(at))),
                (Ok(bytes), 0, Some(heap)),
                "{at:x}"
            );
            let pages = vec![commit.then_some(protect); (bytes / heap.page_size()) as usize];
            self.model.add_region(at, Region::new(protect, pages));
            self.expect_zeros(&(at..at + bytes));
            self.mark(at..at + bytes);
        }
    }

    /// Reserves or commits memory at a given address.
    pub(super) fn allocate_there(&mut self) {
        let keys = self.keys(is_general);
        let base = if self.dice.one_in(2) {
            NAMED[self.dice.below(2)]
                + ((self.dice.below(64) as u32) << 14)
                + self.dice.below(2) as u32 * 0x123
        } else {
            self.address(&keys)
        };
        let size = self.size(27);
        let kind = self.kind();
        let protect = self.protect_word();
        if base == 0 || kind & flags::RESERVE == 0 && self.is_left_alone(base) {
            return;
        }
        let reserve = kind & flags::RESERVE != 0;
        let commit = kind & flags::COMMIT != 0;
        let committed = page_range(base, size.cast_signed().unsigned_abs()).ok().filter(|range| {
            range.clone().step_by(0x1000).all(|at| self.harness.memory().is_committed(GuestAddr(at)))
        });
        let reset = committed.filter(|_| kind == flags::RESET && size > 0);
        let expected = if let Some(range) = reset {
            // `RESET` permits the contents to be discarded, but they are kept.
            Ok(range)
        } else if size == 0 || kind & BOTH == 0 || kind & flags::RESET != 0 {
            Err(NtStatus::INVALID_PARAMETER)
        } else if Protect(protect).is_valid() {
            self.model.place(base, size.cast_signed().unsigned_abs(), reserve).and_then(|range| {
                let new = self.model.reserved_bytes(&range);
                if commit && self.is_too_much(new) { Err(NtStatus::NO_MEMORY) } else { Ok(range) }
            })
        } else {
            Err(NtStatus::INVALID_PAGE_PROTECTION)
        };
        let (status, at, bytes) = self.ranged("NtAllocateVirtualMemory", [base, size], &[kind, protect, 0]);
        let should = expected.clone().err().unwrap_or(NtStatus::SUCCESS);
        assert!(self.agrees(base, status, should), "{status:?}, not {should:?}");
        let Ok(range) = expected else { return };
        assert_eq!((at, at.wrapping_add(bytes)), (range.start, range.end));
        if kind == flags::RESET {
            return;
        }
        if reserve {
            let pages = vec![None; range.len() / page_size(at) as usize];
            self.model.add_region(at, Region::new(protect, pages));
        }
        if commit {
            let new = self.model.set_pages(&range, |_| Some(protect));
            for page in new {
                self.expect_zeros(&page);
            }
            self.mark(range);
        }
    }

    pub(super) fn virtual_free(&mut self) {
        let keys = self.keys(is_general);
        let base = self.address(&keys);
        if self.is_left_alone(base) {
            return;
        }
        let size = if self.dice.one_in(2) { 0 } else { self.size(27) };
        let kind = [
            flags::DECOMMIT,
            flags::DECOMMIT,
            flags::RELEASE,
            flags::RELEASE,
            0,
            flags::DECOMMIT | flags::RELEASE,
        ][self.dice.below(6)];
        let containing = self.model.containing(&(base..base.saturating_add(1)));
        let is_first = containing.is_some_and(|(at, _)| at == base & !(page_size(at) - 1));
        let region = containing.map(|(at, region)| at..at + region_length(at, region));
        let expected = if base == 0 {
            Err(NtStatus::MEMORY_NOT_ALLOCATED)
        } else if !is_general(base) || kind.count_ones() != 1 {
            Err(NtStatus::INVALID_PARAMETER)
        } else if size == 0 {
            match region {
                Some(region) if is_first => Ok(region),
                Some(_) => Err(NtStatus::FREE_VM_NOT_AT_BASE),
                None => Err(NtStatus::MEMORY_NOT_ALLOCATED),
            }
        } else {
            self.model.place(base, size, false).map_err(|status| match (status, &region) {
                (NtStatus::CONFLICTING_ADDRESSES, Some(_)) => NtStatus::UNABLE_TO_FREE_VM,
                (NtStatus::CONFLICTING_ADDRESSES, None) => NtStatus::MEMORY_NOT_ALLOCATED,
                _ => status,
            })
        };
        let (status, at, bytes) = self.ranged("NtFreeVirtualMemory", [base, size], &[kind, 0]);
        let should = expected.clone().err().unwrap_or(NtStatus::SUCCESS);
        assert!(self.agrees(base, status, should), "{status:?}, not {should:?}");
        let Ok(range) = expected else { return };
        assert_eq!((at, at + bytes), (range.start, range.end));
        self.model.forget(range.clone());
        if kind == flags::RELEASE {
            self.model.release(&range);
        } else {
            self.model.set_pages(&range, |_| None);
        }
        assert!(!self.harness.memory().is_committed(GuestAddr(at)));
    }

    /// Changes protections, by either function.
    pub(super) fn protect(&mut self) {
        let quiet = self.dice.one_in(2);
        let keys = self.keys(|at| quiet || is_general(at));
        let base = self.address(&keys);
        if self.is_left_alone(base) {
            return;
        }
        let size = self.size(27);
        let protect = self.protect_word();
        let heap = Heap::of(GuestAddr(base));
        let valid = heap.is_some_and(|heap| quiet || is_general(heap.base().0));
        let range = if size == 0 || !valid || matches!(heap, Some(Heap::Image4K | Heap::Image64K)) {
            Err(NtStatus::INVALID_PARAMETER)
        } else if Protect(protect).is_valid() {
            page_range(base, size).and_then(|range| match self.model.containing(&range) {
                Some((at, region)) if region.slice(at, &range).iter().all(Option::is_some) => Ok(range),
                Some(_) => Err(NtStatus::NOT_COMMITTED),
                // The pages that catch null pointers are reserved.
                None if range.end <= 0x1_0000 => Err(NtStatus::NOT_COMMITTED),
                None => Err(NtStatus::CONFLICTING_ADDRESSES),
            })
        } else {
            Err(NtStatus::INVALID_PAGE_PROTECTION)
        };
        if quiet {
            self.kernel_call("MmSetAddressProtect", &[base, size, protect]);
        } else {
            let old = self.harness.scratch.offset(RESULT);
            let (status, at, bytes) =
                self.ranged("NtProtectVirtualMemory", [base, size], &[protect, old.0, 0]);
            let should = range.clone().err().unwrap_or(NtStatus::SUCCESS);
            // A range that ends outside of its heap may also have an invalid protection.
            let outside = range.is_err() && Some(status) == page_range(base, size).err();
            assert!(self.agrees(base, status, should) || outside, "{status:?}, not {should:?}");
            if let Ok(range) = &range {
                assert_eq!((at, at + bytes), (range.start, range.end));
                assert_eq!(Some(self.harness.word(RESULT)), self.model.page(at), "the protection before");
            }
        }
        if let Ok(range) = range {
            self.model.set_pages(&range, |_| Some(protect));
            assert_eq!(self.harness.kernel_call("MmQueryAddressProtect", &[base.into()]), u64::from(protect));
            self.mark(range);
        }
    }

    /// Passes valid arguments except for one unmapped address: the call must have no effect.
    pub(super) fn bad_pointers(&mut self) {
        let good = self.harness.scratch.offset(ARGUMENTS);
        let mut bad = [0, 0x10, 0x3000_0000, 0x7FC8_0000, 0xFFFF_FFFC][self.dice.below(5)];
        if self.harness.memory().is_committed(GuestAddr(bad)) {
            bad = 0x10;
        }
        let keys = self.keys(is_general);
        let base = self.dice.pick(&keys).unwrap_or(0);
        self.harness.memory().write(good, base).unwrap();
        self.harness.memory().write(good.offset(4), 0x1000_u32).unwrap();
        let [first, second] = [[bad, good.0 + 4], [good.0, bad.wrapping_add(4)], [bad, bad.wrapping_add(4)]]
            [self.dice.below(3)];
        let result = match self.dice.below(5) {
            0 => self.kernel_call("NtAllocateVirtualMemory", &[first, second, BOTH, 4, 0]),
            1 => self.kernel_call("NtFreeVirtualMemory", &[first, second, flags::DECOMMIT, 0]),
            2 => self.kernel_call("NtFreeVirtualMemory", &[first, second, flags::RELEASE, 0]),
            3 => self.kernel_call("NtProtectVirtualMemory", &[first, second, 1, 0, 0]),
            // A null last argument means that the caller does not want the old protection.
            _ if bad == 0 => return,
            _ => self.kernel_call("NtProtectVirtualMemory", &[good.0, good.0 + 4, 1, bad, 0]),
        };
        assert!(!NtStatus(result).is_success(), "{result:x} with {first:x} and {second:x}");
    }

    /// Queries an address.
    pub(super) fn ask(&mut self) {
        let keys = self.keys(|_| true);
        let at = self.address(&keys);
        if self.model.is_foreign(at) || !(is_general(at) || physical(GuestAddr(at)).is_some()) {
            return;
        }
        let alias = physical(GuestAddr(at)).is_some_and(|at| self.model.is_physical(at));
        let page = self.model.page(at);
        let region = self.model.containing(&(at..at.saturating_add(1)));
        let size = region.map_or(0, |(base, region)| region_length(base, region));
        let start = at & !(page_size(at) - 1);
        let alike = self.model.alike(start);
        let words = region.map(|(base, region)| {
            let state = if page.is_some() { flags::COMMIT } else { flags::RESERVE };
            [start, base, region.protect, alike.unwrap(), state, page.unwrap_or(0), flags::PRIVATE]
        });
        assert_eq!(self.kernel_call("MmQueryAllocationSize", &[at]), size, "{at:x}");
        assert_eq!(self.kernel_call("MmQueryAddressProtect", &[at]), page.unwrap_or(0), "{at:x}");
        // The memory may also be mapped through another view.
        let valid = self.kernel_call("MmIsAddressValid", &[at]) != 0;
        assert!(valid == page.is_some() || valid && alias, "{at:x}");
        let answer = self.harness.scratch.0 + ANSWER;
        let kind = self.dice.below(3) as u32;
        let status = self.kernel_call("NtQueryVirtualMemory", &[at, answer, kind]);
        assert_eq!(NtStatus(status), NtStatus::SUCCESS);
        let found: [u32; 7] = std::array::from_fn(|index| self.harness.word(ANSWER + 4 * index as u32));
        let free = [start, 0, 0, self.model.free_bytes(start).unwrap_or(found[3]), flags::FREE, 1, 0];
        assert_eq!(found, words.unwrap_or(free), "{at:x}");
    }
}
