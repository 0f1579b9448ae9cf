//! Threads that follow scripts, with an engine and a system for them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use xenia_cpu::{EngineCounters, Execute, Exit, GuestException, PpcContext};
use xenia_memory::{DeviceQueue, DeviceStore};
use xenia_sched::{
    BlockReason, Cpu, Disposition, EndKind, Event, EventSink, GuestTicks, LockstepExecutor, MAX_TICKS,
    Running, Scheduler, SchedulerConfig, SpawnParameters, System, ThreadRef, Wait, WaitTicket, WakeResult,
    Woken,
};

/// A step of a scripted thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Executes this many instructions.
    Run(u64),
    /// Executes a system call with this LEV, which the system interprets.
    Call(u8),
    /// Executes a yield hint.
    Yield,
    /// Holds a reservation from here on, or no longer does.
    Reserve(bool),
}

/// System call that parks the thread until another wakes it.
pub(crate) const PARK: u8 = 1;
/// System call that wakes the first thread, without a boost.
pub(crate) const WAKE_FIRST: u8 = 2;
/// System call that exits the thread, with 10 and its id as the code.
pub(crate) const EXIT: u8 = 3;
/// System call that parks the thread for 1000 ticks.
pub(crate) const SLEEP_1000: u8 = 4;
/// System call that shows a frame.
pub(crate) const FRAME: u8 = 5;
/// System call that ends the machine with the code 42.
pub(crate) const END: u8 = 6;
/// System call that sets the stop flag of [`TestSystem::stop`].
pub(crate) const STOP: u8 = 7;
/// System call that wakes the first thread, with a boost of 2.
pub(crate) const BOOST_FIRST: u8 = 9;

/// The rest of each thread's script, by thread id.
pub(crate) type Programs = BTreeMap<u32, VecDeque<Step>>;

/// Engine that follows each thread's script; after its end the thread runs forever.
pub(crate) struct Scripts(pub(crate) Arc<Mutex<Programs>>);

impl Execute for Scripts {
    fn run(&mut self, ctx: &mut PpcContext, _: &mut DeviceQueue) -> Exit {
        let mut programs = self.0.lock().unwrap();
        let script = programs.entry(ctx.thread_id).or_default();
        loop {
            match script.front_mut() {
                Some(Step::Reserve(held)) => {
                    ctx.reservation.valid = u32::from(*held);
                    script.pop_front();
                }
                _ if ctx.budget == 0 => return Exit::Budget,
                Some(Step::Run(left)) => {
                    let now = (*left).min(ctx.budget as u64);
                    ctx.budget -= now as i64;
                    *left -= now;
                    if *left == 0 {
                        script.pop_front();
                    }
                }
                Some(Step::Call(lev)) => {
                    let lev = *lev;
                    script.pop_front();
                    ctx.budget -= 1;
                    return Exit::Syscall { lev };
                }
                Some(Step::Yield) => {
                    script.pop_front();
                    ctx.budget -= 1;
                    return Exit::Yield;
                }
                None => ctx.budget = 0,
            }
        }
    }

    fn name(&self) -> &'static str {
        "scripts"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }
}

#[derive(Clone, Default)]
pub(crate) struct TestSystem {
    pub(crate) frames: u64,
    pub(crate) threads: Vec<ThreadRef>,
    /// Guest times of the ends of visits and of advances.
    pub(crate) visits: Vec<(u8, GuestTicks)>,
    /// Priority changes made by the scheduler, by thread id.
    pub(crate) priorities: Vec<(u32, u8)>,
    /// Threads that were moved, and their new slots.
    pub(crate) moves: Vec<(ThreadRef, u8)>,
    /// Stores that the devices received.
    pub(crate) stores: Vec<u32>,
    pub(crate) next_event: Option<GuestTicks>,
    /// Whether the first event is handled late.
    pub(crate) late: bool,
    /// Whether rounds may be skipped when no event is due.
    pub(crate) is_quiet: bool,
    /// Stop flag that a system call sets.
    pub(crate) stop: Option<Arc<AtomicBool>>,
}

impl System for TestSystem {
    fn syscall(&mut self, cpu: &mut dyn Cpu, running: &mut Running, lev: u8) -> Disposition {
        match lev {
            PARK => return Disposition::Park(Wait::forever(BlockReason::Dialog)),
            WAKE_FIRST => {
                let _ = cpu.wake(self.threads[0], WakeResult::unboosted(1)).unwrap();
            }
            BOOST_FIRST => {
                let _ = cpu.wake(self.threads[0], WakeResult { value: 1, boost: 2 }).unwrap();
                assert!(self.priorities.is_empty(), "set between calls, not in them");
            }
            EXIT => cpu.exit(running.thread, 10 + running.id).unwrap(),
            SLEEP_1000 => {
                let deadline = Some(cpu.now() + 1000);
                return Disposition::Park(Wait { deadline, ..Wait::forever(BlockReason::Delay) });
            }
            FRAME => self.frames += 1,
            STOP => self.stop.iter().for_each(|stop| stop.store(true, Relaxed)),
            _ => return Disposition::End(EndKind::Exit { code: 42 }),
        }
        Disposition::Continue
    }

