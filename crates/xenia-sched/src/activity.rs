//! Live view of what an executor's host threads are doing, for monitoring threads. It never affects
//! the guest.

use crate::{GuestTicks, HW_THREADS};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The current activity of one of an executor's host threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Idle: between two runs, or waiting for work.
    Nothing,
    /// Runs or compiles guest code, starting at this address.
    Guest(u32),
    /// Executes the system call before this address.
    Kernel(u32),
    /// Advances devices: packets, draws, interrupts, sound decoders.
    Devices,
}

/// Number of distinguished host threads: one for each hardware thread, and those of the graphics
/// chip and of the other devices. Lockstep uses only the first.
const LANES: usize = HW_THREADS + 2;

/// Index of the graphics chip's thread among [`LANES`].
pub(crate) const GRAPHICS: usize = HW_THREADS;
/// Index of the other devices' thread among [`LANES`].
pub(crate) const DEVICES: usize = HW_THREADS + 1;

/// The activity of one host thread. On its own cache line, because it is written at every kernel
/// call.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Lane {
    steps: AtomicU64,
    doing: AtomicU64,
    /// Guest id of the thread that it ran last; 0: none.
    thread: AtomicU32,
}

/// The activity of all host threads of an executor, readable from any thread.
#[derive(Debug, Default)]
pub struct Activity {
    lanes: [Lane; LANES],
    instructions: AtomicU64,
    now: AtomicU64,
}

impl Activity {
    /// For each host thread: the number of visits, or of round ends, that it has completed, and its
    /// current activity.
    pub fn lanes(&self) -> impl Iterator<Item = (u64, Doing)> + '_ {
        self.lanes.iter().map(|lane| {
            let word = lane.doing.load(Relaxed);
            let doing = match word >> 32 {
                1 => Doing::Guest(word as u32),
                2 => Doing::Kernel(word as u32),
                3 => Doing::Devices,
                _ => Doing::Nothing,
            };
            (lane.steps.load(Relaxed), doing)
        })
    }

    /// Guest id of the thread that a host thread runs, or ran last; `None` if there was none.
    pub fn thread(&self, lane: usize) -> Option<u32> {
        self.lanes.get(lane).map(|lane| lane.thread.load(Relaxed)).filter(|&id| id != 0)
    }

    /// Number of instructions executed by the end of the last step.
    pub fn instructions(&self) -> u64 {
        self.instructions.load(Relaxed)
    }

    /// Guest time at the end of the last step.
    pub fn now(&self) -> GuestTicks {
        self.now.load(Relaxed)
    }

    /// Records that a host thread has completed a step.
    pub(crate) fn step(&self, lane: usize, instructions: u64, now: GuestTicks) {
        self.count_step(lane);
        self.instructions.store(instructions, Relaxed);
        self.now.store(now, Relaxed);
    }

    /// Records that a host thread which executes no guest code has completed a step.
    pub(crate) fn count_step(&self, lane: usize) {
        if let Some(lane) = self.lanes.get(lane) {
            lane.steps.fetch_add(1, Relaxed);
        }
    }

    /// Records the guest thread that a host thread runs from now on.
    #[inline]
    pub(crate) fn set_thread(&self, lane: usize, id: u32) {
        if let Some(lane) = self.lanes.get(lane) {
            lane.thread.store(id, Relaxed);
        }
    }

    /// Sets the current activity of a host thread.
    #[inline]
    pub(crate) fn set(&self, lane: usize, doing: Doing) {
        let word = match doing {
            Doing::Nothing => 0,
            Doing::Guest(pc) => 1 << 32 | u64::from(pc),
            Doing::Kernel(pc) => 2 << 32 | u64::from(pc),
            Doing::Devices => 3 << 32,
        };
        if let Some(lane) = self.lanes.get(lane) {
            lane.doing.store(word, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_lanes_return_recorded_values() {
        let activity = Activity::default();
        for doing in [Doing::Guest(0x8201_0000), Doing::Kernel(u32::MAX), Doing::Devices, Doing::Nothing] {
            activity.set(2, doing);
            assert_eq!(activity.lanes().nth(2), Some((0, doing)));
        }
        assert_eq!(activity.thread(2), None);
        activity.set_thread(2, 5);
        assert_eq!((activity.thread(2), activity.thread(1), activity.thread(99)), (Some(5), None, None));
        activity.step(2, 7, 9);
        activity.count_step(DEVICES);
        let steps: Vec<_> = activity.lanes().map(|(steps, _)| steps).collect();
        assert_eq!(steps, [0, 0, 1, 0, 0, 0, 0, 1]);
        assert_eq!((activity.instructions(), activity.now()), (7, 9));
    }
}
