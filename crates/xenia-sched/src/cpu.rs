//! What code that runs on behalf of a guest thread may ask of the hardware thread under it.
//!
//! The kernel sees a [`Cpu`] and never the scheduler behind it. Lockstep's is [`crate::Scheduler`]
//! itself: nothing happens between two of its methods. A parallel executor gives each of its host
//! threads one of its own over shared slots; so each method says what may happen beside it, and
//! what the caller must hold so that the answer still means something.
//!
//! - **Registers** belong to one owner at a time: the slot's host thread while the thread runs
//!   ([`Running`]), whoever ends its wait while it is being woken (the closures of
//!   [`Cpu::wake_with`] and [`Cpu::interrupt`]), the thread's record otherwise. Nobody reaches into
//!   the registers of a thread that runs.
//! - **Waiting** is data: whoever runs for the thread returns [`crate::Disposition::Park`], and its
//!   executor parks it. There is no method for it. Before that, under the lock of the list that it
//!   goes on, the wait is opened ([`Cpu::open_wait`]), so that a wake which comes before the thread
//!   parks is not lost.
//! - **A wait ends once.** Who may end one is decided by its registration: whoever takes it off the
//!   list it stands on, under that list's lock, wakes the thread. Waits on no list (delays) end by
//!   their deadline or an interruption.
//! - **Locks:** no method takes a lock that its caller could hold already; all may be called under
//!   any lock of the kernel's. What a closure takes must rank above what its caller holds.
//! - **Errors** are those of names: a thread that is referred to by a counted [`ThreadRef`] is
//!   never stale.

use crate::{Contention, Event, GuestTicks, SchedError, SpawnParameters, ThreadRef, WaitSerial};
use xenia_cpu::PpcContext;

/// A guest thread that has its slot: who it is, and its registers, which are out of its record for
/// as long as it runs.
#[derive(Debug)]
pub struct Running {
    /// Its name.
    pub thread: ThreadRef,
    /// Guest thread id.
    pub id: u32,
    /// The hardware thread that it has.
    pub hw_id: u8,
    /// Its registers.
    pub ctx: Box<PpcContext>,
}

/// One wait of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTicket {
    /// The thread.
    pub thread: ThreadRef,
    /// Which of its waits.
    pub serial: WaitSerial,
}

/// What came of waking a thread.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Its wait is over, with the value it was given: it is ready.
    Yes,
    /// Its wait is over before it has parked: it goes on by [`crate::System::go_on`] with the
    /// value.
    BeforePark,
    /// It was in no wait, or in none of the kind that was to end. Nothing has changed.
    NotWaiting,
}

impl Woken {
    /// For a waker that has taken the wait off its list, so that nobody else may end it: if the
    /// thread did not wait all the same, what it was to receive is lost, and the log says so.
    pub fn by_owner(self, thread: ThreadRef) {
        if self == Self::NotWaiting {
            tracing::error!(target: "sched", "thread {thread:?} stood among the waiters and did not wait");
        }
    }
}

/// Where a thread may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// A bit per hardware thread that it could run on before.
    pub before: u8,
    /// The hardware thread that it is on now.
    pub hw_id: u8,
}

/// See the module's documentation.
pub trait Cpu {
    // ---- time and events ----

    /// Guest time of what is going on. Does not move during a call; other hardware threads may be
    /// ahead or behind by a visit.
    fn now(&self) -> GuestTicks;

    /// Whether anybody listens to events, so that building one is worth it.
    fn logs_events(&self) -> bool;

