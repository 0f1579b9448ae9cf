//! Lock-free state shared by all slots: the thread directory, counters, and a few words per slot
//! that others read while its owner changes it. In lockstep a single owner accesses all of it.
//!
//! The published state of a slot changes under its lock, so it is exact for holders of the lock and
//! a hint for others. A thread that acts on a hint locks the slot and checks again; a thread that
//! changes it so that others could proceed notifies them.

pub(crate) mod state;

use crate::contention::ContentionPoints;
use crate::directory::ThreadDirectory;
use crate::{
    Alertable, Event, EventSink, GuestTicks, HW_THREADS, NoEvents, SchedError, ThreadRef, WaitTicket,
};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
use xenia_sync::{Level, Mutex};

/// The words of a slot that others read, on their own cache line.
#[repr(align(64))]
struct PublishedState {
    /// Whether the slot has a running thread, or a ready one that no spinning thread blocks.
    runnable: AtomicBool,
    /// A bit per other slot that could take a ready thread from here.
    offered_to: AtomicU8,
    /// The earliest deadline of a wait; `MAX` if there is none.
    deadline: AtomicU64,
}

impl Default for PublishedState {
    fn default() -> Self {
        Self {
            runnable: AtomicBool::default(),
            offered_to: AtomicU8::default(),
            deadline: AtomicU64::new(GuestTicks::MAX),
        }
    }
}

/// State shared by all slots ([module documentation](self)).
pub(crate) struct Common {
    pub(crate) directory: ThreadDirectory,
    published: [PublishedState; HW_THREADS],
    /// Quantum in instructions: how long a thread runs before equal-priority threads get their
    /// turn.
    pub(crate) quantum: u32,
    /// Number of live threads of the title.
    live: AtomicUsize,
    /// Number of live threads that may run on several slots. While it is 0, slots do not search
    /// others for threads.
    roaming: AtomicUsize,
    /// Exit code of the title's thread that ended last.
    exit_code: AtomicU32,
    /// Id of the title's first thread, its main one; 0 before it is made.
    main_thread: AtomicU32,
    /// Exit code of the main thread; 0 while it is alive.
    main_code: AtomicU32,
    wait_serial: AtomicU64,
    /// The deadline until which the time-keeper sleeps.
    awaited: AtomicU64,
    /// Guest time at which the time-keeper wakes by itself; `MAX` while it is awake.
    sleep_end: AtomicU64,
    /// Whether some slot may have priority changes to report. Lockstep then checks all slots, and
    /// none otherwise.
    has_priority_changes: AtomicBool,
    /// Number of deadlocks that were resolved by ending a wait.
    pub(crate) recoveries: AtomicU64,
    /// Number of deadlocks that ended a run.
    pub(crate) halts: AtomicU64,
    events: Mutex<Box<dyn EventSink>>,
    logs_events: bool,
    contention: Mutex<ContentionPoints>,
    counts_attempts: bool,
}

impl Common {
    pub(crate) fn new(quantum: u32, contention: ContentionPoints) -> Self {
        Self {
            directory: ThreadDirectory::default(),
            published: Default::default(),
            quantum,
            live: AtomicUsize::default(),
            roaming: AtomicUsize::default(),
            exit_code: AtomicU32::default(),
            main_thread: AtomicU32::default(),
            main_code: AtomicU32::default(),
            wait_serial: AtomicU64::default(),
            awaited: AtomicU64::new(GuestTicks::MAX),
            sleep_end: AtomicU64::new(GuestTicks::MAX),
            has_priority_changes: AtomicBool::default(),
            recoveries: AtomicU64::default(),
            halts: AtomicU64::default(),
            events: Mutex::new(Level::Leaf, Box::new(NoEvents)),
            logs_events: false,
            counts_attempts: contention.counts(),
            contention: Mutex::new(Level::Leaf, contention),
        }
    }

    // ---- events and recorded contention ----

    pub(crate) fn set_events(&mut self, events: Box<dyn EventSink>) {
        self.logs_events = events.is_enabled();
        *self.events.get_mut() = events;
    }

