//! A machine whose threads follow a function of the test, on an engine that only makes calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use xenia_cpu::{EngineCounters, Execute, Exit, GuestException, PpcContext};
use xenia_memory::{DeviceQueue, DeviceStore};
use xenia_sched::{
    BlockReason, Cpu, Disposition, GuestTicks, ParallelExecutor, Running, Scheduler, SchedulerConfig,
    SpawnParameters, System, TICKS_PER_SECOND, ThreadRef, Wait, WaitTicket, WakeResult, Woken, WorkReport,
};

/// Engine that executes one instruction, then calls.
struct Caller;

impl Execute for Caller {
    fn run(&mut self, ctx: &mut PpcContext, _: &mut DeviceQueue) -> Exit {
        if ctx.budget <= 0 {
            return Exit::Budget;
        }
        ctx.budget -= 1;
        Exit::Syscall { lev: 2 }
    }

    fn name(&self) -> &'static str {
        "caller"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        Some(Box::new(Caller))
    }
}

/// Devices of the test's.
pub(crate) trait Chips: Send + Sync {
    /// Takes the stores of a visit.
    fn stored(&self, stores: &[DeviceStore]);
    /// Advances the graphics chip; returns whether it has more to do.
    fn advance(&self) -> bool;
}

pub(crate) type Script = dyn Fn(&mut dyn Cpu, &mut Running) -> Disposition + Send + Sync;

/// Threads to wake later, each after this time.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) left: Mutex<Vec<(ThreadRef, Duration)>>,
    pub(crate) under_way: AtomicUsize,
}

#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) script: Arc<Script>,
    pub(crate) work: Arc<Work>,
    pub(crate) chips: Option<Arc<dyn Chips>>,
    /// Counts the advances of time, if guest code reads it from memory.
    pub(crate) advances: Option<Arc<AtomicU64>>,
    threads: BTreeMap<u32, ThreadRef>,
    /// Priorities reported to the guest, by thread id.
    pub(crate) reported: Arc<Mutex<BTreeMap<u32, u8>>>,
}

impl System for Scripted {
    fn syscall(&mut self, cpu: &mut dyn Cpu, running: &mut Running, _: u8) -> Disposition {
        (self.script)(cpu, running)
    }

    fn exception(&mut self, _: &mut dyn Cpu, _: &mut Running, exception: GuestException) -> Disposition {
        panic!("{exception:?}");
    }

    fn resume_unparked(&mut self, _: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition {
        running.ctx.gpr[3] = value;
        Disposition::Continue
    }

    fn thread_moved(&mut self, _: &Running) {}

    fn priority_changed(&mut self, cpu: &mut dyn Cpu, id: u32) {
        // Gives other reports a chance to arrive first.
        std::thread::sleep(Duration::from_micros(u64::from(id == 0)));
        let mut reported = self.reported.lock().unwrap();
        reported.insert(id, cpu.priority(self.threads[&id]).unwrap());
    }

    fn end_visit(&mut self, _: &mut dyn Cpu, _: u8, stores: &[DeviceStore]) {
        if let Some(chips) = &self.chips {
            chips.stored(stores);
        }
    }

    fn advance_devices(&mut self, _: &mut dyn Cpu) -> bool {
        self.chips.as_ref().is_some_and(|chips| chips.advance())
    }

    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, _: &Wait) {
        let _ = cpu.time_out(ticket, 0x102).unwrap();
    }

    fn advance(&mut self, _: &mut dyn Cpu) {
        if let Some(advances) = &self.advances {
            advances.fetch_add(1, SeqCst);
        }
    }

    fn next_stamp(&self, now: GuestTicks) -> Option<GuestTicks> {
        const MILLISECOND: GuestTicks = TICKS_PER_SECOND / 1000;
        self.advances.as_ref().map(|_| (now / MILLISECOND + 1) * MILLISECOND)
    }

    fn work(&mut self) -> Option<WorkReport> {
        let work = self.work.clone();
        let (thread, takes) = work.left.lock().unwrap().pop()?;
        std::thread::sleep(takes);
        Some(Box::new(move |cpu| {
            assert_ne!(cpu.wake(thread, WakeResult::unboosted(7)).unwrap(), Woken::NotWaiting);
            work.under_way.fetch_sub(1, SeqCst);
        }))
    }

    fn has_work(&self) -> bool {
        self.work.under_way.load(SeqCst) > 0
    }

    fn next_event(&self) -> Option<GuestTicks> {
        None
    }

    fn frames(&self) -> u64 {
        0
    }

    fn call_stack(&self, _: &PpcContext) -> Vec<u32> {
        Vec::new()
    }
}

/// Length of a visit in instructions.
pub(crate) const QUANTUM: u32 = 100;

/// Creates a machine with threads of these ids, each on one slot, that follow the script.
pub(crate) fn machine(
    threads: &[(u32, u8)],
    script: impl Fn(&[ThreadRef], &mut dyn Cpu, &mut Running) -> Disposition + Send + Sync + 'static,
) -> ParallelExecutor<Scripted> {
    machine_with(Box::new(Caller), threads, script)
}

/// Does the same with forks of another engine.
pub(crate) fn machine_with(
    engine: Box<dyn Execute>,
    threads: &[(u32, u8)],
    script: impl Fn(&[ThreadRef], &mut dyn Cpu, &mut Running) -> Disposition + Send + Sync + 'static,
) -> ParallelExecutor<Scripted> {
    machine_of(QUANTUM, engine, threads, script)
}

/// Does the same with visits of another length in instructions.
pub(crate) fn machine_of(
    quantum: u32,
    engine: Box<dyn Execute>,
    threads: &[(u32, u8)],
    script: impl Fn(&[ThreadRef], &mut dyn Cpu, &mut Running) -> Disposition + Send + Sync + 'static,
) -> ParallelExecutor<Scripted> {
    let mut scheduler = Scheduler::new(SchedulerConfig { quantum, ..SchedulerConfig::default() });
    let references: Vec<_> = threads
        .iter()
        .map(|&(id, hw_id)| {
            let parameters = SpawnParameters {
                ctx: Box::default(),
                id,
                priority: 8,
                affinity: 1 << hw_id,
                ideal: hw_id,
                suspended: false,
                service: false,
                wait: None,
            };
            let reference = scheduler.spawn(parameters).unwrap();
            scheduler.retain(reference).unwrap();
            reference
        })
        .collect();
    let names = threads.iter().zip(&references).map(|(&(id, _), &thread)| (id, thread)).collect();
    let script = move |cpu: &mut dyn Cpu, running: &mut Running| script(&references, cpu, running);
    let (work, reported) = Default::default();
    let script = Arc::new(script);
    let system = Scripted { script, work, chips: None, advances: None, threads: names, reported };
    ParallelExecutor::new(scheduler, engine, system).unwrap()
}

pub(crate) fn exit(cpu: &mut dyn Cpu, running: &Running) -> Disposition {
    cpu.exit(running.thread, running.id).unwrap();
    Disposition::Continue
}

pub(crate) fn forever() -> Disposition {
    Disposition::Park(Wait::forever(BlockReason::Dialog))
}
