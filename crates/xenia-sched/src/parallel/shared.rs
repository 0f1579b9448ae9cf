//! State shared by the host threads of a run: slots, clock, notifications, and the reason for the
//! run's end.

use super::clock::Clock;
use super::device_thread::DeviceInbox;
use super::parker::Parker;
use super::phaser::Phaser;
use super::slots::Slots;
use super::workers::Workers;
use crate::{Activity, RunEnd, Scheduler};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use xenia_sync::{Level, Mutex};

/// State shared by the host threads of a run.
pub(super) struct Shared {
    pub(super) slots: Slots,
    pub(super) clock: Clock,
    /// Stores to the graphics chip.
    pub(super) graphics: DeviceInbox,
    /// Stores to other devices.
    pub(super) devices: DeviceInbox,
    pub(super) workers: Workers,
    pub(super) phaser: Phaser,
    /// Whether contention is recorded.
    pub(super) records_contention: bool,
    /// A bit per slot whose host thread has a guest thread. Each bit changes under its slot's lock.
    busy: AtomicU8,
    /// Number of instructions executed by all threads in all runs.
    pub(super) instructions: AtomicU64,
    ending: AtomicBool,
    end: Mutex<Option<RunEnd>>,
    pub(super) activity: Arc<Activity>,
}

impl Shared {
    pub(super) fn new(scheduler: Scheduler, speed: f64, instructions: u64, activity: Arc<Activity>) -> Self {
        Self {
            clock: Clock::start_at(scheduler.now(), speed),
            records_contention: scheduler.common.records_contention(),
            slots: Slots::new(scheduler),
            graphics: DeviceInbox::default(),
            devices: DeviceInbox::default(),
            workers: Workers::default(),
            phaser: Phaser::default(),
            busy: AtomicU8::new(0),
            instructions: AtomicU64::new(instructions),
            ending: AtomicBool::new(false),
            end: Mutex::new(Level::Leaf, None),
            activity,
        }
    }

    /// Takes the results of a run: the scheduler, the number of instructions executed, and the
    /// reason for its end.
    pub(super) fn into_parts(self) -> (Scheduler, u64, Option<RunEnd>) {
        let now = self.clock.now();
        let scheduler = self.slots.into_scheduler(now);
        (scheduler, self.instructions.into_inner(), self.end.into_inner())
    }

    /// Records whether a slot's host thread has a guest thread. The caller holds the slot's lock.
    pub(super) fn set_busy(&self, hw_id: u8, is_busy: bool) {
        let bit = 1 << hw_id;
        // Releases what the host thread stored before it became idle, for `is_idle`.
        let before =
            if is_busy { self.busy.fetch_or(bit, AcqRel) } else { self.busy.fetch_and(!bit, AcqRel) };
        if !is_busy && before == bit {
            // The machine may be idle until the next deadline.
            self.slots.keeper.notify();
        }
    }

    /// Whether no host thread has a guest thread. A hint, but exact under the locks of all slots.
    pub(super) fn all_hw_threads_idle(&self) -> bool {
        self.busy.load(Acquire) == 0
    }

    /// Whether nothing can happen before the next deadline: no thread runs or is about to, and the
    /// devices and the workers are idle.
    pub(super) fn is_idle(&self, has_work: impl Fn() -> bool) -> bool {
        let seems_idle = || self.all_hw_threads_idle() && self.slots.common.runnable() == 0;
        // The order matters: devices and workers wake threads before they become idle, and a thread
        // stores or defers work before it waits.
        let devices_idle = || self.graphics.is_idle() && self.devices.is_idle();
        seems_idle() && self.slots.with_all_slots(|_| seems_idle() && devices_idle() && !has_work())
    }

    /// Whether the run is ending.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Relaxed)
    }

    /// Ends the run. The first reason counts.
    pub(super) fn finish(&self, end: RunEnd) {
        self.end.lock().get_or_insert(end);
        // Relaxed: the notifications order it, and the reason is behind its lock.
        self.ending.store(true, Relaxed);
        self.slots.owners.iter().for_each(Parker::notify);
        self.slots.keeper.notify();
        self.graphics.end();
        self.devices.end();
        self.workers.end();
        self.phaser.end();
    }
}
