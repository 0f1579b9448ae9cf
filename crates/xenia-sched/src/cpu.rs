//! The scheduler's interface for code that runs on behalf of a guest thread: the hardware thread as
//! the kernel sees it.
//!
//! The kernel uses a [`Cpu`] and never the scheduler behind it. Lockstep's is [`crate::Scheduler`]
//! itself, where no other code runs between two calls. A parallel executor gives each of its host
//! threads a `Cpu` over shared slots. So each method documents what may happen concurrently, and
//! which lock the caller must hold so that the result stays meaningful.
//!
//! - **Registers** have one owner at a time: the slot's host thread while the guest thread runs
//!   ([`Running`]), the waker while the thread is being woken (the closures of [`Cpu::wake_with`]
//!   and [`Cpu::interrupt`]), otherwise the thread's record. The registers of a running thread are
//!   never accessed from outside.
//! - **Waiting** is data: the kernel returns [`crate::Disposition::Park`], and the executor parks
//!   the thread; there is no method for it. Before that, under the lock of the list that the wait
//!   is put on, the kernel opens the wait ([`Cpu::open_wait`]), so that a wake before the park is
//!   not lost.
//! - **A wait ends once.** The list registration decides who may end a wait: the code that removes
//!   the wait from its list, under that list's lock, wakes the thread. Waits on no list (delays)
//!   end by their deadline or an interruption.
//! - **Locks:** no method takes a lock that its caller could hold already; all may be called under
//!   any of the kernel's locks. Locks taken in a closure must rank above those that its caller
//!   holds.
//! - **Errors** concern names only: a thread with a counted [`ThreadRef`] is never stale.

use crate::{
    Alertable, Contention, Event, GuestTicks, Interruption, NotedContention, SchedError, SpawnParameters,
    ThreadRef, WaitSerial, Which,
};
use serde::{Deserialize, Serialize};
use xenia_cpu::PpcContext;

/// A guest thread that occupies its slot: its identity, and its registers, which are out of its
/// record while it runs.
#[derive(Debug)]
pub struct Running {
    /// Its name in the scheduler.
    pub thread: ThreadRef,
    /// Guest thread id.
    pub id: u32,
    /// The hardware thread that it occupies.
    pub hw_id: u8,
    pub ctx: Box<PpcContext>,
}

/// Identifies one wait of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitTicket {
    /// The waiting thread.
    pub thread: ThreadRef,
    /// Serial number of the wait, unique for the thread.
    pub serial: WaitSerial,
}

/// The result of a wait for its thread, which becomes ready.
#[derive(Clone, Copy, Debug)]
pub struct WakeResult {
    /// Value in r3.
    pub value: u64,
    /// Increment of its priority.
    pub boost: u8,
}

impl WakeResult {
    /// A result that leaves the priority as it is.
    pub const fn unboosted(value: u64) -> Self {
        Self { value, boost: 0 }
    }
}

/// Result of waking a thread.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// Its wait has ended with the given value, and it is ready.
    Yes,
    /// Its wait has ended before it parked: it resumes through [`crate::System::resume_unparked`]
    /// with the value.
    BeforePark,
    /// It was not waiting, or not in a wait of the required kind. Nothing has changed.
    NotWaiting,
}

impl Woken {
    /// Checks the result for a waker that removed the wait from its list, and so is the only one
    /// that may end it. If the thread did not wait, the value is lost, which is logged as an error.
    pub fn by_owner(self, thread: ThreadRef) {
        if self == Self::NotWaiting {
            tracing::error!(target: "sched", "thread {thread:?} was on a wait list but not waiting; wake lost");
        }
    }
}

/// Result of a change of affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The previous affinity, a bit per hardware thread.
    pub before: u8,
    /// The hardware thread that the thread is on now, or will be on.
    pub hw_id: u8,
}

/// Services of a hardware thread for the kernel: time, events, waits and control of threads.
pub trait Cpu {
    // ---- time and events ----

