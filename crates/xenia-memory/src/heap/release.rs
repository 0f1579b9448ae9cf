//! Decommit and release of allocations.

use super::{Allocation, PageChange, PlacePages, ZoneRange, Zones};
use crate::error::HeapError;
use xenia_guest::GuestAddr;

impl Zones {
    /// Decommits a range, which stays reserved. Size 0 means the whole allocation that starts at
    /// `addr`.
    pub(crate) fn decommit(&mut self, addr: GuestAddr, size: u32) -> Result<(u32, PageChange), HeapError> {
        let size = if size == 0 { self.allocation_at(addr)? } else { size };
        let place = ZoneRange::new(addr, size)?;
        let PlacePages { allocation, pages, .. } = self.changeable(&place)?;
        let freed = allocation.pages.committed_count_in(&pages);
        allocation.pages.fill(&pages, None);
        self.committed[place.view.heap as usize] -= freed * place.view.page_size;
        Ok((place.range.len() as u32, place.change(None)))
    }

    /// Size of the allocation that starts at `addr`.
    fn allocation_at(&mut self, addr: GuestAddr) -> Result<u32, HeapError> {
        let place = ZoneRange::new(addr, 1)?;
        let PlacePages { start, allocation, .. } = self.changeable(&place)?;
        if place.view.addr_of(start) != addr.0 {
            return Err(HeapError::NotAllocationBase { addr });
        }
        Ok(allocation.len)
    }

    /// Releases the allocation that starts at `addr`. Returns its size.
    pub(crate) fn release(&mut self, addr: GuestAddr) -> Result<(u32, PageChange), HeapError> {
        let size = self.allocation_at(addr)?;
        self.release_part(addr, size)
    }

    /// Releases a range of an allocation. The pages before and after it become separate
    /// allocations. Returns the size of the range.
    pub(crate) fn release_part(
        &mut self,
        addr: GuestAddr,
        size: u32,
    ) -> Result<(u32, PageChange), HeapError> {
        let place = ZoneRange::new(addr, size)?;
        let view = place.view;
        let PlacePages { start, allocation, pages } = self.changeable(&place)?;
        let protect = allocation.protect;
        let behind = allocation.pages.split_off(pages.end);
        let freed = allocation.pages.split_off(pages.start).committed_count();
        let len = start + allocation.len - place.range.end;
        allocation.len = place.range.start - start;
        let is_empty = allocation.len == 0;
        let allocations = self.zone(view.zone);
        if is_empty {
            allocations.remove(&start);
        }
        if len > 0 {
            let rest = Allocation { len, heap: view.heap, protect, pages: behind, permanent: false };
            allocations.insert(place.range.end, rest);
        }
        self.committed[view.heap as usize] -= freed * view.page_size;
        self.gaps[view.zone as usize].give_back(&place.range);
        Ok((place.range.len() as u32, place.change(None)))
    }
}
