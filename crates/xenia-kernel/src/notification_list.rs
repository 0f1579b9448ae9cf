//! Notification routines: callbacks that a title registers, in the order of their priorities.
//!
//! A registration is identified by the structure that the title passes, `{routine, priority, list
//! entry}`. A routine can register and unregister routines, also itself, while the list is being
//! iterated.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_state::{Impossible, check};

/// Largest number of routines in a list.
const MAX_ROUTINES: usize = 256;

/// A registered callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRoutine {
    /// Structure it was registered with; null for the system's routine.
    pub registration: GuestAddr,
    pub routine: GuestAddr,
}

/// Position in the call order: higher priorities first, then in order of registration; the system's
/// routine last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallOrder(pub u64);

const SYSTEM_ROUTINE: CallOrder = CallOrder(u64::MAX);

/// Callbacks in call order, with the system's routine at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NotificationList {
    routines: BTreeMap<CallOrder, NotificationRoutine>,
    registered: u32,
}

impl NotificationList {
    /// Checks a list that comes from a saved state.
    pub(crate) fn check_state(&self) -> Result<(), Impossible> {
        // The number of registrations wraps.
        let Self { routines, registered: _ } = self;
        // One more may be the system's.
        check(routines.len() <= MAX_ROUTINES + 1, "too many notification routines")
    }

    /// Registers the routine in a title's structure, or unregisters the structure.
    pub fn change(
        &mut self,
        memory: &GuestMemory,
        registration: GuestAddr,
        create: bool,
    ) -> Result<(), MemoryFault> {
        let routine: GuestAddr = memory.read(registration)?;
        let priority: i32 = memory.read(registration.offset(4))?;
        if create && !routine.is_null() {
            self.register(NotificationRoutine { registration, routine }, priority);
        } else {
            self.unregister(registration);
        }
        Ok(())
    }

    /// Registers a routine; if its structure is registered already, it moves. Beyond a limit the
    /// call has no effect.
    pub(crate) fn register(&mut self, routine: NotificationRoutine, priority: i32) {
        self.unregister(routine.registration);
        if self.routines.len() < MAX_ROUTINES {
            let downwards = i64::from(i32::MAX) - i64::from(priority);
            self.routines.insert(CallOrder((downwards as u64) << 32 | u64::from(self.registered)), routine);
            self.registered = self.registered.wrapping_add(1);
        }
    }

    /// Removes the registration of this structure.
    fn unregister(&mut self, registration: GuestAddr) {
        self.routines.retain(|&order, known| order == SYSTEM_ROUTINE || known.registration != registration);
    }

    /// Sets the system's routine; null removes it.
    pub fn set_system_routine(&mut self, routine: GuestAddr) {
        self.routines.remove(&SYSTEM_ROUTINE);
        if !routine.is_null() {
            let registration = GuestAddr::NULL;
            self.routines.insert(SYSTEM_ROUTINE, NotificationRoutine { registration, routine });
        }
    }

    /// The routine after the one at `last`, or the first.
    pub fn next(&self, last: Option<CallOrder>) -> Option<(CallOrder, NotificationRoutine)> {
        let from = last.map_or(Unbounded, Excluded);
        self.routines.range((from, Unbounded)).next().map(|(&order, &routine)| (order, routine))
    }

    /// Removes and returns the first routine, for a list of which each routine is called once.
    pub fn take_first(&mut self) -> Option<NotificationRoutine> {
        self.routines.pop_first().map(|(_, routine)| routine)
    }

    pub fn is_empty(&self) -> bool {
        self.routines.is_empty()
    }

    /// All routines, in call order.
    pub fn iter(&self) -> impl Iterator<Item = (CallOrder, NotificationRoutine)> + '_ {
        self.routines.iter().map(|(&order, &routine)| (order, routine))
    }

    /// A list with more routines than any sequence of calls registers.
    #[cfg(test)]
    pub(crate) fn overfull() -> Self {
        let routine = NotificationRoutine { registration: GuestAddr::NULL, routine: GuestAddr::NULL };
        let routines = (0..).take(MAX_ROUTINES + 2).map(|order| (CallOrder(order), routine)).collect();
        Self { routines, registered: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routines_are_called_by_priority_then_age_and_the_systems_last() {
        let mut list = NotificationList::default();
        let routine = |n| NotificationRoutine { registration: GuestAddr(n), routine: GuestAddr(n + 0x100) };
        list.set_system_routine(GuestAddr(0x999));
        for (n, priority) in [(1, 0), (2, i32::MIN), (3, i32::MAX), (4, 0), (5, 7)] {
            list.register(routine(n), priority);
        }
        list.register(routine(1), 0);
        list.unregister(GuestAddr(5));
        list.unregister(GuestAddr::NULL);
        let mut order = Vec::new();
        let mut last = None;
        while let Some((at, routine)) = list.next(last) {
            order.push(routine.registration.0);
            last = Some(at);
        }
        assert_eq!(order, [3, 4, 1, 2, 0]);
        for n in 10..10_000 {
            list.register(routine(n), 0);
        }
        assert_eq!(list.routines.len(), MAX_ROUTINES);
    }
}
