//! Operations on pool memory: `ExAllocatePool*`, `ExFreePool`, `ExQueryPoolBlockSize`, `XamAlloc`,
//! `XamFree`.

use super::*;

/// Maximum size of a pool block, and the granularity in which the pool grows.
const MAX_POOL: u32 = 0x1000_0000;
const ARENA: u32 = 0x1_0000;

impl Case {
    /// Returns an address in the pool's memory: in a block of the title or the kernel, or in no
    /// block.
    pub(super) fn any_pool_address(&mut self) -> Option<u32> {
        let (at, size) = self.harness.kernel.pool.lock().arenas().nth(self.dice.below(4))?;
        Some(at + (self.dice.below(size as usize) as u32 & !15))
    }

    pub(super) fn pool_allocate(&mut self) {
        let most = if self.dice.one_in(8) { 28 } else { 24 };
        let size = self.size(most);
        let grows = size.clamp(1, MAX_POOL).next_multiple_of(ARENA);
        let room =
            !self.is_too_much(grows) && self.model.general_room(Heap::Virtual4K, grows, ARENA, 0..u32::MAX);
        let result = self.harness.scratch.offset(RESULT);
        let at = match self.dice.below(6) {
            0 => self.kernel_call("ExAllocatePool", &[size]),
            1 => self.kernel_call("ExAllocatePoolWithTag", &[size, 0x6162_6364]),
            2 | 3 => self.kernel_call("ExAllocatePoolTypeWithTag", &[size, 0, 1]),
            _ => {
                let done = self.xam_call("XamAlloc", &[0, size, result.0]);
                let at = self.harness.word(RESULT);
                assert_eq!(done, at != 0);
                at
            }
        };
        if at == 0 {
            assert!(size > MAX_POOL || !room, "{size:#x} were there");
            return;
        }
        assert!(size <= MAX_POOL, "{size:#x}");
        let align = if size >= 0x1000 { 0x1000 } else { 16 };
        assert_eq!(at % align, 0, "{at:x} for {size:#x}");
        self.model.add_block(at, size);
        self.expect_zeros(&(at..at + size.max(1)));
        self.mark(at..at + size);
        assert_eq!(self.harness.kernel_call("ExQueryPoolBlockSize", &[at.into(), 0]), u64::from(size));
        self.find_foreign();
    }

    pub(super) fn pool_free(&mut self) {
        let keys: Vec<u32> = self.model.blocks.keys().copied().collect();
        let at = self.address(&keys);
        let xam = self.dice.one_in(2);
        if xam && physical(GuestAddr(at)).is_some() {
            return;
        }
        let block = self.model.blocks.remove(&at);
        let size = |case: &mut Self| case.harness.kernel_call("ExQueryPoolBlockSize", &[at.into(), 0]) as u32;
        let before = size(self);
        if xam {
            assert_eq!(self.xam_call("XamFree", &[at]), block.is_some(), "freeing {at:x}");
        } else {
            self.kernel_call("ExFreePool", &[at]);
        }
        if let Some(size) = block {
            assert_eq!(before, size, "the block at {at:x}");
            self.model.forget(at..at + size.max(1));
            self.find_foreign();
        }
        // A title can't free a block of the kernel.
        assert_eq!(size(self), if block.is_some() { 0 } else { before }, "at {at:x}");
    }

    /// Frees all blocks. Checks that each can be allocated again, and that the memory of large ones
    /// was released.
    pub(super) fn give_pool_back(&mut self) {
        let blocks = std::mem::take(&mut self.model.blocks);
        for (&at, &size) in &blocks {
            self.kernel_call("ExFreePool", &[at]);
            self.model.forget(at..at + size.max(1));
            self.check();
        }
        let large = self.harness.kernel.pool.lock().arenas().find(|&(_, size)| size > ARENA);
        assert_eq!(large, None, "an empty arena is kept");
        for &size in blocks.values() {
            let at = self.kernel_call("ExAllocatePool", &[size]);
            assert_ne!(at, 0, "{size:#x}");
            self.kernel_call("ExFreePool", &[at]);
            assert_eq!(self.kernel_call("ExAllocatePool", &[size]), at, "{size:#x}, free again");
            self.kernel_call("ExFreePool", &[at]);
        }
    }
}
