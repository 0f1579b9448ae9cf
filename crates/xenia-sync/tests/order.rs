//! Test of the order checker against a model, and of the inversions that it must find.
#![cfg(debug_assertions)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use xenia_sync::{Level, Mutex, MutexGuard, RwLock};
use xenia_testing::Dice;

/// The message of the panic, or `None` if there is none.
fn refusal(act: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(act)).err()?;
    Some(panic.downcast::<String>().map_or_else(|_| "?".to_owned(), |text| *text))
}

#[test]
fn rising_ranks_nest_and_are_released_in_any_order() {
    let a = Mutex::new(Level::Objects, 1);
    let b = Mutex::new(Level::Memory, 2);
    let first = a.lock();
    let second = b.lock();
    assert_eq!(*first + *second, 3);
    drop(first);
    // Objects is free again, but Memory is held.
    assert!(refusal(|| drop(a.lock())).is_some());
    drop(second);
    drop(b.lock());
    drop(a.lock());
}

#[test]
fn every_pair_of_levels() {
    let locks: Vec<_> = Level::ALL.iter().map(|&level| Mutex::new(level, ())).collect();
    for (outer, first) in locks.iter().enumerate() {
        for (inner, second) in locks.iter().enumerate() {
            let _first = first.lock();
            let refused = refusal(|| {
                // With a timeout of zero, so that the test does not hang if the checker misses the
                // lock.
                drop(second.try_lock_for(std::time::Duration::ZERO));
            });
            assert_eq!(refused.is_some(), inner <= outer, "{outer} then {inner}");
        }
    }
}

#[test]
fn a_wake_across_slots_is_in_order() {
    let dispatcher = Mutex::new(Level::Dispatcher, ());
    let slots: Vec<_> = (0..6).map(|number| Mutex::numbered(Level::Slot, number, ())).collect();
    let _dispatcher = dispatcher.lock();
    let _all: Vec<_> = slots.iter().map(Mutex::lock).collect();
}

#[test]
fn locks_of_one_level_rise_by_ordinal() {
    let slots: Vec<_> = (0..3).map(|number| Mutex::numbered(Level::Slot, number, ())).collect();
    let _one = slots[1].lock();
    let refused = refusal(|| drop(slots[0].lock())).expect("falling ordinals");
    assert!(refused.contains("Slot is taken at") && refused.contains("while Slot[1], taken at"), "{refused}");
    assert!(refused.contains("order.rs:"), "both places are named: {refused}");
    drop(slots[2].lock());
}

/// Three threads, each with two of three locks: a cycle that no pair of threads shows. Each
/// thread's acquisitions alone are enough to find it.
#[test]
fn a_circle_of_three_is_found_without_meeting() {
    let locks = [Mutex::new(Level::Objects, ()), Mutex::new(Level::Files, ()), Mutex::new(Level::Memory, ())];
    let refused: Vec<bool> = (0..3)
        .map(|thread| {
            std::thread::scope(|scope| {
                scope
                    .spawn(|| {
                        let _outer = locks[thread].lock();
                        refusal(|| drop(locks[(thread + 1) % 3].lock())).is_some()
                    })
                    .join()
                    .expect("caught")
            })
        })
        .collect();
    assert_eq!(refused, [false, false, true]);
}

#[test]
fn trying_is_free_and_counts_from_then_on() {
    let low = Mutex::new(Level::Objects, ());
    let middle = Mutex::new(Level::Files, ());
    let high = Mutex::new(Level::Memory, ());
    let high_guard = high.lock();
    let low_guard = low.try_lock().expect("free");
    assert!(refusal(|| drop(middle.lock())).is_some());
    drop(high_guard);
    drop(middle.lock());
    drop(low_guard);
}

#[test]
fn a_panic_gives_locks_back() {
    let low = Mutex::new(Level::Objects, ());
    let high = RwLock::new(Level::Memory, ());
    assert!(
        refusal(|| {
            let _high = high.write();
            let _low = low.lock();
        })
        .is_some()
    );
    let _low = low.lock();
    let _high = high.write();
}

#[test]
fn too_many_held_locks_panic_with_the_limit() {
    let locks: Vec<_> = (0..257).map(|number| Mutex::numbered(Level::Dispatcher, number, ())).collect();
    let mut held: Vec<_> = locks[..256].iter().map(Mutex::lock).collect();
    let refused = refusal(|| drop(locks[256].lock())).expect("one too many");
    assert!(refused.contains("more than 256"), "{refused}");
    held.pop();
    drop(locks[256].lock());
}

/// Random locking, trying and releasing in any order: refused exactly when the model refuses, and
/// consistent afterwards.
#[test]
fn random_sequences_agree_with_a_model() {
    const LOCKS: usize = 24;
    let place = |index: usize| (Level::ALL[index / 3], (index % 3) as u32);
    let locks: Vec<_> =
        (0..LOCKS).map(|index| Mutex::numbered(place(index).0, place(index).1, index)).collect();
    for seed in 0..20 {
        let mut dice = Dice(seed);
        let mut held: Vec<(usize, MutexGuard<'_, usize>)> = Vec::new();
        let mut refusals = 0;
        for _ in 0..200 {
            let index = dice.below(LOCKS);
            let has = |held: &[(usize, MutexGuard<'_, usize>)]| held.iter().any(|(other, _)| *other == index);
            match dice.below(4) {
                0 if !has(&held) => {
                    held.push((index, locks[index].try_lock().expect("nobody else")));
                }
                1 if !held.is_empty() => {
                    let _ = held.swap_remove(dice.below(held.len()));
                }
                _ => {
                    let highest = held.iter().map(|(other, _)| *other).max();
                    let allowed = highest.is_none_or(|highest| index > highest);
                    let mut guard = None;
                    let refused = refusal(|| guard = Some(locks[index].lock()));
                    assert_eq!(refused.is_none(), allowed, "seed {seed}: {refused:?}");
                    refusals += usize::from(!allowed);
                    held.extend(guard.map(|guard| (index, guard)));
                }
            }
        }
        assert!(refusals > 0, "seed {seed} tried no inversion");
    }
}
