//! Races of waits for any and for all objects in different shards with signals, resets, pulses,
//! deadlines, APCs, alerts, suspensions and thread ends: no signal may be lost or taken twice.

use super::waits::Target;
use super::*;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use xenia_guest::layout::dispatcher_header;

/// Address of the routine of APCs.
const ROUTINE: u64 = 0x8200_1000;
const ALERTED: NtStatus = NtStatus(0x101);
const ALL: u64 = 0;
const ANY: u64 = 1;
/// Two events that release one waiter each, and two semaphores.
const OBJECTS: usize = 4;
const CONSUMERS: usize = 3;
const ROUNDS: u64 = 6000;

/// Arguments of the waits: objects by number, and whether all of them.
const WAITS: [(&[usize], u64); 7] = [
    (&[0, 1, 2, 3], ANY),
    (&[3, 0], ALL),
    (&[1, 2], ALL),
    (&[2, 1, 0], ALL),
    (&[3, 2], ANY),
    (&[0, 2], ALL),
    (&[1], ANY),
];

/// Numbers of signals given and taken, by object.
#[derive(Default)]
struct Tokens {
    given: [AtomicU64; OBJECTS],
    taken: [AtomicU64; OBJECTS],
}

/// The consumers, which wait for the objects, and the roles of the threads beside them.
struct SignalRace<'a> {
    machine: &'a HostThreads<'a>,
    consumers: Vec<Target>,
    tokens: Tokens,
    /// Number of the other threads that are not done.
    busy: AtomicU64,
    /// Number of APCs queued.
    queued: AtomicU64,
}

impl<'a> SignalRace<'a> {
    fn new(machine: &'a HostThreads<'a>) -> Self {
        Self {
            machine,
            consumers: (0..CONSUMERS).map(|_| Target::new(machine)).collect(),
            tokens: Tokens::default(),
            busy: AtomicU64::new(0),
            queued: AtomicU64::new(0),
        }
    }

    fn object(&self, index: usize) -> u64 {
        u64::from(self.machine.scratch.0) + 0x40 * index as u64
    }

    /// Addresses of the objects of a wait.
    fn list(&self, number: usize) -> GuestAddr {
        self.machine.scratch.offset(0x1000 + 0x40 * number as u32)
    }

    fn timeout(&self) -> GuestAddr {
        self.machine.scratch.offset(0x800)
    }

    fn create_objects(&self, guest: &mut Guest) {
        guest.memory().write(self.timeout(), -100_i64).unwrap();
        for index in 0..2 {
            guest.call("KeInitializeEvent", &[self.object(index), 1, 0]);
            guest.call("KeInitializeSemaphore", &[self.object(2 + index), 0, 0x7FFF_FFFF]);
        }
        for (number, (objects, _)) in WAITS.iter().enumerate() {
            for (place, &index) in objects.iter().enumerate() {
                let at = self.list(number).offset(4 * place as u32);
                guest.memory().write(at, self.object(index) as u32).unwrap();
            }
        }
    }

    /// Runs the consumers and the other roles, each on a host thread.
    fn run(&self) {
        let roles: [fn(&Self, &mut Guest); 3] =
            [Self::signal_events, Self::release_semaphores, Self::disturb_consumers];
        self.busy.store(roles.len() as u64, Relaxed);
        let others: Vec<ThreadRef> = roles.iter().map(|_| self.machine.add_thread().0).collect();
        thread::scope(|scope| {
            for (turn, consumer) in self.consumers.iter().enumerate() {
                scope.spawn(move || self.machine.run(consumer.thread, |guest| self.consume(guest, turn)));
            }
            for (role, other) in roles.into_iter().zip(others) {
                scope.spawn(move || {
                    self.machine.run(other, |guest| role(self, guest));
                    self.busy.fetch_sub(1, AcqRel);
                });
            }
        });
    }

