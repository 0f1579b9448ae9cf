//! Devices of the parallel executor: their host threads do not wait for each other, and work
//! without an end delays neither stores nor the end of a run.

use crate::scripted::{Chips, machine, machine_with};
use crate::storer::Storer;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;
use xenia_memory::{DeviceStore, MmioDevice, XMA_REGISTERS};
use xenia_sched::{Disposition, EndKind, Limits, RunEnd};

/// Time after which a test gives up.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Graphics chip that works once, until the sound decoder gets another store.
#[derive(Default)]
struct Waiting {
    decoded: Mutex<usize>,
    changed: Condvar,
    is_done: AtomicBool,
    too_late: AtomicBool,
}

impl Chips for Waiting {
    fn stored(&self, stores: &[DeviceStore]) {
        assert!(stores.iter().all(|store| matches!(store.register(), Some((MmioDevice::Xma, _)))));
        *self.decoded.lock().unwrap() += stores.len();
        self.changed.notify_all();
    }

    fn advance(&self) -> bool {
        if self.is_done.load(SeqCst) {
            return false;
        }
        let decoded = self.decoded.lock().unwrap();
        let before = *decoded;
        let waited = self.changed.wait_timeout_while(decoded, TIMEOUT, |now| *now == before).unwrap().1;
        self.too_late.fetch_or(waited.timed_out(), SeqCst);
        self.is_done.store(true, SeqCst);
        false
    }
}

#[test]
fn the_sound_decoder_does_not_wait_for_the_graphics_chip() {
    let chips = Arc::<Waiting>::default();
    let seen = chips.clone();
    // Stores in each visit.
    let engine = Storer::new(1, 1).to(XMA_REGISTERS);
    let mut machine = machine_with(Box::new(engine), &[(1, 0)], move |_, _, _| {
        let is_over = seen.is_done.load(SeqCst);
        if is_over { Disposition::End(EndKind::Exit { code: 1 }) } else { Disposition::EndVisit }
    });
    machine.system.chips = Some(chips.clone());
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 1 }));
    assert!(!chips.too_late.load(SeqCst));
}

/// Graphics chip that always has more to do.
#[derive(Default)]
struct Endless {
    parts: AtomicU64,
    stores: AtomicU64,
}

impl Chips for Endless {
    fn stored(&self, stores: &[DeviceStore]) {
        self.stores.fetch_add(stores.len() as u64, SeqCst);
    }

    fn advance(&self) -> bool {
        self.parts.fetch_add(1, SeqCst);
        true
    }
}

#[test]
fn endless_work_of_the_graphics_chip_delays_no_end_of_a_run() {
    let chips = Arc::<Endless>::default();
    let stop = Arc::<OnceLock<Arc<AtomicBool>>>::default();
    let seen = chips.clone();
    let stopped = stop.clone();
    let before = Arc::new(AtomicU64::new(0));
    let parts = before.clone();
    let mut machine = machine(&[(1, 0)], move |_, _, _| {
        if seen.parts.load(SeqCst) > parts.load(SeqCst) + 2 {
            stopped.get().unwrap().store(true, SeqCst);
        }
        Disposition::EndVisit
    });
    stop.set(machine.stop_flag()).unwrap();
    machine.system.chips = Some(chips.clone());
    for run in 0..100 {
        before.store(chips.parts.load(SeqCst), SeqCst);
        assert_eq!(machine.run(&Limits::default()), RunEnd::Stopped, "run {run}");
    }
}

#[test]
fn stores_reach_a_graphics_chip_with_endless_work() {
    const STORES: u64 = 100_000;
    let chips = Arc::<Endless>::default();
    let seen = chips.clone();
    let engine = Box::new(Storer::new(10, STORES));
    let mut machine = machine_with(engine, &[(1, 0)], move |_, _, _| {
        let is_over = seen.stores.load(SeqCst) >= STORES;
        if is_over { Disposition::End(EndKind::Exit { code: 3 }) } else { Disposition::EndVisit }
    });
    machine.system.chips = Some(chips);
    assert_eq!(machine.run(&Limits::default()), RunEnd::Ended(EndKind::Exit { code: 3 }));
}