    #[inline]
    pub(crate) fn logs_events(&self) -> bool {
        self.logs_events
    }

    pub(crate) fn emit(&self, now: GuestTicks, event: &Event<'_>) {
        if self.logs_events {
            self.events.lock().event(now, event);
        }
    }

    /// Runs `f` on the contention state, if contention is recorded or replayed.
    pub(crate) fn with_contention<R>(&self, f: impl FnOnce(&mut ContentionPoints) -> R) -> Option<R> {
        self.counts_attempts.then(|| f(&mut self.contention.lock()))
    }

    /// Runs `f` on the contention state, between two runs.
    pub(crate) fn contention_mut<R>(&mut self, f: impl FnOnce(&mut ContentionPoints) -> R) -> R {
        let contention = self.contention.get_mut();
        let result = f(contention);
        self.counts_attempts = contention.counts();
        result
    }

    /// Whether contention is recorded.
    pub(crate) fn records_contention(&self) -> bool {
        self.with_contention(|contention| contention.is_recorded()) == Some(true)
    }

    // ---- threads and their waits ----

    /// Opens a wait of a thread ([`crate::Cpu::open_wait`]).
    pub(crate) fn open_wait(
        &self,
        thread: ThreadRef,
        alertable: Alertable,
    ) -> Result<WaitTicket, SchedError> {
        let serial = self.directory.wait_word(thread)?.open(alertable);
        Ok(WaitTicket { thread, serial })
    }

