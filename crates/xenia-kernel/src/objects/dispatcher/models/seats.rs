//! Where the threads of a model sleep: the scheduler's own wait words, under loom's locks.

use loom::sync::{Condvar, Mutex};
use std::sync::Arc;
use xenia_cpu::PpcContext;
use xenia_sched::{
    Commit, Contention, Cpu, Ended, Event, GuestTicks, Placement, SchedError, SpawnParameters, ThreadRef,
    WaitSerial, WaitTicket, WaitWord, Which, Woken,
};

#[derive(Default)]
struct Gate {
    word: WaitWord,
    /// What it was woken with, and has not noticed.
    woken: Option<u64>,
}

struct Seat {
    gate: Mutex<Gate>,
    opened: Condvar,
}

pub(super) struct Seats(Vec<Seat>);

impl Seats {
    pub(super) fn new(count: usize) -> Self {
        Self((0..count).map(|_| Seat { gate: Mutex::default(), opened: Condvar::new() }).collect())
    }

    /// Parks a thread whose wait is open; what it is woken with.
    pub(super) fn park(&self, thread: usize) -> u64 {
        let Seat { gate, opened } = &self.0[thread];
        let mut gate = gate.lock().expect("no panic");
        if let Commit::GoOn(value) = gate.word.commit() {
            return value;
        }
        loop {
            if let Some(value) = gate.woken.take() {
                return value;
            }
            gate = opened.wait(gate).expect("no panic");
        }
    }

    /// The wait that a thread has now.
    pub(super) fn ticket(&self, thread: usize) -> Option<WaitTicket> {
        let serial: WaitSerial = self.0[thread].gate.lock().expect("no panic").word.waiting()?;
        Some(WaitTicket { thread: super::Model::name(thread), serial })
    }

    fn end(&self, thread: ThreadRef, which: Which, value: u64) -> Woken {
        let Seat { gate, opened } = &self.0[usize::from(thread.hw_id)];
        let mut gate = gate.lock().expect("no panic");
        match gate.word.end(which, value) {
            Ended::Over => Woken::NotWaiting,
            Ended::BeforePark => Woken::BeforePark,
            Ended::Parked => {
                gate.woken = Some(value);
                opened.notify_one();
                Woken::Yes
            }
        }
    }
}

/// The hardware thread under whoever makes a call; of what it can do, only waits are in these models.
pub(super) struct ModelCpu(pub(super) Arc<Seats>);

impl Cpu for ModelCpu {
    fn now(&self) -> GuestTicks {
        0
    }

    fn logs_events(&self) -> bool {
        false
    }

    fn emit(&mut self, _: &Event<'_>) {}

    fn open_wait(&mut self, thread: ThreadRef, alertable: bool) -> Result<WaitTicket, SchedError> {
        let gate = self.0.0[usize::from(thread.hw_id)].gate.lock().expect("no panic");
        Ok(WaitTicket { thread, serial: gate.word.open(alertable) })
    }

    fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.0.ticket(usize::from(wait.thread.hw_id)) == Some(wait)
    }

    fn wake(&mut self, thread: ThreadRef, value: u64, _: u8) -> Result<Woken, SchedError> {
        let woken = self.0.end(thread, Which::Any, value);
        assert_ne!(woken, Woken::NotWaiting, "it stood among the waiters");
        Ok(woken)
    }

    fn wake_with(
        &mut self,
        thread: ThreadRef,
        value: u64,
        boost: u8,
        _: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        self.wake(thread, value, boost)
    }

    fn time_out(&mut self, wait: WaitTicket, value: u64) -> Result<Woken, SchedError> {
        Ok(self.0.end(wait.thread, Which::Serial(wait.serial), value))
    }

    fn interrupt(
        &mut self,
        thread: ThreadRef,
        value: u64,
        _: &mut dyn FnMut(&mut PpcContext),
    ) -> Result<Woken, SchedError> {
        Ok(self.0.end(thread, Which::Alertable, value))
    }

    fn spawn(&mut self, _: SpawnParameters) -> Result<ThreadRef, SchedError> {
        unreachable!()
    }

    fn release(&mut self, _: ThreadRef) -> Result<(), SchedError> {
        unreachable!()
    }

    fn exit(&mut self, _: ThreadRef, _: u32) -> Result<(), SchedError> {
        unreachable!()
    }

    fn suspend(&mut self, _: ThreadRef) -> Result<u32, SchedError> {
        unreachable!()
    }

    fn resume(&mut self, _: ThreadRef) -> Result<u32, SchedError> {
        unreachable!()
    }

    fn priority(&mut self, _: ThreadRef) -> Result<u8, SchedError> {
        unreachable!()
    }

    fn set_base_priority(&mut self, _: ThreadRef, _: u8) -> Result<u8, SchedError> {
        unreachable!()
    }

    fn set_priority(&mut self, _: ThreadRef, _: u8) -> Result<u8, SchedError> {
        unreachable!()
    }

    fn set_boost_disabled(&mut self, _: ThreadRef, _: bool) -> Result<bool, SchedError> {
        unreachable!()
    }

    fn hold_slot(&mut self, _: ThreadRef, _: bool) -> Result<bool, SchedError> {
        unreachable!()
    }

    fn set_affinity(&mut self, _: ThreadRef, _: u32) -> Result<Placement, SchedError> {
        unreachable!()
    }

    fn records_contention(&self) -> bool {
        false
    }

    fn note_contention(&mut self, _: u32, _: u32, _: u32) {}

    fn peek_contention(&mut self, _: u32) -> Option<Contention> {
        None
    }
}