    /// Reports an event at the present guest time. Events of one hardware thread keep their order;
    /// what orders those of two is a lock that both held.
    fn emit(&mut self, event: &Event<'_>);

    // ---- waits ----

    /// The thread that runs here is about to wait: from now on it can be woken, though it has not
    /// parked. Called under the lock of the list that the wait goes on, before it is there;
    /// each is followed by [`crate::Disposition::Park`] at the end of the call. A wake that
    /// comes in between is kept: the thread goes on with it and does not park.
    fn open_wait(&mut self, thread: ThreadRef, alertable: bool) -> Result<WaitTicket, SchedError>;

    /// Whether a wait is not over. Stays true as long as the caller holds the lock of the list that
    /// it stands on; of a wait on no list it is a guess.
    fn is_waiting(&self, wait: WaitTicket) -> bool;

    /// Ends a thread's wait: it receives `value` in r3 and becomes ready, its priority raised by
    /// `boost`.
    ///
    /// The caller has taken the wait off the list it stood on, under that list's lock; without
    /// that, the thread may have been woken and wait for something else by now. A thread that
    /// has registered its wait and not parked yet counts as waiting: it does not park.
    fn wake(&mut self, thread: ThreadRef, value: u64, boost: u8) -> Result<Woken, SchedError>;

    /// As [`Self::wake`], and lets `registers` change the thread's registers before it is ready.
    /// Called once if the answer is [`Woken::Yes`], with r3 set already, otherwise never; no
    /// lock of the scheduler's is held meanwhile. What it would have done to a thread that has
    /// not parked yet is done by [`crate::System::go_on`]: the caller leaves it there before it
    /// lets go of the lock under which the wait was opened.
    fn wake_with(
        &mut self,
        thread: ThreadRef,
        value: u64,
        boost: u8,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError>;

    /// As [`Self::wake`] without a boost, but ends this wait only: for a deadline, which may come
    /// after the thread has gone on and waits for something else.
    fn time_out(&mut self, wait: WaitTicket, value: u64) -> Result<Woken, SchedError>;

    /// As [`Self::wake_with`] without a boost, if the thread is in a wait that is alertable: one
    /// step, so that two interruptions can't end one wait. The caller holds the lock of the
    /// lists that alertable waits stand on from before the call until it has taken the wait off
    /// them: otherwise a signal could be given to a wait that is over.
    fn interrupt(
        &mut self,
        thread: ThreadRef,
        value: u64,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError>;

    // ---- threads ----

    /// Makes a thread. The name is counted once, for the caller: it stays the thread's, even after
    /// its end, until [`Self::release`]. It may run before this returns, unless it starts
    /// suspended or waiting: whatever it needs to find is there, or behind a lock that the
    /// caller holds.
    fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError>;

    /// Takes back a counted reference.
    fn release(&mut self, thread: ThreadRef) -> Result<(), SchedError>;

    /// Ends the thread that runs here. Its waiters and its registrations are the caller's business;
    /// it executes nothing more, and its registers stay with its executor until the call is
    /// over.
    fn exit(&mut self, thread: ThreadRef, code: u32) -> Result<(), SchedError>;

    /// Suspends a thread once more; returns the count before. One that runs elsewhere is asked to:
    /// it stops at its next boundary, the end of a visit or of a kernel call, and may execute
    /// until then. One that keeps its slot stops when it does so no more: what suspends a
    /// thread on the console comes in below the level of deferred calls.
    fn suspend(&mut self, thread: ThreadRef) -> Result<u32, SchedError>;

    /// Takes one suspension back; returns the count before. A count of 0 stays. Takes back a
    /// request that has not been carried out.
    fn resume(&mut self, thread: ThreadRef) -> Result<u32, SchedError>;

    /// Sets the base priority, 0–31, and ends any boost; returns the base priority before. Counts
    /// from the slot's next decision.
    fn set_base_priority(&mut self, thread: ThreadRef, base: u8) -> Result<u8, SchedError>;

    /// Sets the priority that a thread has now, 0–31, as a boost would; returns the one before.
    /// Counts from the slot's next decision.
    fn set_priority(&mut self, thread: ThreadRef, priority: u8) -> Result<u8, SchedError>;

    /// The priority that a thread has now. Whoever shows it to the guest asks and writes under one
    /// lock, so that who writes last has asked last.
    fn priority(&mut self, thread: ThreadRef) -> Result<u8, SchedError>;

    /// Turns boosts on wake off or on; returns whether they were off.
    fn set_boost_disabled(&mut self, thread: ThreadRef, disabled: bool) -> Result<bool, SchedError>;

    /// Lets the thread that runs here, or one that the caller is about to wake, keep its slot, or
    /// not any more; returns how it was. A thread that keeps its slot makes way for nobody, and
    /// nobody runs there while it waits for a spin lock.
    fn hold_slot(&mut self, thread: ThreadRef, held: bool) -> Result<bool, SchedError>;

    /// Sets the hardware threads that a thread may run on, the low six bits of `mask`, and moves it
    /// if it is on another. The caller tells the guest where it is, under a lock that orders
    /// two such calls for one thread. One that runs elsewhere moves at its next boundary; the
    /// answer names where it will be.
    fn set_affinity(&mut self, thread: ThreadRef, mask: u32) -> Result<Placement, SchedError>;

    /// Something has been set that time alone brings, a timer for one: whoever keeps time is to
    /// look when it is due.
    fn time_has_more(&mut self) {}

    // ---- work that takes the host long ----

    /// Whether host threads carry out what calls leave for later ([`crate::System::work`]). Without
    /// them, a call carries it out before it returns: what happens when then depends on nothing
    /// but the guest.
    fn has_workers(&self) -> bool {
        false
    }

    /// Work has been left, for one who has workers.
    fn work_has_come(&mut self) {}

    // ---- recorded contention ----

    /// Counts a lock attempt of the thread that runs here, by its guest id, and returns the
    /// contention that a replayed record has for it. Counts are per thread: nothing another
    /// thread does comes between.
    fn peek_contention(&mut self, id: u32) -> Option<Contention>;

    /// Whether contention is recorded, so that finding out who has the lock is worth it.
    fn records_contention(&self) -> bool;

    /// The lock attempt that the thread that runs here has counted last finds `object` with thread
    /// `owner` (0: it can't be told), and the thread is about to wait for it.
    fn note_contention(&mut self, id: u32, object: u32, owner: u32);
}
