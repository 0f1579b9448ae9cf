//! Shuttle model of tokens: released while their holder blocks, acquired again afterwards, and
//! exclusive in between.

use super::*;
use crate::random_models::{Inside, explore};
use xenia_sync::atomic::explorer::{sync::Arc, sync::Mutex as Modelled, thread};

const RUNS: usize = 500;

fn model(threads: u64, rounds: u64) {
    explore(RUNS, move || {
        let tokens = Arc::new([0, 1].map(|ordinal| Token::numbered(Level::Objects, ordinal, 0_u64)));
        let inside = Arc::new([Inside::default(), Inside::default()]);
        let all: Vec<_> = (0..threads)
            .map(|me| {
                let tokens = tokens.clone();
                let inside = inside.clone();
                thread::spawn(move || {
                    for round in 0..rounds {
                        let outer = tokens[0].hold();
                        inside[0].visit();
                        let before = outer.with(|value| *value);
                        if (me + round) % 2 == 0 {
                            let inner = tokens[1].hold();
                            inside[1].visit();
                            // Others get both tokens meanwhile; this thread waits for none of their
                            // locks.
                            blocking(thread::yield_now);
                            inside[1].visit();
                            inner.with(|value| *value += 1);
                        }
                        inside[0].visit();
                        let now = outer.with(|value| {
                            *value += 1;
                            *value
                        });
                        assert!(now == before + 1 || outer.was_given_up(), "changed while it was held");
                    }
                })
            })
            .collect();
        for thread in all {
            thread.join().expect("no panic");
        }
        assert_eq!(tokens[0].hold().with(|value| *value), threads * rounds);
    });
}

#[test]
fn four_threads_exclude_each_other_in_random_orders() {
    model(4, 2);
}

#[test]
fn six_threads_exclude_each_other_in_random_orders() {
    model(6, 1);
}

/// A holder waits for a thread that needs its token: without the release, this would be a deadlock.
#[test]
fn blocking_holder_releases_its_token() {
    explore(RUNS, || {
        let token = Arc::new(Token::new(Level::Objects, 0_u64));
        let holds = token.hold();
        let done = Arc::new(Modelled::new(0));
        let others: Vec<_> = (0..3)
            .map(|_| {
                let token = token.clone();
                let done = done.clone();
                thread::spawn(move || {
                    token.hold().with(|value| *value += 1);
                    *done.lock().expect("no panic") += 1;
                })
            })
            .collect();
        blocking(|| others.into_iter().for_each(|other| other.join().expect("no panic")));
        assert_eq!(holds.with(|value| *value), *done.lock().expect("no panic"));
    });
}
