//! Operations on physical memory and stacks: `MmAllocatePhysicalMemory*`, `MmFreePhysicalMemory`,
//! `MmCreateKernelStack`.

use super::*;

/// Address range of the stacks.
const STACKS: Range<u32> = 0x7000_0000..0x7F00_0000;

impl Case {
    pub(super) fn physical_allocate(&mut self) {
        let size = self.size(29);
        let protect = self.protect_word();
        let view = [0, 0, flags::LARGE_PAGES, flags::PAGES_16M][self.dice.below(4)];
        let [min, max] = if self.dice.one_in(3) {
            [self.dice.next() as u32 & 0x1FFF_FFFF, self.dice.next() as u32 & 0x1FFF_FFFF]
        } else {
            [0, u32::MAX]
        };
        let align = match self.dice.below(4) {
            0 => 1 << self.dice.below(26),
            1 => self.dice.below(0x1_8000) as u32,
            2 if self.dice.one_in(8) => 0x8000_0001,
            _ => 0,
        };
        let anywhere = self.dice.one_in(3);
        let heap = match view {
            0 => Heap::Physical4K,
            flags::LARGE_PAGES => Heap::Physical64K,
            _ => Heap::Physical16M,
        };
        let kept = Protect(protect & 0x7FF);
        let [min, max, align] = if anywhere { [0, u32::MAX, 0] } else { [min, max, align] };
        // The whole page of the last address belongs to the range.
        let limit = max | (heap.page_size() - 1);
        let aligned = align.max(heap.page_size()).checked_next_power_of_two();
        let valid = size > 0 && kept.is_valid() && protect & 6 != 0;
        let bytes = u64::from(size).next_multiple_of(heap.page_size().into());
        let room = valid
            && aligned.is_some_and(|align| self.model.physical_room(heap, bytes, min..limit, align))
            && !self.is_too_much(bytes as u32);
        let at = if anywhere {
            self.kernel_call("MmAllocatePhysicalMemory", &[0, size, protect | view])
        } else {
            self.kernel_call("MmAllocatePhysicalMemoryEx", &[0, size, protect | view, min, max, align])
        };
        assert_eq!(at != 0, room, "{size:#x} in {min:x}..={max:x} aligned to {align:#x}");
        if at == 0 {
            return;
        }
        let first = physical(GuestAddr(at)).unwrap();
        let last = u64::from(first) + bytes - 1;
        assert!(Heap::of(GuestAddr(at)) == Some(heap) && min <= first && last <= limit.into(), "{at:x}");
        assert_eq!(first % aligned.unwrap(), 0, "{first:x} aligned to {align:#x}");
        let range = at..at + bytes as u32;
        let pages = vec![Some(kept.0); bytes as usize / heap.page_size() as usize];
        self.model.add_region(at, Region::new(kept.0, pages));
        self.expect_zeros(&range);
        self.mark(range);
    }

    pub(super) fn physical_free(&mut self) {
        let keys = self.keys(|at| physical(GuestAddr(at)).is_some());
        let at = self.address(&keys);
        self.kernel_call("MmFreePhysicalMemory", &[0, at]);
        // Only the address of an allocation frees it; the committed bytes show that others have no
        // effect.
        if physical(GuestAddr(at)).is_some() && self.drop_region(at) {
            assert!(!self.harness.memory().is_committed(GuestAddr(at)));
        }
    }

    /// Creates a stack, or deletes one.
    pub(super) fn stack(&mut self) {
        if self.dice.one_in(2) {
            let size = self.size(28);
            let page = Heap::Virtual64K.page_size();
            let bytes = u64::from(size).next_multiple_of(page.into());
            let fits = bytes <= STACKS.len() as u64
                && self.model.general_room(Heap::Virtual64K, bytes as u32, page, STACKS)
                && !self.is_too_much(bytes as u32);
            let end = self.kernel_call("MmCreateKernelStack", &[size, 0]);
            assert_eq!(end != 0, size > 0 && fits, "a stack of {size:#x}");
            if end != 0 {
                let range = end - bytes as u32..end;
                assert!(STACKS.contains(&range.start) && end <= STACKS.end, "{range:x?}");
                let pages = vec![Some(4); range.len() / page as usize];
                self.model.add_region(range.start, Region::new(4, pages));
                self.expect_zeros(&range);
                self.mark(range);
            }
        } else {
            let keys = self.keys(|at| STACKS.contains(&at));
            let at = self.address(&keys);
            // Titles may free a thread's stack, but the test needs it.
            if self.model.foreign.contains_key(&at) {
                return;
            }
            let status = NtStatus(self.kernel_call("MmDeleteKernelStack", &[0, at]));
            let there = STACKS.contains(&at) && self.drop_region(at);
            assert_eq!(status, if there { NtStatus::SUCCESS } else { NtStatus::UNSUCCESSFUL }, "{at:x}");
        }
    }
}