    pub(crate) fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.directory.wait_word(wait.thread).is_ok_and(|word| word.waiting() == Some(wait.serial))
    }

    /// Returns a new serial number, unique among the machine's waits.
    pub(crate) fn next_wait(&self) -> u64 {
        self.wait_serial.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// The title's exit code: the error that its main thread ended with, even if others outlived
    /// it, otherwise the code of the thread that ended last.
    pub(crate) fn exit_code(&self) -> u32 {
        match self.main_code.load(Relaxed) {
            0 => self.exit_code.load(Relaxed),
            error => error,
        }
    }

    /// Counts a new thread of the title; the first is its main one.
    pub(crate) fn add_live(&self, thread: u32) {
        self.live.fetch_add(1, Relaxed);
        // The main thread is made before any other runs.
        if self.main_thread.load(Relaxed) == 0 {
            self.main_thread.store(thread, Relaxed);
        }
    }

    /// Counts the end of a thread of the title.
    pub(crate) fn end_live(&self, thread: u32, code: u32) {
        if thread == self.main_thread.load(Relaxed) {
            self.main_code.store(code, Relaxed);
        }
        self.exit_code.store(code, Relaxed);
        self.live.fetch_sub(1, Relaxed);
    }

    #[inline]
    pub(crate) fn has_roaming_threads(&self) -> bool {
        self.roaming.load(Relaxed) != 0
    }

    /// Updates the number of live threads that can migrate, after a change of one thread.
    pub(crate) fn count_roaming(&self, before: bool, now: bool) {
        match (before, now) {
            (false, true) => self.roaming.fetch_add(1, Relaxed),
            (true, false) => self.roaming.fetch_sub(1, Relaxed),
            _ => 0,
        };
    }

    /// Records that a slot has priority changes to report. Avoids the store if that is recorded
    /// already.
    pub(crate) fn note_priority_changes(&self) {
        if !self.has_priority_changes.load(Relaxed) {
            self.has_priority_changes.store(true, Relaxed);
        }
    }

    /// Whether some slot has priority changes to report; resets the flag.
    #[inline]
    pub(crate) fn take_priority_changes(&self) -> bool {
        let has_priority_changes = self.has_priority_changes.load(Relaxed);
        if has_priority_changes {
            // Not one step with the load: only lockstep, which is one host thread, takes the flag.
            self.has_priority_changes.store(false, Relaxed);
        }
        has_priority_changes
    }

    // ---- published by slots ----

    pub(crate) fn set_runnable(&self, hw_id: u8, is_runnable: bool) {
        if let Some(published) = self.published.get(usize::from(hw_id)) {
            published.runnable.store(is_runnable, Release);
        }
    }

    /// A bit per slot that has a running thread, or a ready one that no spinning thread blocks.
    pub(crate) fn runnable(&self) -> u8 {
        let bit = |(hw_id, published): (usize, &PublishedState)| {
            u8::from(published.runnable.load(Acquire)) << hw_id
        };
        self.published.iter().enumerate().map(bit).sum()
    }

    pub(crate) fn set_offered_to(&self, hw_id: u8, slots: u8) {
        if let Some(published) = self.published.get(usize::from(hw_id)) {
            published.offered_to.store(slots, Release);
        }
    }

    /// Whether another slot has a ready thread that this one could take.
    pub(crate) fn can_take_thread(&self, hw_id: u8) -> bool {
        self.has_roaming_threads()
            && self.published.iter().any(|published| published.offered_to.load(Acquire) >> hw_id & 1 != 0)
    }

    /// Publishes a slot's earliest deadline. Returns whether the time-keeper must be notified.
    pub(crate) fn set_deadline(&self, hw_id: u8, deadline: GuestTicks) -> bool {
        if let Some(published) = self.published.get(usize::from(hw_id)) {
            published.deadline.store(deadline, SeqCst);
        }
        // The time-keeper stores its deadline and then reads these again, all sequentially
        // consistent, so at least one of the two sees the other's store.
        deadline < self.awaited.load(SeqCst)
    }

    /// The earliest deadline of all slots, and its slot.
    pub(crate) fn first_deadline(&self) -> Option<(GuestTicks, u8)> {
        let all =
            self.published.iter().zip(0..).map(|(published, hw_id)| (published.deadline.load(SeqCst), hw_id));
        all.min().filter(|&(deadline, _)| deadline != GuestTicks::MAX)
    }

    /// Publishes the deadline until which the time-keeper is about to sleep. Returns `false` if a
    /// slot has an earlier one by now.
    pub(crate) fn may_wait_for(&self, deadline: Option<GuestTicks>) -> bool {
        let deadline = deadline.unwrap_or(GuestTicks::MAX);
        self.awaited.store(deadline, SeqCst);
        self.first_deadline().is_none_or(|(first, _)| first >= deadline)
    }

    /// Publishes that the time-keeper is awake. It must do so before it reads the system's events.
    pub(crate) fn note_awake(&self) {
        self.sleep_end.store(GuestTicks::MAX, SeqCst);
    }

    /// Publishes the guest time at which the time-keeper will wake by itself, after it has read the
    /// system's events.
    pub(crate) fn set_sleep_end(&self, end: GuestTicks) {
        self.sleep_end.store(end, SeqCst);
    }

    /// Whether the time-keeper must be notified of an event at `due` that has just been added to
    /// those of the system, under the lock under which the time-keeper reads them.
    ///
    /// If the time-keeper read them before, this sees its [`Self::note_awake`] or what it stored
    /// later, so the event is not before the end of a sleep, or the time-keeper is notified. If it
    /// reads them after, it considers the event.
    pub(crate) fn is_before_sleep_end(&self, due: GuestTicks) -> bool {
        due < self.sleep_end.load(SeqCst)
    }
}

/// The guest time of an operation, and the state that all slots share.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) common: &'a Common,
    pub(crate) now: GuestTicks,
}

impl Moment<'_> {
    pub(crate) fn emit(&self, event: &Event<'_>) {
        self.common.emit(self.now, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_main_thread_is_the_titles_exit_code() {
        for (main, last, code) in [(1, 0, 1), (0, 7, 7), (3, 7, 3), (0, 0, 0)] {
            let common = Common::new(1000, ContentionPoints::default());
            common.add_live(6);
            common.add_live(7);
            common.end_live(6, main);
            common.end_live(7, last);
            assert_eq!((common.exit_code(), common.live()), (code, 0), "{main} {last}");
        }
    }
}