    fn exception(&mut self, _: &mut dyn Cpu, _: &mut Running, exception: GuestException) -> Disposition {
        panic!("{exception:?}");
    }

    fn priority_changed(&mut self, cpu: &mut dyn Cpu, id: u32) {
        let priority = cpu.priority(self.threads[id as usize - 1]).unwrap();
        self.priorities.push((id, priority));
    }

    fn thread_moved(&mut self, running: &Running) {
        self.moves.push((running.thread, running.hw_id));
    }

    fn end_visit(&mut self, cpu: &mut dyn Cpu, hw_id: u8, stores: &[DeviceStore]) {
        self.stores.extend(stores.iter().map(|store| store.value));
        self.visits.push((hw_id, cpu.now()));
    }

    fn resume_unparked(&mut self, _: &mut dyn Cpu, running: &mut Running, value: u64) -> Disposition {
        running.ctx.gpr[3] = value;
        Disposition::Continue
    }

    fn timed_out(&mut self, cpu: &mut dyn Cpu, ticket: WaitTicket, _: &Wait) {
        assert!(cpu.is_waiting(ticket));
        assert_eq!(cpu.time_out(ticket, 0x102), Ok(Woken::Yes));
    }

    fn advance(&mut self, cpu: &mut dyn Cpu) {
        if self.next_event.is_some_and(|at| at + u64::from(self.late) <= cpu.now()) {
            self.next_event = None;
            assert_eq!(cpu.wake(self.threads[0], WakeResult::unboosted(2)), Ok(Woken::Yes));
        }
    }

    fn next_event(&self) -> Option<GuestTicks> {
        self.next_event
    }

    fn quiet_until(&self, _: GuestTicks) -> Option<GuestTicks> {
        let next = self.next_event.map_or(MAX_TICKS, |at| at + u64::from(self.late));
        self.is_quiet.then_some(next)
    }

    fn frames(&self) -> u64 {
        self.frames
    }

    fn call_stack(&self, _: &PpcContext) -> Vec<u32> {
        vec![0x8200_0000]
    }
}

/// Event sink that keeps the log's lines for the test.
#[derive(Clone, Default)]
pub(crate) struct Lines(pub(crate) Arc<Mutex<Vec<String>>>);

impl EventSink for Lines {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        self.0.lock().unwrap().push(format!("{now} {event}"));
    }
}

pub(crate) struct LockstepHarness {
    pub(crate) executor: LockstepExecutor<TestSystem>,
    pub(crate) lines: Lines,
    pub(crate) programs: Arc<Mutex<Programs>>,
}

impl LockstepHarness {
    /// A machine that has followed its scripts to the same places, with a scheduler and an executor
    /// that have not.
    pub(crate) fn fresh(&self, config: SchedulerConfig) -> Self {
        let lines = Lines(Arc::new(Mutex::new(self.lines.0.lock().unwrap().clone())));
        let programs = Arc::new(Mutex::new(self.programs.lock().unwrap().clone()));
        let mut scheduler = Scheduler::new(config);
        scheduler.set_events(Box::new(lines.clone()));
        let engine = Box::new(Scripts(programs.clone()));
        let executor = LockstepExecutor::new(scheduler, engine, self.executor.system.clone());
        Self { executor, lines, programs }
    }
}

/// One thread per script: (slot, priority, steps). Thread ids count from 1.
pub(crate) fn machine(config: SchedulerConfig, scripts: &[(u8, u8, &[Step])]) -> LockstepHarness {
    let mut scheduler = Scheduler::new(config);
    let lines = Lines::default();
    scheduler.set_events(Box::new(lines.clone()));
    let mut system = TestSystem::default();
    let mut programs = BTreeMap::new();
    for (index, &(slot, priority, steps)) in scripts.iter().enumerate() {
        let id = index as u32 + 1;
        let thread = scheduler
            .spawn(SpawnParameters {
                ctx: Box::default(),
                id,
                priority,
                affinity: 1 << slot,
                ideal: slot,
                suspended: false,
                service: false,
                wait: None,
            })
            .unwrap();
        system.threads.push(thread);
        programs.insert(id, steps.iter().copied().collect());
    }
    let programs = Arc::new(Mutex::new(programs));
    let engine = Box::new(Scripts(programs.clone()));
    LockstepHarness { executor: LockstepExecutor::new(scheduler, engine, system), lines, programs }
}
