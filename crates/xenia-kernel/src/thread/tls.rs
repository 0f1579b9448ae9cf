//! Thread-local storage (TLS): the title's layout, and the allocation of dynamic slots.
//!
//! The address of a thread's TLS block is in its control region, as on the console, so a thread
//! accesses its own slots without a lock.

mod state;

pub(crate) use state::TlsState;

use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;
use xenia_guest::GuestAddr;
use xenia_guest::layout::kpcr;
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex};

/// TLS layout of the title, the same for all of its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlsLayout {
    /// Number of dynamic slots, of 4 bytes each.
    pub slots: u32,
    /// Address of the static data's template, or null.
    pub template: GuestAddr,
    /// Bytes of static data.
    pub data_size: u32,
    /// Bytes of it that the template initialises.
    pub template_size: u32,
}

impl TlsLayout {
    /// The layout of a title that specifies none.
    const DEFAULT: Self = Self { slots: 1024, template: GuestAddr::NULL, data_size: 0, template_size: 0 };

    /// Address of a slot in the block at `tls`; `None` beyond the last slot.
    pub fn slot(&self, tls: GuestAddr, index: u32) -> Option<GuestAddr> {
        (index < self.slots).then(|| tls.offset(self.data_size).offset(4 * index))
    }
}

impl Default for TlsLayout {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The title's TLS layout and its allocated slots.
#[derive(Debug)]
pub struct Tls {
    layout: OnceLock<TlsLayout>,
    used: Mutex<Vec<bool>>,
}

impl Default for Tls {
    fn default() -> Self {
        Self { layout: OnceLock::new(), used: Mutex::new(Level::Leaf, Vec::new()) }
    }
}

impl Tls {
    /// The title's layout, or the default one.
    pub fn layout(&self) -> &TlsLayout {
        self.layout.get().unwrap_or(&TlsLayout::DEFAULT)
    }

    /// Sets the title's layout, before its first thread begins. It can be set only once.
    pub fn set_layout(&self, layout: TlsLayout) {
        if self.layout.set(layout).is_err() {
            tracing::error!(target: "kernel", "a title's TLS layout stays as it is");
        }
    }

    /// Address of a slot of the thread with this control region; `None` beyond the last slot.
    pub fn slot(&self, memory: &GuestMemory, kpcr: GuestAddr, index: u32) -> Fallible<Option<GuestAddr>> {
        Ok(self.layout().slot(memory.read(kpcr.offset(kpcr::TLS))?, index))
    }

    /// Allocates the lowest free slot; `None` if all are in use.
    pub fn allocate(&self) -> Option<u32> {
        let mut used = self.used.lock();
        let index = used.iter().position(|used| !used).unwrap_or(used.len());
        if index >= self.layout().slots as usize {
            return None;
        }
        if index == used.len() {
            used.push(true);
        } else {
            used[index] = true;
        }
        Some(index as u32)
    }

    /// Frees a slot; returns `false` if it was not allocated.
    pub fn free(&self, index: u32) -> bool {
        self.used.lock().get_mut(index as usize).is_some_and(std::mem::take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_the_lowest_free_ones() {
        let tls = Tls::default();
        tls.set_layout(TlsLayout { slots: 3, data_size: 8, ..TlsLayout::default() });
        assert_eq!([tls.allocate(), tls.allocate(), tls.allocate()], [Some(0), Some(1), Some(2)]);
        assert_eq!(tls.allocate(), None);
        assert!(tls.free(1));
        assert!(!tls.free(1) && !tls.free(99));
        assert_eq!(tls.allocate(), Some(1));
        let slot = |index| tls.layout().slot(GuestAddr(0x1000), index);
        assert_eq!((slot(2), slot(3), slot(u32::MAX)), (Some(GuestAddr(0x1010)), None, None));
    }

    #[test]
    fn restored_slots_are_those_that_were_saved_and_fit_the_layout() {
        let tls = Tls::default();
        let layout = TlsLayout { slots: 3, ..TlsLayout::default() };
        tls.set_layout(layout);
        assert!((0..3).all(|index| tls.allocate() == Some(index)) && tls.free(1));
        let restored = Tls::default();
        restored.restore(tls.state()).unwrap();
        assert_eq!(restored.state(), tls.state());
        assert_eq!((restored.allocate(), restored.allocate()), (Some(1), None));
        let other = Tls::default();
        other.set_layout(TlsLayout { slots: 4, ..layout });
        assert!(other.restore(tls.state()).is_err(), "another title");
        assert!(restored.restore(Tls::default().state()).is_err(), "no title");
        assert!(tls.restore(other_slots(layout)).is_err(), "too many slots");
    }

    fn other_slots(layout: TlsLayout) -> TlsState {
        let tls = Tls::default();
        tls.set_layout(layout);
        tls.used.lock().resize(4, true);
        tls.state()
    }
}
