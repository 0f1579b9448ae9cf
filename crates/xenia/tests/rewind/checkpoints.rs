//! A ring of checkpoints: forward with a digest at each, back to each, and forward again.

use super::*;
use xenia::machine::{REWIND_INTERVAL, REWIND_MEMORY};
use xenia_testing::{is_long, number_in_environment};

/// Frames of the demo in usual and in long runs; `XENIA_REWIND_FRAMES` sets another number.
const FRAMES: [u64; 2] = [6, 10];

/// The sections of the state of this moment.
fn state_of(machine: &mut Machine) -> Vec<xenia_state::StoredSection> {
    machine.save_state().unwrap().sections().to_vec()
}

#[test]
fn back_to_each_checkpoint_and_forward_again() {
    let usual = FRAMES[usize::from(is_long())];
    let frames = number_in_environment("XENIA_REWIND_FRAMES", usual);
    let maker = Maker::new("demo.xex", CpuConfig::default());
    let mut machine = maker.machine();
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    let frame = |number| Limits { frames: Some(number), ..Limits::default() };
    let mut noted = Vec::new();
    for number in 1..=frames {
        machine.run_until(&frame(number));
        machine.make_checkpoint().unwrap();
        noted.push((machine.position(), state_of(&mut machine)));
    }
    machine.run_until(&frame(frames + 3));
    let end = (machine.position(), state_of(&mut machine));
    assert!(machine.checkpoint_memory() > 0);
    let kept = machine.checkpoints();
    let first = noted.iter().position(|(position, _)| Some(position) == kept.first()).unwrap();
    noted.drain(..first);
    assert!(noted.iter().map(|(position, _)| *position).eq(kept), "no checkpoint is thinned yet");
    while let Some((position, state)) = noted.pop() {
        machine.go_back_to(noted.len()).unwrap();
        assert_eq!(machine.position(), position);
        assert!(state_of(&mut machine) == state, "back at frame {}", position.frames);
        if noted.len() % 5 == 0 {
            machine.run_until(&frame(position.frames + 2));
        }
    }
    machine.run_until(&frame(frames + 3));
    assert!((machine.position(), state_of(&mut machine)) == end, "forward again");
}

#[test]
fn old_checkpoints_are_thinned_and_dropped() {
    let maker = Maker::new("hostile/hours.xex", CpuConfig::default());
    let mut machine = maker.machine();
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    let mut noted = Vec::new();
    for number in 1..=46 {
        let ticks = Some(number * REWIND_INTERVAL);
        machine.run_until(&Limits { ticks, ..Limits::default() });
        machine.make_checkpoint().unwrap();
        if matches!(number, 1 | 5 | 20) {
            noted.push((machine.position(), state_of(&mut machine)));
        }
    }
    let kept = machine.checkpoints();
    assert!((40..45).contains(&kept.len()), "{} checkpoints to {:?}", kept.len(), kept.last());
    let far = kept.windows(2).filter(|pair| pair[1].now - pair[0].now > REWIND_INTERVAL).count();
    assert!(far > 0, "some are further apart");
    while let Some((position, state)) = noted.pop() {
        let index = kept.iter().position(|one| *one == position).unwrap();
        machine.go_back_to(index).unwrap();
        assert!(state_of(&mut machine) == state, "checkpoint {index}");
    }
    let limit = machine.checkpoint_memory() + (1 << 16);
    machine.set_rewind(Some(limit)).unwrap();
    for number in 2..10 {
        let ticks = Some(number * REWIND_INTERVAL);
        machine.run_until(&Limits { ticks, ..Limits::default() });
        machine.make_checkpoint().unwrap();
        assert!(machine.checkpoint_memory() <= limit);
    }
    machine.set_rewind(Some(1 << 12)).unwrap();
    assert!(machine.make_checkpoint().is_err(), "the limit is too low");
}
