//! Tests of very long visits: they can be stopped, and the guest can't notice how the executor
//! splits them.

use super::*;
use crate::storer::Storer;
use std::sync::OnceLock;

#[test]
fn the_stop_flag_is_polled_in_an_endless_visit() {
    let order = OrderMode::ScanQuantum { ticks: u32::MAX };
    let m = machine(SchedulerConfig { order, ..SchedulerConfig::default() }, &[(0, 8, &[])]);
    let engine = Stopper::default();
    let stop = engine.0.clone();
    let mut executor = LockstepExecutor::new(m.executor.scheduler, Box::new(engine), m.executor.system);
    let _ = stop.set(executor.stop_flag());
    assert_eq!(executor.run(&Limits::default()), RunEnd::Stopped);
    assert!(executor.instructions() < 1 << 24, "{} instructions", executor.instructions());
}

/// Executes its whole budget, while another thread sets the stop flag.
#[derive(Default)]
struct Stopper(Arc<OnceLock<Arc<AtomicBool>>>);

impl Execute for Stopper {
    fn run(&mut self, ctx: &mut PpcContext, _: &mut DeviceQueue) -> Exit {
        self.0.get().unwrap().store(true, Relaxed);
        ctx.budget = 0;
        Exit::Budget
    }

    fn name(&self) -> &'static str {
        "stopper"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters::default()
    }
}

#[test]
fn a_long_visit_in_stretches_is_one_to_the_guest() {
    let order = OrderMode::ScanQuantum { ticks: 1 << 20 };
    let config = SchedulerConfig { order, ..SchedulerConfig::default() };
    // Two threads of equal priority: the one that has the slot keeps it to the end of the visit.
    let mut m = machine(config, &[(0, 8, &[]), (0, 8, &[Step::Call(END)])]);
    assert_eq!(m.executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(m.executor.instructions(), (1 << 24) + 1);
    assert_eq!(m.executor.system.visits, [(0, 1 << 20)]);
}

#[test]
fn a_visit_ends_where_the_devices_must_take_its_stores() {
    const STORES: u64 = 5 << 19;
    let m = machine(SchedulerConfig { quantum: 8 << 20, ..SchedulerConfig::default() }, &[(0, 8, &[])]);
    let engine = Box::new(Storer::new(1, STORES));
    let mut executor = LockstepExecutor::new(m.executor.scheduler, engine, m.executor.system);
    assert_eq!(executor.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 42 }));
    assert_eq!(executor.instructions(), STORES);
    let ends: Vec<GuestTicks> = executor.system.visits.iter().map(|&(_, now)| now).collect();
    assert_eq!(ends, [1 << 19, 1 << 20], "each counts as a whole one");
    let stores = &executor.system.stores;
    assert!(stores.len() > DeviceQueue::CAPACITY && stores.iter().copied().eq(1..=stores.len() as u32));
}
