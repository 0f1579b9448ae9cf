//! Restores of a machine to states that it has saved before.

use super::*;
use xenia::config::Tier;
use xenia_testing::is_long;

/// Goes back to `early` from moments up to `late`, this many times; each run from there ends in the
/// same state.
fn goes_back_and_on(maker: &Maker, returns: u32, [early, late]: [u64; 2], what: &str) {
    let whole = maker.machine().run(&instruction_limit(late)).report;
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(early));
    let position = machine.position();
    let state = machine.save_state().unwrap();
    for number in 0..returns {
        let from = late - (late - early) / u64::from(returns) * u64::from(number);
        machine.run_until(&instruction_limit(from));
        machine.restore(&state).unwrap_or_else(|error| panic!("{what}: return {number}: {error:#}"));
        assert_eq!(machine.position(), position, "{what}");
        let again = machine.save_state().unwrap();
        for (again, before) in again.sections().iter().zip(state.sections()) {
            assert!(again == before, "{what}: return {number}: {}", before.name);
        }
    }
    assert_same(&machine.run(&instruction_limit(late)).report, &whole, what);
}

#[test]
fn a_machine_restores_its_earlier_state() {
    // Pictures are most of the time: 5 frames, or 31.
    let [drawing, drawn] = if is_long() { [4_000_000, 4_500_000] } else { [500_000, 800_000] };
    let returns = if is_long() { 3 } else { 2 };
    for (name, early, late) in [
        ("hello.xex", 1_000, 5_000),
        ("cpu-suite.xex", 500_000, 1_000_000),
        ("sync-suite.xex", 3_000_000, 3_500_000),
        ("console-suite.xex", 1_000_000, 1_500_000),
        ("demo.xex", drawing, drawn),
        ("sound/tone.xex", 1_000_000, 1_500_000),
        ("sound/xma.xex", 1_000_000, 1_500_000),
    ] {
        goes_back_and_on(&Maker::new(name, CpuConfig::default()), returns, [early, late], name);
    }
}

#[test]
fn a_machine_goes_back_with_each_engine() {
    let baseline = CpuConfig { tier: Tier::Baseline, ..CpuConfig::default() };
    for cpu in [interpreted(), baseline, CpuConfig::default()] {
        let maker = Maker::new("cpu-suite.xex", cpu.clone());
        // More often than changes after which a page's code is no longer compiled.
        goes_back_and_on(&maker, 14, [200_000, 400_000], &format!("{cpu:?}"));
    }
}

#[test]
fn a_machine_goes_back_after_the_title_has_ended() {
    let maker = Maker::new("hello.xex", CpuConfig::default());
    let whole = maker.machine().run(&Limits::default()).report;
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(1_000));
    let state = machine.save_state().unwrap();
    machine.run_until(&Limits::default());
    machine.restore(&state).unwrap();
    assert_same(&machine.run(&Limits::default()).report, &whole, "after the end");
}

#[test]
fn a_state_of_another_machine_is_restored_and_one_of_another_title_is_refused() {
    let maker = Maker::new("cpu-suite.xex", CpuConfig::default());
    let whole = maker.machine().run(&instruction_limit(3_000_000)).report;
    let mut first = maker.machine();
    first.run_until(&instruction_limit(1_234_567));
    let state = first.save_state().unwrap();
    let mut machine = maker.machine();
    machine.run_until(&instruction_limit(2_500_000));
    let mut other = Maker::new("hello.xex", CpuConfig::default()).machine();
    assert!(machine.restore(&other.save_state().unwrap()).is_err() && !machine.is_broken());
    machine.restore(&state).unwrap();
    assert_same(&machine.run(&instruction_limit(3_000_000)).report, &whole, "of another machine");
}
