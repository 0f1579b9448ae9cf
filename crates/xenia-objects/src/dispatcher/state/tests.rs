//! Waits, mutants and timers that are saved, and impossible ones.

use super::*;
use crate::dispatcher::tests::DispatcherHarness;
use crate::dispatcher::timer::{TimerApc, TimerSetting};
use crate::dispatcher::{Waiter, kind};
use xenia_guest::layout::{kmutant, ktimer};
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_state::{StateSection, StoredSection};

#[derive(Serialize, Deserialize)]
struct Saved(DispatcherState);

impl StateSection for Saved {
    const NAME: &'static str = "test/dispatcher";
    const VERSION: u16 = 1;
}

/// Threads that wait for an event, for all of two mutants that others own, and for a timer.
struct Setup {
    b: DispatcherHarness,
    objects: Arc<Objects>,
    threads: Vec<Waiter>,
    event: GuestAddr,
    mutants: [GuestAddr; 3],
    timers: [GuestAddr; 4],
}

impl Setup {
    fn new() -> Self {
        let mut b = DispatcherHarness::new();
        let limits = Arc::new(ResourceLimits::default());
        let objects = Arc::new(Objects::new(b.memory.clone(), limits));
        let threads: Vec<Waiter> = (1..=6).map(|id| b.thread(id)).collect();
        let event = b.object(kind::AUTO_EVENT, 0);
        let mutants = [(); 3].map(|()| b.allocate(kmutant::SIZE));
        let timers = [(); 4].map(|()| b.allocate(ktimer::SIZE));
        for mutant in mutants {
            b.dispatcher.initialize_mutant(&b.memory, mutant, None).unwrap();
            // Twice, by different orders of threads.
            b.wait(threads[0], &[mutant], WaitType::Any);
            b.wait(threads[0], &[mutant], WaitType::Any);
        }
        let memory = b.memory.clone();
        let dispatcher = &b.dispatcher;
        for (index, timer) in timers.into_iter().enumerate() {
            dispatcher.initialize_timer(&memory, timer, kind::MANUAL_TIMER).unwrap();
            let apc = TimerApc { thread_id: 2, routine: GuestAddr(0x100), context: 7 };
            let due = 1000;
            let apc = (index == 1).then_some(apc);
            let setting = TimerSetting { due, period_ms: index as u32 % 2, dpc: GuestAddr::NULL, apc };
            dispatcher.set_timer(&memory, timer, setting).unwrap();
        }
        // The first timer is after the others that are due at the same time.
        let setting = dispatcher.timer_setting(timers[0]).unwrap();
        dispatcher.set_timer(&memory, timers[0], setting).unwrap();
        for (thread, set, wait_type) in [
            (3, &[event, event][..], WaitType::Any),
            (1, &[event, mutants[0]], WaitType::Any),
            (2, &[mutants[1], mutants[2]], WaitType::All),
            (4, &[timers[2], event], WaitType::Any),
            (5, &[mutants[1]], WaitType::Any),
        ] {
            let deadline = (thread == 5).then_some(70_000);
            let alertable = if thread == 2 { Alertable::InUserMode } else { Alertable::No };
            let waiter = Waiter { deadline, alertable, ..threads[thread] };
            assert_eq!(b.wait(waiter, set, wait_type), None);
        }
        b.dispatcher.turn(threads[3].thread).request_interruption();
        Self { b, objects, threads, event, mutants, timers }
    }

    fn stored(&self) -> StoredSection {
        StoredSection::encode(&Saved(self.b.dispatcher.state())).unwrap()
    }

    /// The same with a dispatcher that is restored from the state's bytes.
    fn restored(mut self) -> Self {
        let stored = self.stored();
        let Saved(state) = stored.decode().unwrap();
        self.b.dispatcher = Dispatcher::default();
        self.b.dispatcher.restore(&self.objects, state).unwrap();
        assert_eq!(self.stored(), stored);
        self
    }

