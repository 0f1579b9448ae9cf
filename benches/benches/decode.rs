//! Benchmark of decoding one word: the goal is a few nanoseconds.
#![allow(missing_docs)] // criterion's macros make public items

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use xenia_isa::{ROWS, Syntax, decode, disassemble};

/// Words of all rows with random operands, in random order.
fn words() -> Vec<u32> {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    (0..4096)
        .map(|_| {
            let row = &ROWS[next() as usize % ROWS.len()];
            row.bits | (next() >> 16) as u32 & !row.mask
        })
        .collect()
}

fn benches(criterion: &mut Criterion) {
    let words = words();
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(words.len() as u64));
    group.bench_function("word", |bencher| {
        bencher.iter(|| {
            for &word in &words {
                black_box(decode(black_box(word)));
            }
        });
    });
    group.sample_size(10);
    group.bench_function("disassemble", |bencher| {
        bencher.iter(|| {
            for &word in &words {
                black_box(disassemble(black_box(word), 0x8201_0000, Syntax::Simplified));
            }
        });
    });
    group.finish();
}

criterion_group!(decoding, benches);
criterion_main!(decoding);
