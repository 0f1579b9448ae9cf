//! Race test of the wait word: one waiting thread, and threads that try to end its waits. Each wait
//! must end exactly once, with the value of its waker, and no wake may be lost. With the feature
//! `wait-model`, shuttle runs the same test with a few rounds under many schedules.

#[cfg(feature = "wait-model")]
use shuttle::{
    sync::Mutex,
    sync::atomic::{AtomicBool, AtomicU64},
    thread,
};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
#[cfg(not(feature = "wait-model"))]
use std::{
    sync::Mutex,
    sync::atomic::{AtomicBool, AtomicU64},
    thread,
};
use xenia_sched::{Alertable, Commit, Ended, Interruption, WaitSerial, WaitWord, Which};

/// Number of threads of each kind: signalling, timing out, interrupting.
const OF_EACH: u32 = if cfg!(feature = "wait-model") { 2 } else { 1 };
const SIGNAL: u64 = 1 << 60;
const TIME_OUT: u64 = 2 << 60;
const INTERRUPTION: u64 = 3 << 60;
const KIND: u64 = 0xF << 60;
/// Value of an interruption by a kernel-mode alert; that of others is 0.
const BY_KERNEL: u64 = 1;

/// Number of waits of a race.
fn rounds() -> u64 {
    if cfg!(feature = "wait-model") {
        6
    } else if xenia_testing::is_long() {
        200_000
    } else {
        50_000
    }
}

/// The interruptions that may end the wait of a round.
fn alertable_in(round: u64) -> Alertable {
    match round % 3 {
        0 => Alertable::No,
        1 => Alertable::InUserMode,
        _ => Alertable::InKernelMode,
    }
}

#[derive(Default)]
struct WaitHarness {
    word: WaitWord,
    /// The object's wait list: the wait on it, and its number.
    list: Mutex<Option<(WaitSerial, u64)>>,
    /// The current deadline, as the time-keeper sees it.
    deadline: Mutex<Option<(WaitSerial, u64)>>,
    /// Value with which a parked thread was made ready; 0 if it was not.
    ready: AtomicU64,
    over: AtomicBool,
    /// Number of ended waits by kind: signals, timeouts, interruptions.
    ended: [AtomicU64; 3],
}

impl WaitHarness {
    /// Ends the wait as the kernel does: removes it from the list under the list's lock, then makes
    /// the thread ready or lets it resume.
    fn end(&self, which: Which, value: u64, list: &mut Option<(WaitSerial, u64)>) -> bool {
        let ended = self.word.end(which, value);
        if ended == Ended::Over {
            return false;
        }
        *list = None;
        self.ended[(value >> 60) as usize - 1].fetch_add(1, Relaxed);
        if ended == Ended::Parked {
            assert_eq!(self.ready.swap(value, AcqRel), 0, "made ready twice");
        }
        true
    }

    /// Runs the waiting thread's rounds. Returns how many waits were ended by each kind.
    fn wait(&self) -> [u64; 3] {
        let mut seen = [0; 3];
        for round in 1..=rounds() {
            {
                let mut list = self.list.lock().unwrap();
                let alertable = alertable_in(round);
                let serial = self.word.open(alertable);
                *list = Some((serial, round));
                *self.deadline.lock().unwrap() = Some((serial, round));
            }
            if round % 5 == 0 {
                thread::yield_now();
            }
            let value = match self.word.commit() {
                Commit::GoOn(value) => {
                    assert_eq!(self.ready.load(Acquire), 0);
                    value
                }
                Commit::Parked => loop {
                    match self.ready.swap(0, AcqRel) {
                        0 => thread::yield_now(),
                        value => break value,
                    }
                },
            };
            let kind = value & KIND;
            if kind != INTERRUPTION {
                assert_eq!(value & !KIND, round, "the end of another wait");
            } else if value & BY_KERNEL == 0 {
                assert!(alertable_in(round) == Alertable::InUserMode, "no such interruption ends it");
            } else {
                assert!(alertable_in(round).is_alertable(), "it was not alertable");
            }
            seen[(kind >> 60) as usize - 1] += 1;
        }
        // The thread ends: it is not woken any more.
        *self.list.lock().unwrap() = None;
        self.over.store(true, Release);
        seen
    }

    fn signal(&self) {
        while !self.over.load(Acquire) {
            let mut list = self.list.lock().unwrap();
            if let Some((_, number)) = list.take() {
                assert!(self.end(Which::Any, SIGNAL | number, &mut list), "on the list, so it waits");
            }
            drop(list);
            thread::yield_now();
        }
    }

    fn keep_time(&self) {
        while !self.over.load(Acquire) {
            let due = self.deadline.lock().unwrap().take();
            thread::yield_now();
            if let Some((serial, number)) = due {
                let mut list = self.list.lock().unwrap();
                self.end(Which::Serial(serial), TIME_OUT | number, &mut list);
            }
        }
    }

    fn interrupt(&self) {
        let kinds = [(Interruption::User, 0), (Interruption::KernelAlert, BY_KERNEL)];
        for (interruption, by) in kinds.into_iter().cycle() {
            if self.over.load(Acquire) {
                break;
            }
            let mut list = self.list.lock().unwrap();
            self.end(Which::Alertable(interruption), INTERRUPTION | by, &mut list);
            drop(list);
            thread::yield_now();
        }
    }
}

/// Number of waits that each kind of waker ended first.
fn race() -> [u64; 3] {
    let machine = WaitHarness::default();
    let seen = thread::scope(|scope| {
        for _ in 0..OF_EACH {
            scope.spawn(|| machine.signal());
            scope.spawn(|| machine.keep_time());
            scope.spawn(|| machine.interrupt());
        }
        scope.spawn(|| machine.wait()).join().unwrap()
    });
    assert_eq!(seen.iter().sum::<u64>(), rounds());
    assert_eq!(seen, machine.ended.each_ref().map(|count| count.load(Relaxed)));
    assert_eq!(machine.word.end(Which::Any, 1), Ended::Over);
    seen
}

#[cfg(not(feature = "wait-model"))]
#[test]
fn no_wake_is_lost_and_no_wait_ends_twice() {
    race();
}

#[cfg(feature = "wait-model")]
#[test]
fn no_wake_is_lost_and_no_wait_ends_twice_in_any_order() {
    use shuttle::scheduler::{PctScheduler, RandomScheduler};
    use shuttle::{Config, MaxSteps, Runner};

    /// Number of runs under each scheduler.
    const RUNS: usize = 1_000;
    static SEEN: [std::sync::atomic::AtomicU64; 3] = [const { std::sync::atomic::AtomicU64::new(0) }; 3];
    let body = || {
        for (all, seen) in SEEN.iter().zip(race()) {
            all.fetch_add(seen, Relaxed);
        }
    };
    let mut config = Config::new();
    config.silence_warnings = true;
    // After a lost wake, its thread would poll forever.
    config.max_steps = MaxSteps::FailAfter(50_000);
    Runner::new(RandomScheduler::new_from_seed(360, RUNS), config.clone()).run(body);
    Runner::new(PctScheduler::new_from_seed(360, 4, RUNS), config).run(body);
    println!("{} threads, {} rounds, 2 x {RUNS} runs: {SEEN:?}", 3 * OF_EACH + 1, rounds());
    assert!(SEEN.iter().all(|seen| seen.load(Relaxed) > 0), "{SEEN:?}");
}