    /// Guest time of the current call. It does not advance during a call; other hardware threads
    /// may be ahead or behind by a visit.
    fn now(&self) -> GuestTicks;

    /// Whether events are logged, so that building one is worthwhile.
    fn logs_events(&self) -> bool;

    /// Logs an event at the present guest time. Events of one hardware thread keep their order;
    /// events of two are ordered only by locks that both held.
    fn emit(&mut self, event: &Event<'_>);

    // ---- waits ----

    /// Opens a wait of the thread that runs here: from now on it can be woken, though it has not
    /// parked. Must be called under the lock of the wait's list, before the wait is added to it,
    /// and must be followed by [`crate::Disposition::Park`] at the end of the call. A wake in
    /// between is kept: the thread resumes with its value instead of parking.
    fn open_wait(&mut self, thread: ThreadRef, alertable: Alertable) -> Result<WaitTicket, SchedError>;

    /// Whether a wait has not ended. The result `true` stays valid while the caller holds the lock
    /// of the list that has the wait; for a wait on no list it is a hint.
    fn is_waiting(&self, wait: WaitTicket) -> bool;

    /// Ends a thread's wait if it matches `which`: the work of the four methods below, which
    /// callers use.
    #[doc(hidden)]
    fn end_wait(
        &mut self,
        thread: ThreadRef,
        which: Which,
        result: WakeResult,
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError>;

    /// Ends a thread's wait with a result.
    ///
    /// The caller must have removed the wait from its list, under that list's lock; otherwise the
    /// thread may have been woken and be in another wait by now. A thread that has opened its wait
    /// but not parked yet counts as waiting: it does not park.
    fn wake(&mut self, thread: ThreadRef, result: WakeResult) -> Result<Woken, SchedError> {
        self.end_wait(thread, Which::Any, result, None)
    }

    /// Does the same as [`Self::wake`], and lets `registers` change the thread's registers before
    /// it is ready. The closure is called once if the result is [`Woken::Yes`], after r3 is set,
    /// and otherwise never; no lock of the scheduler is held meanwhile. For a thread that has not
    /// parked yet, [`crate::System::resume_unparked`] must make the change: the caller leaves it
    /// there before it releases the lock under which the wait was opened.
    fn wake_with(
        &mut self,
        thread: ThreadRef,
        result: WakeResult,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        self.end_wait(thread, Which::Any, result, Some(registers))
    }

    /// Ends this wait only, as [`Self::wake`] without a boost does: for a deadline, which may
    /// expire after the thread has resumed and entered another wait.
    fn time_out(&mut self, wait: WaitTicket, value: u64) -> Result<Woken, SchedError> {
        self.end_wait(wait.thread, Which::Serial(wait.serial), WakeResult::unboosted(value), None)
    }

    /// Does the same as [`Self::wake_with`] without a boost, if the thread is in an alertable wait
    /// that this interruption may end. The check and the wake are one step, so that two
    /// interruptions can't end one wait. The caller must hold the lock of the lists that alertable
    /// waits are on, from before the call until it has removed the wait from them; otherwise a
    /// signal could be given to a wait that is over.
    fn interrupt(
        &mut self,
        thread: ThreadRef,
        by: Interruption,
        value: u64,
        registers: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        self.end_wait(thread, Which::Alertable(by), WakeResult::unboosted(value), Some(registers))
    }

    // ---- threads ----

    /// Creates a thread. The returned name counts one reference, for the caller: it stays valid,
    /// even after the thread's end, until [`Self::release`]. The thread may run before this
    /// returns, unless it starts suspended or waiting, so everything that it needs must exist, or
    /// be protected by a lock that the caller holds.
    fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError>;

    /// Releases a counted reference.
    fn release(&mut self, thread: ThreadRef) -> Result<(), SchedError>;

    /// Ends the thread that runs here. The caller handles its waiters and registrations. The thread
    /// executes no more, and its registers stay with its executor until the call returns.
    fn exit(&mut self, thread: ThreadRef, code: u32) -> Result<(), SchedError>;

    /// Increments a thread's suspend count; returns the previous count. A thread that runs
    /// elsewhere stops at its next boundary, the end of a visit or of a kernel call, and may
    /// execute until then. A thread that holds its slot stops when it releases the slot: on the
    /// console, suspensions are delivered below the interrupt level of deferred calls.
    fn suspend(&mut self, thread: ThreadRef) -> Result<u32, SchedError>;

    /// Decrements a thread's suspend count, unless it is 0; returns the previous count. Cancels a
    /// suspension that has not taken effect yet.
    fn resume(&mut self, thread: ThreadRef) -> Result<u32, SchedError>;

    /// Sets the base priority, 0–31, and ends any boost; returns the previous base priority. Takes
    /// effect at the slot's next scheduling decision.
    fn set_base_priority(&mut self, thread: ThreadRef, base: u8) -> Result<u8, SchedError>;

    /// Sets a thread's current priority, 0–31, as a boost would; returns the previous one. Takes
    /// effect at the slot's next scheduling decision.
    fn set_priority(&mut self, thread: ThreadRef, priority: u8) -> Result<u8, SchedError>;

    /// A thread's current priority. Callers that publish the priority must read and store it under
    /// one lock, so that the last store has the last value.
    fn priority(&mut self, thread: ThreadRef) -> Result<u8, SchedError>;

    /// Disables or enables boosts on wake; returns whether they were disabled.
    fn set_boost_disabled(&mut self, thread: ThreadRef, disabled: bool) -> Result<bool, SchedError>;

    /// Lets the thread that runs here, or one that the caller is about to wake, hold its slot, or
    /// ends that; returns the previous state. A thread that holds its slot is not preempted, and no
    /// other thread runs there while it waits for a spin lock.
    fn hold_slot(&mut self, thread: ThreadRef, held: bool) -> Result<bool, SchedError>;

    /// Makes the thread that runs here yield to the other ready threads of its slot, from priority
    /// 1 on; the call must return [`crate::Disposition::EndVisit`]. A thread of lower priority then
    /// runs until its quantum ends or another one of higher priority becomes ready. Returns whether
    /// a thread is ready. A thread that holds its slot does not yield.
    fn yield_thread(&mut self, thread: ThreadRef) -> Result<bool, SchedError>;

    /// Sets the hardware threads that a thread may run on, the low six bits of `mask`, and migrates
    /// it if necessary. The caller must publish the new location to the guest, under a lock that
    /// orders calls for the same thread. A thread that runs elsewhere migrates at its next
    /// boundary; the result has its future location.
    fn set_affinity(&mut self, thread: ThreadRef, mask: u32) -> Result<Placement, SchedError>;

    /// Notifies the time-keeper of a new event that depends on time alone.
    fn notify_time_keeper(&mut self) {}

    /// Notifies the time-keeper of a new event at `due`, unless it wakes by itself before then. The
    /// event must have been added under a lock that [`crate::System::next_event`] takes to read it,
    /// or it may be late.
    fn note_timed_event(&mut self, _due: GuestTicks) {}

    // ---- slow host work ----

    /// Whether worker threads carry out work that calls defer ([`crate::System::work`]). Without
    /// workers, a call carries it out before it returns, so that its effects depend on the guest
    /// alone.
    fn has_workers(&self) -> bool {
        false
    }

    /// Notifies the workers of deferred work, if there are workers.
    fn notify_workers(&mut self) {}

    // ---- recorded contention ----

    /// Counts a lock attempt of the thread that runs here, given by its guest id, and returns the
    /// contention that a replayed record has for it. Attempts are counted per thread, so other
    /// threads do not affect the numbers.
    fn peek_contention(&mut self, id: u32) -> Option<Contention>;

    /// Whether contention is recorded, so that finding the owner of a lock is worthwhile.
    fn records_contention(&self) -> bool;

    /// Records that the last counted lock attempt of the thread that runs here found the lock
    /// owned, and that the thread is about to wait for it.
    fn note_contention(&mut self, contention: NotedContention);
}
