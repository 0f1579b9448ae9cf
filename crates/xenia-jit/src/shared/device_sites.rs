//! Withdrawal of code whose instructions are device sites ([`DeviceSites`]).

use super::{ModeCode, Shared};
use crate::baseline::device_sites::DeviceSites;
use xenia_memory::DeviceQueue;

impl Shared {
    /// The device sites found so far.
    fn device_sites(&self) -> DeviceSites {
        let baseline = self.baseline.as_ref();
        baseline.map(|baseline| baseline.cache.lock().device_sites()).unwrap_or_default()
    }

    /// A function that fetches the words of regions: none at the device sites found so far.
    pub(crate) fn region_fetch(&self) -> impl Fn(u32) -> Option<u32> {
        let sites = self.device_sites();
        move |pc| self.memory.fetch_u32(pc).ok().filter(|_| !sites.contains(pc))
    }

    /// Withdraws the code of the device site that the last run of compiled code has found, if there
    /// is one.
    #[inline]
    pub(crate) fn note_device_site(&self, code: &ModeCode, devices: &mut DeviceQueue) {
        if let Some(host) = devices.take_device_site() {
            self.withdraw_device_site(code, host);
        }
    }

    /// Withdraws the code at a host address, whose guest instruction is a device site.
    #[cold]
    fn withdraw_device_site(&self, code: &ModeCode, host: u64) {
        let Some(baseline) = &self.baseline else { return };
        let is_in_baseline = baseline.cache.lock().add_device_site_at(host);
        if is_in_baseline {
            return;
        }
        let site = code.cache.lock().site_of(host);
        if site.is_some_and(|site| baseline.cache.lock().add_device_site(site.pc)) {
            code.cache.lock().withdraw_at(host);
        }
    }
}