    /// Statuses of the threads' waits, and the words of the objects, as objects become signalled.
    fn go_on(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        let memory: Arc<GuestMemory> = self.b.memory.clone();
        let mut line = |b: &DispatcherHarness, what: &str| {
            let woken: Vec<_> = self.threads.iter().map(|&thread| b.woken(thread)).collect();
            let timers = b.dispatcher.timers();
            let next = (timers.next_due(), timers.next_noticed());
            lines.push(format!("{what}: {woken:?} {next:?}"));
        };
        let owner = self.threads[0].kthread;
        let b = &mut self.b;
        line(b, "start");
        b.dispatcher.release_mutant(&memory, &mut b.scheduler, self.mutants[0], owner, 0).unwrap();
        for _ in 0..3 {
            b.set(self.event);
            line(b, "event");
        }
        let expiries = b.dispatcher.expire_timers(&memory, &mut b.scheduler, 1000);
        line(b, &format!("{:?}", expiries.iter().map(|expiry| expiry.timer).collect::<Vec<_>>()));
        for timer in self.timers {
            let apc = b.dispatcher.timers().take_apc(timer);
            line(b, &format!("{apc} {:?}", b.dispatcher.timer_setting(timer)));
        }
        b.dispatcher.abandon_mutants(&memory, &mut b.scheduler, owner).unwrap();
        line(b, "abandoned");
        for mutant in self.mutants {
            line(b, &format!("{:?}", b.dispatcher.mutant_owner(mutant)));
        }
        for waiter in &self.threads {
            let mut turn = b.dispatcher.turn(waiter.thread);
            let left = (turn.is_interruption_requested(), turn.end());
            drop(turn);
            line(b, &format!("{left:?}"));
        }
        let mut bytes = [0; 0x400];
        memory.read_bytes(self.event.page_base(), &mut bytes).unwrap();
        lines.push(format!("{bytes:x?}"));
        lines
    }
}

/// A change that makes a state impossible, with its description.
type Change = (&'static str, fn(&mut DispatcherState));

#[test]
fn restored_waits_mutants_and_timers_continue_as_the_saved_ones() {
    let lines = Setup::new().go_on();
    let woken = lines.iter().filter(|line| line.starts_with("abandoned")).count();
    assert_eq!(woken, 1, "{lines:#?}");
    assert_eq!(Setup::new().restored().go_on(), lines);
}

#[test]
fn impossible_waits_mutants_and_timers_are_refused() {
    let setup = Setup::new();
    let changes: [Change; 12] = [
        ("an empty list", |state| {
            state.lists.insert(GuestAddr(4), Vec::new());
        }),
        ("a waiter without wait", |state| {
            state.waits.pop_first();
        }),
        ("a wait without entry", |state| {
            state.lists.pop_first();
        }),
        ("an entry twice", |state| {
            let list = state.lists.values_mut().next().unwrap();
            list.extend_from_within(..);
        }),
        ("a wait for nothing", |state| {
            state.lists.clear();
            state.waits.values_mut().for_each(|wait| wait.objects.clear());
        }),
        ("an impossible thread", |state| {
            state.asked.insert(ThreadRef { hw_id: 6, generation: 0, idx: 0 });
        }),
        ("more shards of owners", |state| state.owners.add_shard()),
        ("a mutant more than the quota", |state| state.owners.add_mutant()),
        ("a serial number above the last", |state| state.owners.forget_serials()),
        ("a timer's number above the last", |state| state.timers.set_serial(0)),
        ("a timer's number near the end", |state| state.timers.set_serial(u64::MAX)),
        ("two timers with one number", |state| state.timers.equal_numbers()),
    ];
    for (what, change) in changes {
        let mut state = setup.b.dispatcher.state();
        change(&mut state);
        let restored = Dispatcher::default().restore(&setup.objects, state);
        assert!(restored.is_err(), "{what}");
    }
}
