//! What the host threads of a run share: the scheduler, the clock, who is to look at what, and why the run ends.

use super::clock::Clock;
use super::device_thread::DeviceInbox;
use super::phaser::Phaser;
use super::post::Post;
use super::workers::Workers;
use crate::scheduler::KEEPER;
use crate::{Activity, Cpu, GuestTicks, HW_THREADS, RunEnd, Scheduler};
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use xenia_sync::{Level, Mutex, MutexGuard};

/// See the module's documentation.
pub(super) struct Shared {
    scheduler: Mutex<Scheduler>,
    pub(super) clock: Clock,
    /// One for each slot's host thread.
    pub(super) slots: [Post; HW_THREADS],
    /// The time-keeper's.
    pub(super) keeper: Post,
    pub(super) devices: DeviceInbox,
    pub(super) workers: Workers,
    pub(super) phaser: Phaser,
    /// Whether anybody listens to events.
    pub(super) logs_events: bool,
    /// Whether lock attempts are counted.
    pub(super) counts_attempts: bool,
    /// Whether contention is recorded.
    pub(super) records_contention: bool,
    /// A bit per slot whose host thread has a guest thread. Changes under the scheduler's lock.
    busy: AtomicU8,
    /// Instructions executed, over all threads and runs.
    pub(super) instructions: AtomicU64,
    ending: AtomicBool,
    end: Mutex<Option<RunEnd>>,
    pub(super) activity: Arc<Activity>,
}

impl Shared {
    pub(super) fn new(scheduler: Scheduler, speed: f64, instructions: u64, activity: Arc<Activity>) -> Self {
        Self {
            clock: Clock::start_at(scheduler.now(), speed),
            logs_events: Cpu::logs_events(&scheduler),
            counts_attempts: scheduler.counts_attempts(),
            records_contention: Cpu::records_contention(&scheduler),
            scheduler: Mutex::new(Level::Slot, scheduler),
            slots: Default::default(),
            keeper: Post::default(),
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

    /// What is left of a run: the scheduler, the instructions executed, and why it ended.
    pub(super) fn into_parts(self) -> (Scheduler, u64, Option<RunEnd>) {
        let now = self.clock.now();
        let mut scheduler = self.scheduler.into_inner();
        scheduler.set_now(now);
        (scheduler, self.instructions.into_inner(), self.end.into_inner())
    }

    /// Lets `f` see the scheduler at guest time `now`, and tells whoever has to know what it has changed, but for those in
    /// `except`.
    pub(super) fn with_except<R>(
        &self,
        now: GuestTicks,
        except: u8,
        f: impl FnOnce(&mut Scheduler) -> R,
    ) -> R {
        let mut scheduler = self.scheduler.lock();
        scheduler.set_now(now);
        let result = f(&mut scheduler);
        let signals = scheduler.take_signals() & !except;
        drop(scheduler);
        self.call(signals);
        result
    }

    /// As [`Self::with_except`], and tells all.
    pub(super) fn with<R>(&self, now: GuestTicks, f: impl FnOnce(&mut Scheduler) -> R) -> R {
        self.with_except(now, 0, f)
    }

    /// The scheduler, to look at only.
    pub(super) fn look(&self) -> MutexGuard<'_, Scheduler> {
        self.scheduler.lock()
    }

    /// Calls the host threads of these bits.
    pub(super) fn call(&self, signals: u8) {
        if signals == 0 {
            return;
        }
        for (hw_id, post) in self.slots.iter().enumerate() {
            if signals >> hw_id & 1 != 0 {
                post.call();
            }
        }
        if signals & KEEPER != 0 {
            self.keeper.call();
        }
    }

    /// Notes whether a slot's host thread has a guest thread. Under the scheduler's lock.
    pub(super) fn set_busy(&self, hw_id: u8, is_busy: bool) {
        let bit = 1 << hw_id;
        let before =
            if is_busy { self.busy.fetch_or(bit, AcqRel) } else { self.busy.fetch_and(!bit, AcqRel) };
        if !is_busy && before == bit {
            // Perhaps nothing happens any more before the next deadline.
            self.keeper.call();
        }
    }

    /// Whether no host thread has a guest thread. Means something under the scheduler's lock.
    pub(super) fn nobody_is_busy(&self) -> bool {
        self.busy.load(Acquire) == 0
    }

    /// Whether the run is over.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Relaxed)
    }

    /// Ends the run. What was said first counts.
    pub(super) fn finish(&self, end: RunEnd) {
        self.end.lock().get_or_insert(end);
        self.ending.store(true, Release);
        self.slots.iter().for_each(Post::call);
        self.keeper.call();
        self.devices.end();
        self.workers.end();
        self.phaser.end();
    }
}