    /// Takes signals by all kinds of waits in turn, until the others are done and none is left.
    fn consume(&self, guest: &mut Guest, mut turn: usize) {
        loop {
            let last = self.busy.load(Acquire) == 0;
            turn += 1;
            let number = turn % WAITS.len();
            let (objects, kind) = WAITS[number];
            let count = objects.len() as u64;
            let [list, timeout] = [self.list(number), self.timeout()].map(|at| u64::from(at.0));
            match guest.status("KeWaitForMultipleObjects", &[count, list, kind, 0, 1, 1, timeout, 0]) {
                NtStatus(0) if kind == ALL => {
                    for &index in objects {
                        self.tokens.taken[index].fetch_add(1, Relaxed);
                    }
                }
                NtStatus(place) if kind == ANY && place < count as u32 => {
                    self.tokens.taken[objects[place as usize]].fetch_add(1, Relaxed);
                }
                NtStatus::TIMEOUT if last => break,
                NtStatus::TIMEOUT | NtStatus::USER_APC | ALERTED => {}
                status => panic!("{status:?}"),
            }
        }
        // The end of the thread is part of the race.
        guest.call("ExTerminateThread", &[0]);
    }

    /// Sets the events, and resets them now and then.
    fn signal_events(&self, guest: &mut Guest) {
        for round in 0..ROUNDS {
            let index = round as usize % 2;
            if round % 16 == 15 {
                let reset = guest.call("KeResetEvent", &[self.object(index)]);
                self.tokens.taken[index].fetch_add(reset, Relaxed);
            } else {
                let before = guest.call("KeSetEvent", &[self.object(index), 0, 0]);
                self.tokens.given[index].fetch_add(1 - before, Relaxed);
            }
        }
    }

    fn release_semaphores(&self, guest: &mut Guest) {
        for round in 0..ROUNDS {
            let index = 2 + round as usize % 2;
            guest.call("KeReleaseSemaphore", &[self.object(index), 0, 1, 0]);
            self.tokens.given[index].fetch_add(1, Relaxed);
        }
    }

    /// Suspends, alerts and interrupts the consumers.
    fn disturb_consumers(&self, guest: &mut Guest) {
        for round in 0..ROUNDS {
            let consumer = &self.consumers[round as usize % CONSUMERS];
            match round % 16 {
                0 => {
                    guest.call("KeSuspendThread", &[consumer.kthread]);
                    guest.call("KeResumeThread", &[consumer.kthread]);
                }
                1 => _ = guest.call("KeAlertThread", &[consumer.kthread, 1]),
                _ => {
                    let apc = [u64::from(consumer.handle.0), ROUTINE, 0, 0, 0];
                    if guest.status("NtQueueApcThread", &apc) == NtStatus::SUCCESS {
                        self.queued.fetch_add(1, Relaxed);
                    }
                }
            }
        }
    }

    /// Every signal was taken once or is left, and nobody waits.
    fn check(&self) {
        let Self { machine, tokens, .. } = self;
        for index in 0..OBJECTS {
            let at = GuestAddr(self.object(index) as u32);
            let left: u32 = machine.kernel.memory.read(at.offset(dispatcher_header::SIGNAL_STATE)).unwrap();
            let [given, taken] = [&tokens.given, &tokens.taken].map(|tokens| tokens[index].load(Relaxed));
            assert_eq!(given, taken + u64::from(left), "object {index}");
            let held = machine.kernel.dispatcher.hold(&[at]);
            assert_eq!(held.waiters(at).count(), 0, "object {index}");
        }
    }
}

#[test]
fn concurrent_any_and_all_waits_take_each_signal_once() {
    let ran = AtomicU64::new(0);
    let routine = |_: &mut Guest, pc: u32, _: [u64; 4]| {
        assert_eq!(u64::from(pc), ROUTINE);
        ran.fetch_add(1, Relaxed)
    };
    let machine = HostThreads::new(&routine);
    let race = SignalRace::new(&machine);
    machine.run(machine.add_thread().0, |guest| race.create_objects(guest));
    while_time_passes(&machine, || race.run());
    assert_eq!(ran.load(Relaxed), race.queued.load(Relaxed));
    race.check();
}

