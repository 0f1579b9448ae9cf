//! What an executor is doing, for whoever watches it from another thread. Nothing of it flows back to the guest.

use crate::GuestTicks;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What an executor does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Nothing: it is between two runs.
    Nothing,
    /// Runs or compiles guest code; it began at this address.
    Guest(u32),
    /// Carries out the system call before this address.
    Kernel(u32),
    /// Lets the devices act: packets, draws, interrupts, timers.
    Devices,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct Activity {
    steps: AtomicU64,
    doing: AtomicU64,
    instructions: AtomicU64,
    now: AtomicU64,
}

impl Activity {
    /// Visits and ends of rounds so far.
    pub fn steps(&self) -> u64 {
        self.steps.load(Relaxed)
    }

    /// What is being done now.
    pub fn doing(&self) -> Doing {
        let word = self.doing.load(Relaxed);
        match word >> 32 {
            1 => Doing::Guest(word as u32),
            2 => Doing::Kernel(word as u32),
            3 => Doing::Devices,
            _ => Doing::Nothing,
        }
    }

    /// Instructions executed when the last step ended.
    pub fn instructions(&self) -> u64 {
        self.instructions.load(Relaxed)
    }

    /// Guest time then.
    pub fn now(&self) -> GuestTicks {
        self.now.load(Relaxed)
    }

    pub(crate) fn step(&self, instructions: u64, now: GuestTicks) {
        self.steps.fetch_add(1, Relaxed);
        self.instructions.store(instructions, Relaxed);
        self.now.store(now, Relaxed);
    }

    pub(crate) fn set(&self, doing: Doing) {
        let word = match doing {
            Doing::Nothing => 0,
            Doing::Guest(pc) => 1 << 32 | u64::from(pc),
            Doing::Kernel(pc) => 2 << 32 | u64::from(pc),
            Doing::Devices => 3 << 32,
        };
        self.doing.store(word, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_read() {
        let activity = Activity::default();
        for doing in [Doing::Guest(0x8201_0000), Doing::Kernel(u32::MAX), Doing::Devices, Doing::Nothing] {
            activity.set(doing);
            assert_eq!(activity.doing(), doing);
        }
        activity.step(7, 9);
        assert_eq!((activity.steps(), activity.instructions(), activity.now()), (1, 7, 9));
    }
}
