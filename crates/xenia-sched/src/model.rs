//! Support for loom models: memory shared by all runs, exploration of thread schedules, and
//! parking on the scheduler's wait words under loom's locks.

use crate::{
    Alertable, Commit, Contention, Cpu, Ended, Event, GuestTicks, NotedContention, Placement, SchedError,
    SpawnParameters, ThreadRef, WaitSerial, WaitTicket, WaitWord, WakeResult, Which, Woken,
};
use loom::sync::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, Heap, Protect};

/// Memory of a model.
#[derive(Clone, Copy)]
struct ModelMemory {
    memory: &'static GuestMemory,
    /// The first of its pages.
    at: GuestAddr,
}

/// Guest memory for all runs of a model, because mapping 4 GiB per run would take most of the time.
/// Models run in parallel, each on one host thread, on which loom runs all of the model's threads.
fn model_memory() -> ModelMemory {
    thread_local! {
        static MEMORY: ModelMemory = {
            let memory: &Arc<GuestMemory> = Box::leak(Box::new(GuestMemory::new().expect("guest memory")));
            let at = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1000, Protect::READ_WRITE);
            ModelMemory { memory, at: at.expect("a few pages") }
        };
    }
    MEMORY.with(|memory| *memory)
}

/// Guest memory of the model.
pub fn memory() -> &'static GuestMemory {
    model_memory().memory
}

/// Address of a page for the model's objects.
pub fn object_page() -> GuestAddr {
    model_memory().at
}

/// Address of a model thread's `KTHREAD`, on a separate page.
pub fn kthread(thread: usize) -> GuestAddr {
    model_memory().at.offset(0x1000 * (1 + thread as u32))
}

/// The scheduler's reference to a model thread.
pub fn name(thread: usize) -> ThreadRef {
    ThreadRef { hw_id: thread as u8, generation: 0, idx: 0 }
}

/// Body of a model thread.
pub type Role<M> = fn(&M);

/// Bodies of a model's threads, which run concurrently.
pub struct Roles<M> {
    /// Body of the thread that makes the others.
    pub first: Role<M>,
    pub others: Vec<Role<M>>,
}

/// Runs `roles`, then `check`, in every schedule with up to `interruptions` preemptions.
pub fn run<M: Clone + 'static>(
    title: &str,
    interruptions: usize,
    make: fn() -> M,
    Roles { first, others }: Roles<M>,
    check: impl Fn(&M) + Send + Sync + 'static,
) {
    let runs = Arc::new(AtomicU64::new(0));
    let threads = others.len() + 1;
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(interruptions);
    builder.max_branches = 100_000;
    let count = runs.clone();
    builder.check(move || {
        let model = make();
        let others: Vec<_> = others
            .iter()
            .map(|&role| {
                let model = model.clone();
                loom::thread::spawn(move || role(&model))
            })
            .collect();
        first(&model);
        for other in others {
            other.join().expect("no panic");
        }
        check(&model);
        count.fetch_add(1, Relaxed);
    });
    println!("{title}: {threads} threads, {interruptions} interruptions: {runs:?} runs");
}

/// Runs a faulty model and asserts that loom finds the fault.
pub fn must_fail(run: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "the fault was not found");
}

#[derive(Default)]
struct Gate {
    word: WaitWord,
    /// Value it was woken with, not yet consumed.
    woken: Option<u64>,
}

struct Seat {
    gate: Mutex<Gate>,
    opened: Condvar,
}

/// Parking places of a model's threads: wait words under loom's locks.
pub struct Seats(Vec<Seat>);

impl Seats {
    pub fn new(count: usize) -> Self {
        Self((0..count).map(|_| Seat { gate: Mutex::default(), opened: Condvar::new() }).collect())
    }

    /// Parks a thread whose wait is open; returns the value it is woken with.
    pub fn park(&self, thread: usize) -> u64 {
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

    /// The ticket of a thread's current wait.
    pub fn ticket(&self, thread: usize) -> Option<WaitTicket> {
        let serial: WaitSerial = self.0[thread].gate.lock().expect("no panic").word.waiting()?;
        Some(WaitTicket { thread: name(thread), serial })
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

/// Hardware thread of a caller; these models only use its waits.
pub struct ModelCpu(pub Arc<Seats>);

impl Cpu for ModelCpu {
    fn now(&self) -> GuestTicks {
        0
    }

    fn logs_events(&self) -> bool {
        false
    }

    fn emit(&mut self, _: &Event<'_>) {}

    fn open_wait(&mut self, thread: ThreadRef, alertable: Alertable) -> Result<WaitTicket, SchedError> {
        let gate = self.0.0[usize::from(thread.hw_id)].gate.lock().expect("no panic");
        Ok(WaitTicket { thread, serial: gate.word.open(alertable) })
    }

    fn is_waiting(&self, wait: WaitTicket) -> bool {
        self.0.ticket(usize::from(wait.thread.hw_id)) == Some(wait)
    }

    fn end_wait(
        &mut self,
        thread: ThreadRef,
        which: Which,
        result: WakeResult,
        _: Option<&mut dyn FnMut(&mut PpcContext)>,
    ) -> Result<Woken, SchedError> {
        let woken = self.0.end(thread, which, result.value);
        assert!(which != Which::Any || woken != Woken::NotWaiting, "it stood among the waiters");
        Ok(woken)
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

    fn yield_thread(&mut self, _: ThreadRef) -> Result<bool, SchedError> {
        unreachable!()
    }

    fn set_affinity(&mut self, _: ThreadRef, _: u32) -> Result<Placement, SchedError> {
        unreachable!()
    }

    fn records_contention(&self) -> bool {
        false
    }

    fn note_contention(&mut self, _: NotedContention) {}

    fn peek_contention(&mut self, _: u32) -> Option<Contention> {
        None
    }
}
