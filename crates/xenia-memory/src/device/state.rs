//! The stores of a queue, and their saved state.

use super::{DeviceQueue, MmioDevice};
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;

/// One store to a device register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStore {
    /// The register's address; a multiple of 4.
    pub addr: GuestAddr,
    /// The register's new value, all 32 bits.
    pub value: u32,
}

impl DeviceStore {
    /// The device and the number of its register.
    pub fn register(self) -> Option<(MmioDevice, u32)> {
        let device = MmioDevice::of(self.addr)?;
        Some((device, (self.addr.0 - device.base().0) / 4))
    }
}

/// The stores of a visit that was cut, as they are saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceQueueState {
    stores: Vec<DeviceStore>,
    end: u32,
}

impl DeviceQueueState {
    /// The state of a queue with these stores. They may be more than a queue can have.
    pub fn of(stores: Vec<DeviceStore>) -> Self {
        Self { stores, end: 0 }
    }

    /// The queued stores, in their order.
    pub fn into_stores(self) -> Vec<DeviceStore> {
        self.stores
    }
}

impl DeviceQueue {
    /// The queued stores, for a saved state.
    pub fn state(&self) -> DeviceQueueState {
        // Both are rebuilt by queueing the stores; the counts of sites have no effect on the guest.
        let Self { stores, newest: _, visit: _, end, sites: _ } = self;
        DeviceQueueState { stores: stores.clone(), end: *end }
    }

    /// Replaces the queued stores by saved ones.
    ///
    /// # Errors
    /// Stores that no queue can have.
    pub fn restore(&mut self, state: &DeviceQueueState) -> Result<(), &'static str> {
        let &DeviceQueueState { ref stores, end } = state;
        self.clear();
        // A full queue takes stores up to the end of the device's block, and those that it has
        // taken lie before `end`.
        let taken = match MmioDevice::of(GuestAddr(end.wrapping_sub(1))) {
            Some(device) => end - device.base().0,
            None => 0,
        };
        if stores.len() > Self::CAPACITY + taken as usize {
            return Err("the queue of device stores is too long");
        }
        for &store in stores {
            let place = Self::place(store.addr).filter(|_| store.addr.0.is_multiple_of(4));
            let (_, place) = place.ok_or("a device store is to no register")?;
            self.newest[place] = (store.value, self.visit);
            self.stores.push(store);
        }
        self.end = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceRegisters;
    use crate::device::QueuedStore;

    #[test]
    fn a_restored_queue_continues_as_the_saved_one() {
        let devices = [DeviceRegisters::new(), DeviceRegisters::new()];
        let mut queue = DeviceQueue::new();
        for n in 0..DeviceQueue::CAPACITY as u32 {
            assert_eq!(queue.store(0x7FC8_0000 + n % 7 * 4, 4, n.into(), &devices), QueuedStore::Queued);
        }
        assert_eq!(queue.store(queue.end, 2, 9, &devices), QueuedStore::Queued, "the rest of a row");
        let state = queue.state();
        let mut restored = DeviceQueue::new();
        assert_eq!(restored.store(0x7FEA_0000, 4, 1, &devices), QueuedStore::Queued);
        restored.restore(&state).unwrap();
        assert!(restored.stores() == queue.stores() && restored.state() == state);
        for register in (0x7FC8_0000..0x7FC8_0040).chain([0x7FEA_0000]) {
            assert_eq!(restored.load(register, 1, &devices), queue.load(register, 1, &devices));
        }
        for addr in [0x7FC8_0000, queue.end, 0x7FEA_0000] {
            assert_eq!(restored.store(addr, 2, 5, &devices), queue.store(addr, 2, 5, &devices), "{addr:x}");
        }
    }

    #[test]
    fn impossible_device_queue_states_are_refused() {
        let store = |addr| DeviceStore { addr: GuestAddr(addr), value: 1 };
        for addr in [0x7FC8_0002, 0x7FC9_0000, 0] {
            let state = DeviceQueueState { stores: vec![store(addr)], end: 0 };
            assert!(DeviceQueue::new().restore(&state).is_err(), "{addr:x}");
        }
        for (more, end, fits) in
            [(0, 0, true), (1, 0, false), (8, 0x7FC8_0008, true), (9, 0x7FC8_0008, false)]
        {
            let stores = vec![store(0x7FC8_0000); DeviceQueue::CAPACITY + more];
            let restored = DeviceQueue::new().restore(&DeviceQueueState { stores, end });
            assert_eq!(restored.is_ok(), fits, "{more} {end:x}");
        }
    }
}
