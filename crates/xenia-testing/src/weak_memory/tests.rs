//! The explorer against the litmus tests of the literature (Alglave, Maranget, Tautschnig: Herding
//! cats, 2014) and of the Arm manual, K13.

use super::*;
use Processor::{Aarch64, X86_64};

const X: MemoryLocation = MemoryLocation(0);
const Y: MemoryLocation = MemoryLocation(1);
const CODE: MemoryLocation = MemoryLocation(2);
const START: [u8; 3] = [0; 3];

/// Whether an end with these values of registers is possible.
fn can_be(processor: Processor, threads: &[ThreadSteps], values: &[(LocalRegister, u8)]) -> bool {
    let explored = explore(processor, &START, threads, |end| {
        let is_it = values.iter().all(|&(register, value)| end.of(register) == value);
        if is_it { Judgement::Forbidden } else { Judgement::Other }
    });
    explored.failure.is_some()
}

/// A step between two accesses.
type Between = fn(&mut ThreadSteps);

const NOTHING: Between = |_| {};
const FENCE: Between = ThreadSteps::fence;

#[test]
fn store_buffering_needs_a_fence_on_both_sides() {
    let run = |processor, one: Between, other: Between| {
        let [mut a, mut b] = threads(["a", "b"]);
        a.store(X, 1);
        one(&mut a);
        let seen = a.load(Y);
        b.store(Y, 1);
        other(&mut b);
        let too = b.load(X);
        can_be(processor, &[a, b], &[(seen, 0), (too, 0)])
    };
    let everywhere: Between = |thread| thread.everywhere(Barrier::Memory);
    for processor in [Aarch64, X86_64] {
        assert!(run(processor, NOTHING, NOTHING) && run(processor, FENCE, NOTHING));
        assert!(!run(processor, FENCE, FENCE));
        assert!(!run(processor, NOTHING, everywhere), "one thread pays for both");
    }
}

#[test]
fn messages_need_order_on_both_sides_on_aarch64() {
    let run = |processor, write: Between, read: Between| {
        let [mut a, mut b] = threads(["a", "b"]);
        a.store(X, 1);
        write(&mut a);
        a.store(Y, 1);
        let flag = b.load(Y);
        read(&mut b);
        let data = b.load(X);
        can_be(processor, &[a, b], &[(flag, 1), (data, 0)])
    };
    assert!(!run(X86_64, NOTHING, NOTHING));
    assert!(run(Aarch64, NOTHING, FENCE) && run(Aarch64, FENCE, NOTHING));
    assert!(!run(Aarch64, FENCE, FENCE) && !run(Aarch64, FENCE, ThreadSteps::fence_loads));
    assert!(run(Aarch64, ThreadSteps::fence_loads, FENCE), "it does not order stores");
}

#[test]
fn release_and_acquire_pass_messages_and_conditions_do_not() {
    let run = |release: bool, acquire: bool, branch: bool, isb: bool| {
        let [mut a, mut b] = threads(["a", "b"]);
        a.store(X, 1);
        if release {
            a.store_release(Y, 1);
        } else {
            a.store(Y, 1);
        }
        let flag = if acquire { b.load_acquire(Y) } else { b.load(Y) };
        let mut data = flag;
        if branch {
            b.when(StepCondition::Is(flag, 1.into()), |b| {
                if isb {
                    b.isb();
                }
                data = b.load(X);
            });
        } else {
            data = b.load(X);
        }
        can_be(Aarch64, &[a, b], &[(flag, 1), (data, 0)])
    };
    assert!(!run(true, true, false, false));
    assert!(run(true, false, false, false) && run(false, true, false, false));
    assert!(run(true, false, true, false), "loads are speculative");
    assert!(!run(true, false, true, true), "a branch and isb order them");
}

#[test]
fn loads_overtake_the_stores_of_others_unless_something_depends_on_them() {
    let run = |processor, dependency: bool| {
        let [mut a, mut b] = threads(["a", "b"]);
        let first = a.load(X);
        if dependency {
            a.when(StepCondition::Is(first, 1.into()), |a| a.store(Y, 1));
        } else {
            a.store(Y, 1);
        }
        let second = b.load(Y);
        b.when(StepCondition::Is(second, 1.into()), |b| b.store(X, 1));
        can_be(processor, &[a, b], &[(first, 1), (second, 1)])
    };
    assert!(run(Aarch64, false) && !run(Aarch64, true) && !run(X86_64, false));
}

