//! Saved state of the parallel executor: the threads between two runs, when all host threads have
//! ended, and the device stores that no device has taken.
//!
//! Reservations are not saved: a store by another thread could have ended them at any time.

use super::ParallelExecutor;
use crate::counters::MAX_COUNT;
use crate::deadlock::Deadlocks;
use crate::limits::SeenFrame;
use crate::{HW_THREADS, MAX_TICKS, SchedulerState, System};
use serde::{Deserialize, Serialize};
use xenia_memory::{DeviceQueue, DeviceStore};
use xenia_state::{Impossible, Unsaveable, check};

/// Maximum number of device stores left over: the queues of all hardware threads, and as many again
/// for those that already waited for the devices.
const MAX_STORES: usize = HW_THREADS * 2 * DeviceQueue::CAPACITY;

/// Threads, slots and executor, as they are saved between two runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ParallelState {
    pub(crate) scheduler: SchedulerState,
    pub(crate) stores: Vec<DeviceStore>,
    pub(crate) instructions: u64,
    pub(crate) deadlocks: Deadlocks,
    pub(crate) last_frame: SeenFrame,
}

impl<S: System> ParallelExecutor<S> {
    /// The state of threads and executor, between two runs.
    ///
    /// # Errors
    /// A thread is in the middle of a call.
    pub fn state(&self) -> Result<ParallelState, Unsaveable> {
        let Self {
            scheduler,
            // System and engines are saved by their owners, as far as they have state.
            system: _,
            engines: _,
            // Settings of the host.
            skips_idle_time: _,
            speed: _,
            has_barrier: _,
            // Empty: the host threads have left their stores.
            queues: _,
            stores,
            instructions,
            deadlocks,
            last_frame,
            // Requests and observers of the host.
            stop: _,
            activity: _,
            sampler: _,
        } = self;
        Ok(ParallelState {
            scheduler: scheduler.state()?,
            stores: stores.clone(),
            instructions: *instructions,
            deadlocks: *deadlocks,
            last_frame: *last_frame,
        })
    }

    /// Replaces threads and executor's state by saved ones. System, engines and memory are restored
    /// by the caller.
    ///
    /// # Errors
    /// A value that no executor can have; this one is then not to be used any more.
    pub fn restore(&mut self, state: ParallelState) -> Result<(), Impossible> {
        let ParallelState { scheduler, stores, instructions, deadlocks, last_frame } = state;
        check(instructions <= MAX_COUNT, "the number of instructions is too large")?;
        check(last_frame.since <= MAX_TICKS, "the last frame is too late")?;
        check(stores.len() <= MAX_STORES, "more device stores are left than there can be")?;
        let is_register = |store: &DeviceStore| store.addr.0.is_multiple_of(4) && store.register().is_some();
        check(stores.iter().all(is_register), "a device store is to no register")?;
        self.scheduler.restore(scheduler)?;
        self.scheduler.forget_reservations();
        self.stores = stores;
        self.instructions = instructions;
        self.deadlocks = deadlocks;
        self.last_frame = last_frame;
        Ok(())
    }
}
