//! Events of the kernel in saved states of sockets: each once, named by an index.

use crate::event_hold::{EventHold, HeldEvent};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_state::Impossible;

/// Holds an event again; `None` if there is none.
pub type HoldEvent<'a> = &'a dyn Fn(HeldEvent) -> Option<Arc<dyn EventHold>>;

/// The events of a state. Sockets can share a reference, as accepted ones do with their listener,
/// and share it again afterwards.
#[derive(Default)]
pub(crate) struct SavedEvents(Vec<Arc<dyn EventHold>>);

impl SavedEvents {
    /// The events, in the order of their indices.
    pub(crate) fn events(&self) -> Vec<HeldEvent> {
        self.0.iter().map(|event| event.event()).collect()
    }

    /// The index of an event among those of the state.
    pub(crate) fn index_of(&mut self, event: &Arc<dyn EventHold>) -> u32 {
        let known = self.0.iter().position(|known| Arc::ptr_eq(known, event));
        known.unwrap_or_else(|| {
            self.0.push(event.clone());
            self.0.len() - 1
        }) as u32
    }
}

/// The events of a state that is restored.
pub(crate) struct RestoredEvents(Vec<(Arc<dyn EventHold>, GuestAddr)>);

impl RestoredEvents {
    /// Holds the events of a state again.
    pub(crate) fn new(events: &[HeldEvent], hold: HoldEvent<'_>) -> Result<Self, Impossible> {
        let hold = |&event: &HeldEvent| Some((hold(event)?, event.body));
        let held: Option<_> = events.iter().map(hold).collect();
        Ok(Self(held.ok_or("an event of a socket is missing")?))
    }

    /// The event with this index.
    pub(crate) fn get(&self, index: u32) -> Result<(Arc<dyn EventHold>, GuestAddr), Impossible> {
        Ok(self.0.get(index as usize).cloned().ok_or("an event of a socket is missing")?)
    }
}
