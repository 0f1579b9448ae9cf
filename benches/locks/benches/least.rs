//! Minimum cost of acquiring and releasing a free lock: runs batches of all locks in turn, and
//! reports each lock's best batch, the one with the least interference. A mean over a second, such
//! as criterion's, mostly measures other load on a busy machine. With `--features check-order` the
//! costs of xenia-sync's locks include the order checker.

use std::hint::black_box;
use std::time::Instant;
use xenia_lock_benches::{Adaptive, Contender, Floor, ParkingLot, Queued, Runtime, Spin, Std, Usync};

const BATCHES: usize = 20_000;
const OF: u32 = 1_000;

/// A lock's name, and a function that times a batch of it.
type Timed = (&'static str, fn() -> f64);

fn batch<L: Contender>() -> f64 {
    let lock = L::new();
    let start = Instant::now();
    for _ in 0..OF {
        black_box(&lock).hold(|| ());
    }
    start.elapsed().as_nanos() as f64 / f64::from(OF)
}

fn main() {
    let contenders: [Timed; 8] = [
        (Floor::NAME, batch::<Floor>),
        (Std::NAME, batch::<Std>),
        (ParkingLot::NAME, batch::<ParkingLot>),
        (Usync::NAME, batch::<Usync>),
        (Spin::NAME, batch::<Spin>),
        (Queued::NAME, batch::<Queued>),
        (Adaptive::NAME, batch::<Adaptive>),
        (Runtime::NAME, batch::<Runtime>),
    ];
    let mut all = contenders.map(|_| Vec::with_capacity(BATCHES));
    for _ in 0..BATCHES {
        for ((_, batch), figures) in contenders.iter().zip(&mut all) {
            figures.push(batch());
        }
    }
    println!("| lock | least ns | median ns | least to the floor's |");
    println!("|---|---|---|---|");
    for figures in &mut all {
        figures.sort_by(f64::total_cmp);
    }
    let floor = all[0][0];
    for ((name, _), figures) in contenders.iter().zip(&all) {
        println!("| {name} | {:.2} | {:.2} | {:.2} |", figures[0], figures[BATCHES / 2], figures[0] / floor);
    }
}
