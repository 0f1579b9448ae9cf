//! Cost of acquiring and releasing a free lock. With `--features check-order` the last three
//! include the order checker.
#![allow(missing_docs)] // criterion's macros make public items

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::Duration;
use xenia_lock_benches::{Adaptive, Contender, Floor, ParkingLot, Queued, Runtime, Spin, Std, Usync};

fn bench<L: Contender>(group: &mut BenchmarkGroup<'_, WallTime>) {
    let lock = L::new();
    group.bench_function(L::NAME, |bencher| bencher.iter(|| black_box(&lock).hold(|| ())));
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("uncontended");
    group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_millis(700));
    bench::<Floor>(&mut group);
    bench::<Std>(&mut group);
    bench::<ParkingLot>(&mut group);
    bench::<Usync>(&mut group);
    bench::<Spin>(&mut group);
    bench::<Queued>(&mut group);
    bench::<Adaptive>(&mut group);
    bench::<Runtime>(&mut group);
    group.finish();
}

criterion_group!(uncontended, benches);
criterion_main!(uncontended);