#[test]
fn all_threads_see_stores_in_one_order() {
    let [mut a, mut b, mut c, mut d] = threads(["a", "b", "c", "d"]);
    a.store(X, 1);
    b.store(Y, 1);
    let read = |thread: &mut ThreadSteps, first, second| {
        let first = thread.load(first);
        thread.fence_loads();
        (first, thread.load(second))
    };
    let one = read(&mut c, X, Y);
    let two = read(&mut d, Y, X);
    let values = [(one.0, 1), (one.1, 0), (two.0, 1), (two.1, 0)];
    assert!(!can_be(Aarch64, &[a, b, c, d], &values));
}

#[test]
fn accesses_to_one_place_stay_in_order() {
    let [mut a, mut b] = threads(["a", "b"]);
    a.store(X, 1);
    let one = b.load(X);
    let two = b.load(X);
    assert!(!can_be(Aarch64, &[a, b], &[(one, 1), (two, 0)]));
    let [mut a] = threads(["a"]);
    a.store(X, 1);
    let own = a.load(X);
    assert!(!can_be(Aarch64, &[a], &[(own, 0)]), "also not behind its own store");
}

#[test]
fn exclusive_accesses_are_atomic_and_no_fence_on_aarch64() {
    let [mut a, mut b] = threads(["a", "b"]);
    let one = a.add_release(X, 1);
    let two = b.add_release(X, 1);
    assert!(!can_be(Aarch64, &[a, b], &[(one, 0), (two, 0)]));
    let run = |processor| {
        let [mut a, mut b] = threads(["a", "b"]);
        a.exchange(X, 0, 1);
        let seen = a.load(Y);
        b.exchange(Y, 0, 1);
        let too = b.load(X);
        can_be(processor, &[a, b], &[(seen, 0), (too, 0)])
    };
    assert!(run(Aarch64) && !run(X86_64));
}

#[test]
fn locks_exclude_each_other() {
    let [mut a, mut b] = threads(["a", "b"]);
    for thread in [&mut a, &mut b] {
        thread.lock(Y);
        let value = thread.load(X);
        thread.store(X, StepValue::Sum(value, 1));
        thread.unlock(Y);
    }
    let explored = explore(Aarch64, &START, &[a, b], |end| match end.at(X) {
        2 => Judgement::Worked,
        _ => Judgement::Forbidden,
    });
    assert!(explored.worked && explored.failure.is_none(), "{explored:?}");
}

/// Code is written, then a flag is set; another thread reads the flag and runs the code.
fn changes_code(processor: Processor, write: Between, read: Between) -> bool {
    let [mut a, mut b] = threads(["a", "b"]);
    a.store(CODE, 1);
    write(&mut a);
    a.store_release(Y, 1);
    let flag = b.load_acquire(Y);
    let mut code = flag;
    b.when(StepCondition::Is(flag, 1.into()), |b| {
        read(b);
        code = b.fetch(CODE);
    });
    can_be(processor, &[a, b], &[(flag, 1), (code, 0)])
}

#[test]
fn changed_code_needs_maintenance_and_a_barrier_where_it_runs() {
    let maintain: Between = |a| a.synchronize(CODE);
    assert!(!changes_code(X86_64, NOTHING, NOTHING));
    assert!(changes_code(Aarch64, NOTHING, ThreadSteps::isb) && changes_code(Aarch64, maintain, NOTHING));
    assert!(changes_code(Aarch64, maintain, FENCE), "it orders no fetch");
    assert!(!changes_code(Aarch64, maintain, ThreadSteps::isb));
    let everywhere = |barrier| match barrier {
        Barrier::Memory => |a: &mut ThreadSteps| {
            a.synchronize(CODE);
            a.everywhere(Barrier::Memory);
        },
        Barrier::Instructions => |a: &mut ThreadSteps| {
            a.synchronize(CODE);
            a.everywhere(Barrier::Instructions);
        },
    };
    assert!(!changes_code(Aarch64, everywhere(Barrier::Instructions), NOTHING));
    assert!(changes_code(Aarch64, everywhere(Barrier::Memory), NOTHING));
    let without_invalidation: Between = |a| {
        a.step(What::Clean(CODE));
        a.fence();
    };
    assert!(changes_code(Aarch64, without_invalidation, ThreadSteps::isb));
    let without_order: Between = |a| {
        a.step(What::Drop(CODE));
        a.fence();
        a.step(What::Clean(CODE));
        a.fence();
    };
    assert!(changes_code(Aarch64, without_order, ThreadSteps::isb));
}
