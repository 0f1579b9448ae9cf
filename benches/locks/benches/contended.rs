//! Contended-lock benchmark: threads compete for one lock. Every lock runs for a short while in
//! each round, so that other load of the machine affects all of them alike. Figures are medians
//! over the rounds, and ratios are relative to parking_lot's figure of the same round. The best
//! rounds of each lock, those with the least interference, are compared, too.
//!
//! Fairness is Jain's index over the threads' counts: 1 if all got the lock equally often, 1/n if
//! one thread got it always.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use xenia_lock_benches::{Adaptive, Contender, Floor, ParkingLot, Queued, Spin, Std, Usync};

/// Number of rounds, and how long a lock runs in each.
const ROUNDS: usize = 11;
const RUN: Duration = Duration::from_millis(100);
/// Threads, and steps of work inside and outside the lock.
const SETTINGS: &[(usize, u32, u32)] =
    &[(1, 0, 0), (2, 1, 1), (4, 1, 1), (8, 1, 1), (2, 30, 60), (4, 30, 60), (8, 30, 60)];

/// Result of one run.
#[derive(Clone, Copy)]
struct Outcome {
    per_second: f64,
    fairness: f64,
}

fn work(on: &AtomicU64, steps: u32) {
    for _ in 0..steps {
        on.store(on.load(Relaxed).wrapping_mul(3).wrapping_add(1), Relaxed);
    }
}

fn run<L: Contender>(lock: &L, threads: usize, inside: u32, outside: u32) -> Outcome {
    let shared = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let start = Barrier::new(threads + 1);
    let mut elapsed = Duration::ZERO;
    let counts: Vec<f64> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads)
            .map(|thread| {
                let shared = &shared;
                let stop = &stop;
                let start = &start;
                scope.spawn(move || {
                    if cfg!(feature = "statistics") {
                        xenia_locks::pretend_node(Some(thread as u16 % 2));
                    }
                    let own = AtomicU64::new(0);
                    let mut count = 0_u64;
                    start.wait();
                    while !stop.load(Relaxed) {
                        lock.hold(|| work(shared, inside));
                        work(&own, outside);
                        count += 1;
                    }
                    count as f64
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        std::thread::sleep(RUN);
        stop.store(true, Relaxed);
        elapsed += began.elapsed();
        all.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    let sum: f64 = counts.iter().sum();
    let squares: f64 = counts.iter().map(|count| count * count).sum();
    Outcome { per_second: sum / elapsed.as_secs_f64(), fairness: sum * sum / (threads as f64 * squares) }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

type Run = fn(usize, u32, u32) -> Outcome;

fn fresh<L: Contender>(threads: usize, inside: u32, outside: u32) -> Outcome {
    run(&L::new(), threads, inside, outside)
}

fn main() {
    if cfg!(feature = "statistics") {
        println!("two simulated NUMA nodes, threads on them by turns");
        // With short work the lock is seldom handed over at all: a thread that arrives takes it
        // before queued ones.
        let queueing = [(4, 3000, 3000), (8, 3000, 3000)];
        for &(threads, inside, outside) in SETTINGS.iter().chain(&queueing) {
            let lock = Queued::new();
            run(&lock, threads, inside, outside);
            println!("{threads} threads, work {inside}/{outside}: {}", lock.counts());
        }
        return;
    }
    let contenders: [(&str, Run); 7] = [
        (ParkingLot::NAME, fresh::<ParkingLot>),
        (Std::NAME, fresh::<Std>),
        (Usync::NAME, fresh::<Usync>),
        (Spin::NAME, fresh::<Spin>),
        (Floor::NAME, fresh::<Floor>),
        (Queued::NAME, fresh::<Queued>),
        (Adaptive::NAME, fresh::<Adaptive>),
    ];
    println!(
        "| threads | work inside/outside | lock | M/s | to parking_lot | best to its best | fairness | worst |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for &(threads, inside, outside) in SETTINGS {
        let rounds: Vec<Vec<Outcome>> = (0..ROUNDS)
            .map(|_| contenders.iter().map(|(_, run)| run(threads, inside, outside)).collect())
            .collect();
        for (index, (name, _)) in contenders.iter().enumerate() {
            let of = |figure: fn(&[Outcome], usize) -> f64| {
                median(rounds.iter().map(|round| figure(round, index)).collect())
            };
            let best = |index: usize| rounds.iter().map(|round| round[index].per_second).fold(0.0, f64::max);
            println!(
                "| {threads} | {inside}/{outside} | {name} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} |",
                of(|round, index| round[index].per_second / 1e6),
                of(|round, index| round[index].per_second / round[0].per_second),
                best(index) / best(0),
                of(|round, index| round[index].fairness),
                rounds.iter().map(|round| round[index].fairness).fold(1.0, f64::min),
            );
        }
    }
}
