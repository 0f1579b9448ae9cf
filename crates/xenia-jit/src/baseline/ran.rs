//! Units that have run, for the thread that compiles ahead.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::thread::Thread;

/// Limit of units that wait for the thread. Others are added when they are sampled again.
const MAX_RAN: usize = 1 << 10;
/// Limit of units taken from the list; beyond it no more are added.
const MAX_TAKEN: usize = 1 << 16;

/// Units that have run and are worth the optimizing tier, but are not hot yet.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// Executed instructions, by sampled address.
    waiting: HashMap<u32, u64>,
    taken: HashSet<u32>,
    /// The thread that takes them, and sleeps while none waits.
    taker: Option<Thread>,
}

impl Ran {
    /// Sets the thread to wake when a unit is added.
    pub(crate) fn set_taker(&mut self, thread: Thread) {
        self.taker = Some(thread);
    }

    /// Records the work of the unit that was sampled at `pc`.
    pub(crate) fn note(&mut self, pc: u32, credit: u64) {
        if let Some(waiting) = self.waiting.get_mut(&pc) {
            *waiting = credit;
        } else if self.waiting.len() < MAX_RAN && self.taken.len() < MAX_TAKEN && !self.taken.contains(&pc) {
            self.waiting.insert(pc, credit);
            if let Some(taker) = &self.taker {
                taker.unpark();
            }
        }
    }

    /// Removes and returns the address with the most work; of several, the lowest.
    pub(crate) fn take(&mut self) -> Option<u32> {
        let next = self.waiting.iter().max_by_key(|&(&pc, &credit)| (credit, Reverse(pc)));
        let pc = next.map(|(&pc, _)| pc)?;
        self.waiting.remove(&pc);
        self.taken.insert(pc);
        Some(pc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn the_most_credit_comes_first_and_each_unit_once() {
        let mut ran = Ran::default();
        for (pc, credit) in [(8, 20), (4, 20), (12, 30), (16, 10), (16, 40)] {
            ran.note(pc, credit);
        }
        assert_eq!([(); 4].map(|()| ran.take()), [Some(16), Some(12), Some(4), Some(8)]);
        ran.note(16, 99);
        assert_eq!(ran.take(), None);
    }

    #[test]
    fn a_new_unit_wakes_the_thread() {
        let (wake, is_awake) = mpsc::channel();
        let sleeper = thread::spawn(move || {
            thread::park();
            wake.send(()).unwrap();
        });
        let mut ran = Ran::default();
        ran.set_taker(sleeper.thread().clone());
        ran.note(4, 1);
        is_awake.recv_timeout(Duration::from_mins(1)).unwrap();
        sleeper.join().unwrap();
    }

    #[test]
    fn units_that_wait_are_bounded() {
        let mut ran = Ran::default();
        for pc in 0..2 * MAX_RAN as u32 {
            ran.note(4 * pc, 1);
        }
        assert_eq!(ran.waiting.len(), MAX_RAN);
        ran.taken.extend(0..MAX_TAKEN as u32);
        ran.waiting.clear();
        ran.note(1 << 30, 1);
        assert_eq!(ran.take(), None);
    }
}
