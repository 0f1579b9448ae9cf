//! Model-based test of the scheduler: random valid and invalid operations, after each of which
//! scheduler and model must agree.

mod compare;
mod expected;
mod operations;

use expected::{Model, State};
use std::sync::{Arc, Mutex};
use xenia_sched::{
    BlockReason, Contention, ContentionManifest, Event, EventSink, GuestTicks, HW_THREADS, OrderMode,
    SchedError, Scheduler, SchedulerConfig, SpawnParameters, ThreadRef, ThreadState, Wait, Woken,
};
use xenia_testing::{Cases, Dice};

/// Number of operations in a case.
const OPERATIONS: usize = 300;
/// Number of unreferenced exited threads of a slot that may be kept when another thread is created
/// there.
const KEPT: usize = 4;

/// Event sink that writes events to a string.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn add(&self, line: &str) {
        let mut text = self.0.lock().unwrap();
        text.push_str(line);
        text.push('\n');
    }
}

impl EventSink for Log {
    fn event(&mut self, now: GuestTicks, event: &Event<'_>) {
        self.add(&format!("{now} {event}"));
    }
}

fn spins(wait: &Wait) -> bool {
    matches!(wait.reason, BlockReason::SpinLock { .. })
}

struct Case {
    dice: Dice,
    scheduler: Scheduler,
    model: Model,
    log: Log,
    order: OrderMode,
    quantum: u32,
    rounds: usize,
}

/// Contention of three threads, some of which is never repeated.
fn recorded(dice: &mut Dice) -> Vec<Contention> {
    let mut recorded = Vec::new();
    for tid in 1..4 {
        let mut peek_idx = dice.below(2) as u64;
        for _ in 0..dice.below(6) {
            recorded.push(Contention { tid, peek_idx, object: 16, owner_tid: tid + 1 });
            peek_idx += 1 + dice.below(3) as u64;
        }
    }
    recorded
}

fn order(dice: &mut Dice, recorded: &[Contention]) -> OrderMode {
    match dice.below(4) {
        0 => OrderMode::Fixed,
        1 => OrderMode::Seeded { seed: dice.next() },
        2 => OrderMode::ScanQuantum { ticks: [1, 25, u32::MAX][dice.below(3)] },
        _ => {
            let line = |contention: &Contention| serde_json::to_string(contention).unwrap() + "\n";
            let text: String = recorded.iter().map(line).collect();
            OrderMode::Replay { manifest: ContentionManifest::parse(&text).unwrap() }
        }
    }
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let recorded = recorded(&mut dice);
        let order = order(&mut dice, &recorded);
        let quantum = [0, 1, 100, 50_000, u32::MAX][dice.below(5)];
        let mut scheduler = Scheduler::new(SchedulerConfig { order: order.clone(), quantum });
        let log = Log::default();
        scheduler.set_events(Box::new(log.clone()));
        let quantum = quantum.max(1);
        let model = Model::new(quantum, recorded);
        Self { dice, scheduler, model, log, order, quantum, rounds: 0 }
    }

    /// Ends all threads and checks that the scheduler keeps none.
    fn end(&mut self) {
        for at in 0..self.model.threads.len() {
            let thread = &self.model.threads[at];
            let name = thread.name;
            let references = thread.references;
            if thread.state != State::Gone {
                self.exit(at);
                for _ in 0..references {
                    assert_eq!(self.scheduler.release(name), Ok(()));
                }
                self.model.threads[at].references = 0;
            }
        }
        self.see_freed();
        self.compare();
        let s = &mut self.scheduler;
        assert_eq!((s.next_deadline(), s.live_threads(), s.non_empty_runnable()), (None, 0, 0));
        assert_eq!(s.pop_expired(GuestTicks::MAX), None);
        for hw_id in 0..HW_THREADS as u8 {
            assert_eq!(s.begin_slot_visit(hw_id), None);
            let ctx = Box::default();
            let affinity = 1 << hw_id;
            let ideal = hw_id;
            let parameters = SpawnParameters {
                ctx,
                id: 0,
                priority: 8,
                affinity,
                ideal,
                suspended: false,
                service: false,
                wait: None,
            };
            s.spawn(parameters).unwrap();
        }
        let kept = s.threads().count();
        assert!(kept <= HW_THREADS * KEPT, "{kept} threads are kept");
    }

    fn run(mut self) -> Log {
        for _ in 0..OPERATIONS {
            self.operation();
            self.compare();
        }
        self.end();
        self.log
    }
}

#[test]
fn any_operations_do_what_the_model_does() {
    Cases::new("XENIA_SCHED_CASES", 200).each(|seed| {
        let first = Case::new(seed).run();
        let again = Case::new(seed).run();
        assert_eq!(*first.0.lock().unwrap(), *again.0.lock().unwrap());
    });
}
