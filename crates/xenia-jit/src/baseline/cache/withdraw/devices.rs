//! Units with device sites ([`DeviceSites`]).

use super::BaselineCache;
use crate::baseline::device_sites::DeviceSites;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

impl BaselineCache {
    /// The device sites found so far.
    pub(crate) fn device_sites(&self) -> DeviceSites {
        self.emitter.device_sites.clone()
    }

    /// Adds the instruction at `pc` to the device sites. Returns whether they have it now.
    pub(crate) fn add_device_site(&mut self, pc: u32) -> bool {
        self.emitter.device_sites.add(pc)
    }

    /// Adds the guest instruction whose code covers the host address `host` to the device sites,
    /// and withdraws its unit, unless there are too many. Returns false if no unit has the address.
    pub(crate) fn add_device_site_at(&mut self, host: u64) -> bool {
        let Some(site) = self.site(host) else { return false };
        if self.add_device_site(site.pc)
            && let Ok(offset) = u32::try_from(host - self.address(0))
            && let Some(id) = self.units.at(offset)
        {
            self.withdraw(id);
        }
        true
    }

    /// Forgets device sites on pages whose code has changed, given by [`GuestMemory::page_index`],
    /// and all that are no longer in memory.
    pub(super) fn forget_device_sites(&mut self, guest: &GuestMemory, changed: &[u32]) {
        if changed.is_empty() {
            return;
        }
        let is_on = |pc| GuestMemory::page_index(GuestAddr(pc)).is_some_and(|page| changed.contains(&page));
        self.emitter.device_sites.retain(|pc| guest.is_committed(GuestAddr(pc)) && !is_on(pc));
    }
}
