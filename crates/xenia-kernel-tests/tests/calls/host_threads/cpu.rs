//! Hardware threads for guest threads that each have a host thread: parking, waking, suspension.
//! There are as many as guest threads, so priorities and affinities have no effect.

use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use xenia_cpu::PpcContext;
use xenia_sched::{
    Alertable, BASE_PRIORITY, Commit, Contention, Cpu, Ended, Event, GuestTicks, NotedContention, Placement,
    SchedError, SpawnParameters, ThreadRef, Wait, WaitTicket, WaitWord, WakeResult, Which, Woken,
};

/// A guest thread's registers while it does not run, and its wait state.
pub(super) struct Seat {
    pub(super) reference: ThreadRef,
    pub(super) id: u32,
    pub(super) word: WaitWord,
    /// The thread's registers while no host thread runs it.
    pub(super) ctx: Mutex<Option<Box<PpcContext>>>,
    /// Whether the host thread may continue, and the suspend count.
    pub(super) gate: Mutex<Gate>,
    pub(super) opened: Condvar,
    pub(super) deadline: Mutex<Option<(GuestTicks, WaitTicket, Wait)>>,
}

#[derive(Default)]
pub(super) struct Gate {
    /// The thread was woken and has not noticed yet.
    pub(super) ready: bool,
    pub(super) suspended: u32,
}

#[derive(Default)]
pub(super) struct Seats {
    pub(super) all: Mutex<Vec<Arc<Seat>>>,
    pub(super) now: AtomicU64,
    pub(super) has_workers: AtomicBool,
    pub(super) over: AtomicBool,
}

/// The [`Cpu`] of a [`Guest`].
#[derive(Clone)]
pub(super) struct HostCpu(pub(super) Arc<Seats>);

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seats {
    /// Returns the seat of a thread.
    pub(super) fn seat(&self, thread: ThreadRef) -> Result<Arc<Seat>, SchedError> {
        lock(&self.all).get(usize::from(thread.idx)).cloned().ok_or(SchedError::Stale(thread))
    }

    fn end(
        &self,
        thread: ThreadRef,
        which: Which,
        value: u64,
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        let seat = self.seat(thread)?;
        match seat.word.end(which, value) {
            Ended::Over => return Ok(Woken::NotWaiting),
            Ended::BeforePark => return Ok(Woken::BeforePark),
            Ended::Parked => {}
        }
        let mut ctx = lock(&seat.ctx).take().expect("a parked thread's registers are in its seat");
        ctx.gpr[3] = value;
        if let Some(registers) = registers {
            registers(&mut ctx);
        }
        assert!(lock(&seat.ctx).replace(ctx).is_none());
        assert!(!std::mem::replace(&mut lock(&seat.gate).ready, true), "woken twice");
        seat.opened.notify_all();
        Ok(Woken::Yes)
    }
}

impl Cpu for HostCpu {
    fn now(&self) -> GuestTicks {
        self.0.now.load(Acquire)
    }

    fn logs_events(&self) -> bool {
        false
    }

    fn emit(&mut self, _event: &Event<'_>) {}

    fn open_wait(&mut self, thread: ThreadRef, alertable: Alertable) -> Result<WaitTicket, SchedError> {
        Ok(WaitTicket { thread, serial: self.0.seat(thread)?.word.open(alertable) })
    }

    fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.0.seat(wait.thread).is_ok_and(|seat| seat.word.waiting() == Some(wait.serial))
    }

    fn end_wait(
        &mut self,
        thread: ThreadRef,
        which: Which,
        result: WakeResult,
        registers: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        self.0.end(thread, which, result.value, registers)
    }

    fn spawn(&mut self, parameters: SpawnParameters) -> Result<ThreadRef, SchedError> {
        let mut seats = lock(&self.0.all);
        let reference = ThreadRef { hw_id: 0, generation: 0, idx: seats.len() as u16 };
        let SpawnParameters { ctx, id, suspended, wait, .. } = parameters;
        let word = WaitWord::default();
        if let Some(wait) = wait {
            word.open(wait.alertable);
            assert_eq!(word.commit(), Commit::Parked);
        }
        seats.push(Arc::new(Seat {
            reference,
            id,
            word,
            ctx: Mutex::new(Some(ctx)),
            gate: Mutex::new(Gate { ready: false, suspended: u32::from(suspended) }),
            opened: Condvar::new(),
            deadline: Mutex::default(),
        }));
        Ok(reference)
    }

    fn release(&mut self, _thread: ThreadRef) -> Result<(), SchedError> {
        Ok(())
    }

    fn exit(&mut self, _thread: ThreadRef, _code: u32) -> Result<(), SchedError> {
        Ok(())
    }

    fn suspend(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        let seat = self.0.seat(thread)?;
        let mut gate = lock(&seat.gate);
        gate.suspended += 1;
        Ok(gate.suspended - 1)
    }

    fn resume(&mut self, thread: ThreadRef) -> Result<u32, SchedError> {
        let seat = self.0.seat(thread)?;
        let mut gate = lock(&seat.gate);
        let before = gate.suspended;
        gate.suspended = before.saturating_sub(1);
        seat.opened.notify_all();
        Ok(before)
    }

    fn set_base_priority(&mut self, _thread: ThreadRef, base: u8) -> Result<u8, SchedError> {
        Ok(base)
    }

    fn set_priority(&mut self, _thread: ThreadRef, priority: u8) -> Result<u8, SchedError> {
        Ok(priority)
    }

    fn priority(&mut self, _thread: ThreadRef) -> Result<u8, SchedError> {
        Ok(BASE_PRIORITY)
    }

    fn set_boost_disabled(&mut self, _thread: ThreadRef, disabled: bool) -> Result<bool, SchedError> {
        Ok(disabled)
    }

    fn hold_slot(&mut self, _thread: ThreadRef, held: bool) -> Result<bool, SchedError> {
        Ok(held)
    }

    fn yield_thread(&mut self, _thread: ThreadRef) -> Result<bool, SchedError> {
        Ok(false)
    }

    fn set_affinity(&mut self, thread: ThreadRef, _mask: u32) -> Result<Placement, SchedError> {
        Ok(Placement { before: 1, hw_id: thread.hw_id })
    }

    fn has_workers(&self) -> bool {
        self.0.has_workers.load(Acquire)
    }

    fn records_contention(&self) -> bool {
        false
    }

    fn note_contention(&mut self, _: NotedContention) {}

    fn peek_contention(&mut self, _id: u32) -> Option<Contention> {
        None
    }
}
