//! What all slots share without a lock: where threads are, figures, and for each slot a few words
//! that others read while its owner changes it. In lockstep all of it has one owner.
//!
//! A slot's signs change under its lock, so under it they are exact. Without it they are hints:
//! whoever acts on one locks and looks again, and whoever changes one for the better calls those
//! who may have looked too early.

use crate::contention::ContentionPoints;
use crate::directory::Directory;
use crate::{Event, EventSink, GuestTicks, HW_THREADS, NoEvents, SchedError, ThreadRef, WaitTicket};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
use xenia_sync::{Level, Mutex};

/// What others read of a slot. On a cache line of its own.
#[repr(align(64))]
struct Signs {
    /// Whether it has a running thread, or a ready one that nobody keeps from running.
    runnable: AtomicBool,
    /// A bit per other slot that could take a thread which has to wait here.
    on_offer: AtomicU8,
    /// The earliest deadline of a wait; `MAX`: none.
    deadline: AtomicU64,
}

impl Default for Signs {
    fn default() -> Self {
        Self {
            runnable: AtomicBool::default(),
            on_offer: AtomicU8::default(),
            deadline: AtomicU64::new(GuestTicks::MAX),
        }
    }
}

/// See the module's documentation.
pub(crate) struct Common {
    pub(crate) directory: Directory,
    signs: [Signs; HW_THREADS],
    /// Instructions until a thread makes way for its equal-priority peers.
    pub(crate) quantum: u32,
    /// Live threads of the title.
    live: AtomicUsize,
    /// Live threads that may run on several slots. As long as it is 0, no slot looks for a thread
    /// on another.
    roaming: AtomicUsize,
    /// What the title's thread that ended last returned.
    exit_code: AtomicU32,
    wait_serial: AtomicU64,
    /// The deadline that the time-keeper waits for.
    awaited: AtomicU64,
    /// Whether some slot has news of priorities, perhaps: so that lockstep, which tells all of
    /// them, need not look at each.
    has_news: AtomicBool,
    /// Deadlocks that were broken.
    pub(crate) recoveries: AtomicU64,
    /// Deadlocks that ended a run.
    pub(crate) halts: AtomicU64,
    events: Mutex<Box<dyn EventSink>>,
    logs_events: bool,
    contention: Mutex<ContentionPoints>,
    counts_attempts: bool,
}

impl Common {
    pub(crate) fn new(quantum: u32, contention: ContentionPoints) -> Self {
        Self {
            directory: Directory::default(),
            signs: Default::default(),
            quantum,
            live: AtomicUsize::default(),
            roaming: AtomicUsize::default(),
            exit_code: AtomicU32::default(),
            wait_serial: AtomicU64::default(),
            awaited: AtomicU64::new(GuestTicks::MAX),
            has_news: AtomicBool::default(),
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

    /// What is known of contention, if anything is to be counted of it.
    pub(crate) fn with_contention<R>(&self, f: impl FnOnce(&mut ContentionPoints) -> R) -> Option<R> {
        self.counts_attempts.then(|| f(&mut self.contention.lock()))
    }

    /// The same between two runs.
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

    /// See [`crate::Cpu::open_wait`].
    pub(crate) fn open_wait(&self, thread: ThreadRef, alertable: bool) -> Result<WaitTicket, SchedError> {
        let serial = self.directory.wait_word(thread)?.open(alertable);
        Ok(WaitTicket { thread, serial })
    }

    pub(crate) fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.directory.wait_word(wait.thread).is_ok_and(|word| word.waiting() == Some(wait.serial))
    }

    /// Numbers the machine's waits.
    pub(crate) fn next_wait(&self) -> u64 {
        self.wait_serial.fetch_add(1, Relaxed) + 1
    }

    pub(crate) fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    pub(crate) fn exit_code(&self) -> u32 {
        self.exit_code.load(Relaxed)
    }

    pub(crate) fn add_live(&self) {
        self.live.fetch_add(1, Relaxed);
    }

    pub(crate) fn end_live(&self, code: u32) {
        self.exit_code.store(code, Relaxed);
        self.live.fetch_sub(1, Relaxed);
    }

    #[inline]
    pub(crate) fn anybody_roams(&self) -> bool {
        self.roaming.load(Relaxed) != 0
    }

    /// A live thread's freedom to change slots has changed.
    pub(crate) fn count_roaming(&self, before: bool, now: bool) {
        match (before, now) {
            (false, true) => self.roaming.fetch_add(1, Relaxed),
            (true, false) => self.roaming.fetch_sub(1, Relaxed),
            _ => 0,
        };
    }

    /// A slot has news of priorities. Mostly that is known, and nothing is written.
    pub(crate) fn note_news(&self) {
        if !self.has_news.load(Relaxed) {
            self.has_news.store(true, Relaxed);
        }
    }

    /// Whether some slot has; asked once.
    #[inline]
    pub(crate) fn take_news(&self) -> bool {
        let has_news = self.has_news.load(Relaxed);
        if has_news {
            self.has_news.store(false, Relaxed);
        }
        has_news
    }

    // ---- what slots show ----

    pub(crate) fn set_runnable(&self, hw_id: u8, is_runnable: bool) {
        if let Some(signs) = self.signs.get(usize::from(hw_id)) {
            signs.runnable.store(is_runnable, Release);
        }
    }

    /// A bit per slot that has a running thread, or a ready one that nobody keeps from running.
    pub(crate) fn runnable(&self) -> u8 {
        let bit = |(hw_id, signs): (usize, &Signs)| u8::from(signs.runnable.load(Acquire)) << hw_id;
        self.signs.iter().enumerate().map(bit).sum()
    }

    pub(crate) fn set_on_offer(&self, hw_id: u8, slots: u8) {
        if let Some(signs) = self.signs.get(usize::from(hw_id)) {
            signs.on_offer.store(slots, Release);
        }
    }

    /// Whether a thread waits on another slot that this one could take.
    pub(crate) fn is_offered_one(&self, hw_id: u8) -> bool {
        self.anybody_roams() && self.signs.iter().any(|signs| signs.on_offer.load(Acquire) >> hw_id & 1 != 0)
    }

    /// A slot's earliest deadline has changed; whether the time-keeper is to be called.
    pub(crate) fn set_deadline(&self, hw_id: u8, deadline: GuestTicks) -> bool {
        if let Some(signs) = self.signs.get(usize::from(hw_id)) {
            signs.deadline.store(deadline, SeqCst);
        }
        // The time-keeper says what it waits for, and then looks once more: one of the two sees the other.
        deadline < self.awaited.load(SeqCst)
    }

    /// The earliest deadline of all, and whose it is.
    pub(crate) fn first_deadline(&self) -> Option<(GuestTicks, u8)> {
        let all = self.signs.iter().zip(0..).map(|(signs, hw_id)| (signs.deadline.load(SeqCst), hw_id));
        all.min().filter(|&(deadline, _)| deadline != GuestTicks::MAX)
    }

    /// The time-keeper is about to sleep, for that deadline at most; `false` if an earlier one has
    /// come in.
    pub(crate) fn may_wait_for(&self, deadline: Option<GuestTicks>) -> bool {
        let deadline = deadline.unwrap_or(GuestTicks::MAX);
        self.awaited.store(deadline, SeqCst);
        self.first_deadline().is_none_or(|(first, _)| first >= deadline)
    }
}

/// Guest time of what is being done, and what all slots share.
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