#[test]
fn waits_for_all_in_either_order_take_exactly_their_objects() {
    const THREADS: usize = 4;
    let machine = HostThreads::new(&no_routine);
    let semaphore = |index: usize| u64::from(machine.scratch.0) + 0x100 * index as u64;
    let list = |number: usize| u64::from(machine.scratch.0) + 0x1000 + 0x40 * number as u64;
    machine.run(machine.add_thread().0, |guest| {
        for number in 0..THREADS {
            guest.call("KeInitializeSemaphore", &[semaphore(number), 0, 0x7FFF_FFFF]);
            // Each thread waits for its own object and the next one, every second thread in reverse
            // order.
            let mut names = [number, (number + 1) % THREADS];
            names.rotate_left(number % 2);
            for (place, index) in names.into_iter().enumerate() {
                let at = GuestAddr(list(number) as u32 + 4 * place as u32);
                guest.memory().write(at, semaphore(index) as u32).unwrap();
            }
        }
    });
    // Two threads wait for each semaphore, so two counts of each a round are exactly enough, in any
    // order.
    race(&machine, 2 * THREADS, |guest, number| {
        for _ in 0..ROUNDS / 2 {
            if number < THREADS {
                let arguments = [2, list(number), ALL, 0, 0, 0, 0, 0];
                assert_eq!(guest.call("KeWaitForMultipleObjects", &arguments), 0);
            } else {
                guest.call("KeReleaseSemaphore", &[semaphore(number - THREADS), 0, 2, 0]);
            }
        }
    });
    for number in 0..THREADS {
        let at = GuestAddr(semaphore(number) as u32).offset(dispatcher_header::SIGNAL_STATE);
        assert_eq!(machine.kernel.memory.read(at), Ok(0_u32));
    }
}

#[test]
fn a_pulse_ends_waits_that_have_begun_and_leaves_nothing() {
    const WAITERS: usize = 2;
    let machine = HostThreads::new(&no_routine);
    // One event wakes all waiters, the other one of them.
    let events = [0, 0x40].map(|offset| u64::from(machine.scratch.0 + offset));
    machine.run(machine.add_thread().0, |guest| {
        for (kind, event) in (0..).zip(events) {
            guest.call("KeInitializeEvent", &[event, kind, 0]);
            let at = machine.scratch.offset(0x1000 + 4 * kind as u32);
            guest.memory().write(at, event as u32).unwrap();
        }
    });
    let list = u64::from(machine.scratch.0) + 0x1000;
    let busy = AtomicU64::new(WAITERS as u64);
    let pulses = AtomicU64::new(0);
    let woken = AtomicU64::new(0);
    race(&machine, WAITERS + 1, |guest, number| {
        if number < WAITERS {
            for round in 0..ROUNDS / 2 {
                let place = match round % 3 {
                    2 => guest.call("KeWaitForMultipleObjects", &[2, list, ANY, 0, 0, 0, 0, 0]),
                    single => {
                        let event = events[single as usize];
                        assert_eq!(guest.call("KeWaitForSingleObject", &[event, 0, 0, 0, 0]), 0);
                        single
                    }
                };
                assert!(place < 2);
                woken.fetch_add(place, Relaxed);
            }
            busy.fetch_sub(1, AcqRel);
        } else {
            while busy.load(Acquire) > 0 {
                for (place, event) in (0..).zip(events) {
                    assert_eq!(guest.call("KePulseEvent", &[event, 0, 0]), 0, "nothing was left");
                    pulses.fetch_add(place, Relaxed);
                }
            }
        }
    });
    assert!(woken.into_inner() <= pulses.into_inner(), "a pulse of the second ends one wait at most");
    for event in events {
        let at = GuestAddr(event as u32).offset(dispatcher_header::SIGNAL_STATE);
        assert_eq!(machine.kernel.memory.read(at), Ok(0_u32));
    }
}
