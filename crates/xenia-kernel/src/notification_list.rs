//! Routines that a title registers to be told of something, in the order in which they are called.
//!
//! The structure that it registers, `{routine, priority, list entry}`, is what names a
//! registration. A routine may register and take back others, and itself, while the list is gone
//! through.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use xenia_guest::GuestAddr;

/// Routines that may be registered in one list.
const ROUTINE_LIMIT: usize = 256;

/// A registered function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationRoutine {
    /// The structure it was registered with; null for the system's own.
    pub registration: GuestAddr,
    /// The function.
    pub routine: GuestAddr,
}

/// Where a routine is in the order of calls: higher priorities first, then the first registered;
/// the system's own last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallOrder(pub u64);

const SYSTEM_ROUTINE: CallOrder = CallOrder(u64::MAX);

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct NotificationList {
    routines: BTreeMap<CallOrder, NotificationRoutine>,
    registered: u32,
}

impl NotificationList {
    /// Registers a routine; one whose structure is registered already moves. Beyond a limit nothing
    /// is added.
    pub fn register(&mut self, routine: NotificationRoutine, priority: i32) {
        self.unregister(routine.registration);
        if self.routines.len() < ROUTINE_LIMIT {
            let downwards = i64::from(i32::MAX) - i64::from(priority);
            self.routines.insert(CallOrder((downwards as u64) << 32 | u64::from(self.registered)), routine);
            self.registered = self.registered.wrapping_add(1);
        }
    }

    /// Takes back what was registered with this structure.
    pub fn unregister(&mut self, registration: GuestAddr) {
        self.routines.retain(|&order, known| order == SYSTEM_ROUTINE || known.registration != registration);
    }

    /// Sets the system's own routine; null takes it back.
    pub fn set_system_routine(&mut self, routine: GuestAddr) {
        self.routines.remove(&SYSTEM_ROUTINE);
        if !routine.is_null() {
            let registration = GuestAddr::NULL;
            self.routines.insert(SYSTEM_ROUTINE, NotificationRoutine { registration, routine });
        }
    }

    /// The routine that is called after the one at `last`, or the first.
    pub fn next(&self, last: Option<CallOrder>) -> Option<(CallOrder, NotificationRoutine)> {
        let from = last.map_or(Unbounded, Excluded);
        self.routines.range((from, Unbounded)).next().map(|(&order, &routine)| (order, routine))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.routines.is_empty()
    }

    /// All of them, in the order of calls.
    pub fn iter(&self) -> impl Iterator<Item = (CallOrder, NotificationRoutine)> + '_ {
        self.routines.iter().map(|(&order, &routine)| (order, routine))
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
        assert_eq!(list.routines.len(), ROUTINE_LIMIT);
    }
}
