//! The devices' host thread: takes the stores of hardware threads and advances the devices to guest
//! time.
//!
//! Stores of one hardware thread arrive in order, at the latest when its visit ends or it makes a
//! kernel call. The thread does not wait for the effects of its stores, except for backpressure: if
//! [`MOST_STORES`] are waiting, it blocks until the devices have taken some.

use super::parker::Parker;
use super::shared::Shared;
use super::slot_cpu::SlotCpu;
use crate::activity::DEVICES;
use crate::{Doing, Limits, RunEnd, System};
use std::time::Duration;
use xenia_memory::DeviceStore;
use xenia_sync::{Condvar, Level, Mutex};

/// Limit of waiting stores; at it, further stores block.
const MOST_STORES: usize = 1 << 16;

/// Poll interval of the devices while they wait for a value in guest memory, of whose change they
/// are not notified.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Stores of hardware threads that the devices have not taken yet.
pub(super) struct DeviceInbox {
    state: Mutex<State>,
    has_room: Condvar,
    parker: Parker,
}

#[derive(Default)]
struct State {
    stores: Vec<DeviceStore>,
    /// Whether the devices are processing stores.
    is_working: bool,
    is_ending: bool,
}

impl Default for DeviceInbox {
    fn default() -> Self {
        Self {
            state: Mutex::new(Level::Leaf, State::default()),
            has_room: Condvar::new(),
            parker: Parker::default(),
        }
    }
}

impl DeviceInbox {
    /// Adds stores. The caller must hold no lock, because this may block.
    pub(super) fn leave(&self, stores: &[DeviceStore]) {
        let mut state = self.state.lock();
        while state.stores.len() >= MOST_STORES && !state.is_ending {
            self.has_room.wait(&mut state);
        }
        state.stores.extend_from_slice(stores);
        drop(state);
        self.parker.notify();
    }

    /// Notifies the devices' host thread.
    pub(super) fn notify(&self) {
        self.parker.notify();
    }

    /// Ends the run: releases threads that wait for space.
    pub(super) fn end(&self) {
        self.state.lock().is_ending = true;
        self.has_room.notify_all();
        self.parker.notify();
    }

    /// Whether the devices have processed all stores.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.stores.is_empty() && !state.is_working
    }

    fn begin(&self, stores: &mut Vec<DeviceStore>) {
        stores.clear();
        let mut state = self.state.lock();
        std::mem::swap(&mut state.stores, stores);
        // Set under the lock under which the stores are taken, so that `is_idle` can't miss both.
        state.is_working = true;
        drop(state);
        self.has_room.notify_all();
    }

    /// Takes the stores that are left at the end of a run, for the next run.
    pub(super) fn take_left(&self) -> Vec<DeviceStore> {
        std::mem::take(&mut self.state.lock().stores)
    }
}

/// Runs the devices until the run ends.
pub(super) fn run<S: System>(shared: &Shared, mut system: S, limits: &Limits) {
    let inbox = &shared.devices;
    inbox.parker.register();
    let mut stores = Vec::new();
    loop {
        inbox.parker.clear();
        if shared.is_ending() {
            return;
        }
        inbox.begin(&mut stores);
        shared.activity.set(DEVICES, Doing::Devices);
        let mut cpu = SlotCpu::new(shared);
        let is_last = |system: &S| limits.frames.is_some_and(|frames| system.frames() >= frames);
        if !stores.is_empty() {
            system.end_visit(&mut cpu, 0, &stores);
        }
        // A run that ends at a frame must not start the next one.
        if !is_last(&system) {
            system.advance_devices(&mut cpu);
        }
        if is_last(&system) {
            shared.finish(RunEnd::Frames);
        }
        inbox.state.lock().is_working = false;
        shared.activity.count_step(DEVICES);
        shared.activity.set(DEVICES, Doing::Nothing);
        // The time-keeper may be waiting for the devices to become idle.
        if shared.all_hw_threads_idle() {
            shared.slots.keeper.notify();
        }
        let next = system.next_device_event().map_or(POLL_INTERVAL, |next| shared.clock.until(next));
        inbox.parker.wait(next.min(POLL_INTERVAL));
    }
}
