//! XMA decoder contexts: allocation and addresses.
//!
//! The contexts are one array in physical memory, allocated at a title's first request. The decoder
//! gets its address through a register, as it does from titles that compute context numbers from
//! addresses.

use crate::memory::physical_memory::{self, address_of};
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use xenia_guest::xma::{CONTEXT_SIZE, CONTEXTS, register};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::{GuestMemory, Protect, physical};

/// Protection flag for uncached memory.
const NO_CACHE: u32 = 0x200;
/// Alignment of the array.
const ALIGNMENT: u32 = 0x100;

/// Allocation state of the XMA decoder's contexts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct XmaContexts {
    /// Address of the array; null before its allocation.
    array: GuestAddr,
    used: [u32; register::GROUP as usize],
}

impl XmaContexts {
    /// Allocates a context, zeroed. Also returns the array's physical address if it was just
    /// allocated.
    pub fn take(&mut self, memory: &GuestMemory) -> Fallible<(GuestAddr, Option<u32>)> {
        let index = (0..CONTEXTS).find(|&index| !self.is_used(index)).ok_or(NtStatus::NO_MEMORY)?;
        let mut made = None;
        if self.array.is_null() {
            let protect = Protect::READ_WRITE.0 | NO_CACHE;
            let size = CONTEXTS * CONTEXT_SIZE;
            self.array = physical_memory::allocate(memory, size, protect, 0, u32::MAX, ALIGNMENT)?;
            made = Some(address_of(self.array));
        }
        let context = self.array.offset(index * CONTEXT_SIZE);
        memory.fill(context, CONTEXT_SIZE, 0)?;
        self.set_used(index, true);
        Ok((context, made))
    }

    /// Frees a context by number.
    pub fn give_back(&mut self, index: u32) {
        self.set_used(index, false);
    }

    /// Number of the allocated context at this address, in any view of physical memory; `None` if
    /// there is no such context.
    pub fn index_of(&self, context: GuestAddr) -> Option<u32> {
        if self.array.is_null() {
            return None;
        }
        let offset = physical(context)?.wrapping_sub(address_of(self.array));
        let index = offset / CONTEXT_SIZE;
        (offset.is_multiple_of(CONTEXT_SIZE) && index < CONTEXTS && self.is_used(index)).then_some(index)
    }

    fn is_used(&self, index: u32) -> bool {
        self.used.get(index as usize / 32).is_none_or(|word| word >> (index % 32) & 1 != 0)
    }

    fn set_used(&mut self, index: u32, used: bool) {
        if let Some(word) = self.used.get_mut(index as usize / 32) {
            let bit = 1 << (index % 32);
            *word = if used { *word | bit } else { *word & !bit };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_320_contexts_are_found_through_aliases() {
        let memory = GuestMemory::new().unwrap();
        let mut contexts = XmaContexts::default();
        assert_eq!(contexts.index_of(GuestAddr(0xE000_0000)), None);
        let (first, made) = contexts.take(&memory).unwrap();
        assert_eq!(made, Some(address_of(first)));
        let others: Vec<_> = (1..320).map(|_| contexts.take(&memory).unwrap()).collect();
        assert!(others.iter().all(|(_, made)| made.is_none()));
        assert!(contexts.take(&memory).is_err());
        let last = others[318].0;
        assert_eq!((contexts.index_of(first), contexts.index_of(last)), (Some(0), Some(319)));
        assert_eq!(contexts.index_of(GuestAddr(0xA000_0000 | address_of(last))), Some(319));
        assert_eq!((contexts.index_of(first.offset(4)), contexts.index_of(last.offset(64))), (None, None));
        contexts.give_back(7);
        assert_eq!(contexts.index_of(first.offset(7 * 64)), None);
        memory.write(first.offset(7 * 64), 5_u32).unwrap();
        let (again, _) = contexts.take(&memory).unwrap();
        assert_eq!((again, memory.read::<u32>(again)), (first.offset(7 * 64), Ok(0)));
    }
}
