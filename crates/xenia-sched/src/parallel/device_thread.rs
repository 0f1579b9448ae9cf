//! The devices' host threads: take the stores of hardware threads, and advance the graphics chip to
//! guest time.
//!
//! The graphics chip has a separate thread, because packets and draws may take long, and the sound
//! decoder must not wait for them. Stores of one hardware thread to one device arrive in order, at
//! the latest when its visit ends or it makes a kernel call. The hardware thread does not wait for
//! the effects of its stores, except for backpressure: if [`MAX_STORES`] are waiting, it blocks
//! until the device has taken some.

use super::parker::Parker;
use super::shared::Shared;
use super::slot_cpu::SlotCpu;
use crate::activity::{DEVICES, GRAPHICS};
use crate::{Doing, Limits, RunEnd, System};
use std::time::Duration;
use xenia_memory::{DeviceStore, MmioDevice};
use xenia_sync::{Condvar, Level, Mutex};

/// Limit of waiting stores; at it, further stores block.
const MAX_STORES: usize = 1 << 16;

/// Poll interval of the graphics chip while it waits for a value in guest memory, of whose change
/// it is not notified.
const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// Longest sleep of a thread that only notifications wake.
const MAX_SLEEP: Duration = Duration::from_secs(1);

/// Stores of hardware threads that a device has not taken yet.
pub(super) struct DeviceInbox {
    state: Mutex<State>,
    has_room: Condvar,
    parker: Parker,
}

#[derive(Default)]
struct State {
    stores: Vec<DeviceStore>,
    /// Whether stores are being processed.
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
        while state.stores.len() >= MAX_STORES && !state.is_ending {
            self.has_room.wait(&mut state);
        }
        // All of them: the limit may be exceeded by the stores of one visit.
        state.stores.extend_from_slice(stores);
        drop(state);
        self.parker.notify();
    }

    /// Notifies the host thread.
    pub(super) fn notify(&self) {
        self.parker.notify();
    }

    /// Ends the run: releases threads that wait for space.
    pub(super) fn end(&self) {
        self.state.lock().is_ending = true;
        self.has_room.notify_all();
        self.parker.notify();
    }

    /// Whether all stores have been processed.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.lock();
        state.stores.is_empty() && !state.is_working
    }

    fn begin(&self, stores: &mut Vec<DeviceStore>) {
        stores.clear();
        let mut state = self.state.lock();
        // The two buffers change places, so that both keep their memory.
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

    /// Ends a step that [`Self::begin`] began; `has_more` if the next one follows at once.
    fn finish_step(&self, shared: &Shared, lane: usize, has_more: bool) {
        self.state.lock().is_working = has_more;
        shared.activity.count_step(lane);
        shared.activity.set(lane, Doing::Nothing);
        // The time-keeper may be waiting for the devices to become idle.
        if !has_more && shared.all_hw_threads_idle() {
            shared.slots.keeper.notify();
        }
    }
}

impl Shared {
    /// Gives stores to their devices. The caller must hold no lock, because this may block.
    pub(super) fn leave_stores(&self, stores: &[DeviceStore]) {
        let is_graphics = |store: &DeviceStore| matches!(store.register(), Some((MmioDevice::Gpu, _)));
        for run in stores.chunk_by(|a, b| is_graphics(a) == is_graphics(b)) {
            let inbox = if run.first().is_some_and(is_graphics) { &self.graphics } else { &self.devices };
            inbox.leave(run);
        }
    }
}

/// Works on the stores of an inbox until the run ends. `step` returns the longest time until the
/// next step; `None`: that follows at once.
fn work(
    shared: &Shared,
    inbox: &DeviceInbox,
    lane: usize,
    mut step: impl FnMut(&[DeviceStore]) -> Option<Duration>,
) {
    inbox.parker.register();
    let mut stores = Vec::new();
    loop {
        // Before the check: the end of a run is notified after its flag is set.
        inbox.parker.clear();
        if shared.is_ending() {
            return;
        }
        inbox.begin(&mut stores);
        let pause = step(&stores);
        inbox.finish_step(shared, lane, pause.is_none());
        if let Some(pause) = pause {
            inbox.parker.wait(pause);
        }
    }
}

/// Runs the graphics chip until the run ends.
pub(super) fn run_graphics<S: System>(shared: &Shared, mut system: S, limits: &Limits) {
    work(shared, &shared.graphics, GRAPHICS, |stores| {
        shared.activity.set(GRAPHICS, Doing::Devices);
        let mut cpu = SlotCpu::new(shared);
        let is_last = |system: &S| limits.frames.is_some_and(|frames| system.frames() >= frames);
        if !stores.is_empty() {
            system.end_visit(&mut cpu, 0, stores);
        }
        // A run that ends at a frame must not start the next one.
        let has_more = !is_last(&system) && system.advance_devices(&mut cpu);
        if is_last(&system) {
            shared.finish(RunEnd::Frames);
        }
        let next =
            || system.next_device_event().map_or(POLL_INTERVAL, |next| shared.clock.host_time_until(next));
        (!has_more).then(|| next().min(POLL_INTERVAL))
    });
}

/// Runs the other devices until the run ends.
pub(super) fn run_others<S: System>(shared: &Shared, mut system: S) {
    work(shared, &shared.devices, DEVICES, |stores| {
        if !stores.is_empty() {
            shared.activity.set(DEVICES, Doing::Devices);
            system.end_visit(&mut SlotCpu::new(shared), 0, stores);
        }
        Some(MAX_SLEEP)
    });
}
