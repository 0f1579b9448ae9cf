//! Tests of rewind while a key is held.

use super::*;
use crate::machine::REWIND_MEMORY;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32};
use xenia_kernel::ports::Gamepad;

#[test]
fn a_machine_that_is_often_stopped_still_shows_the_frames_it_goes_back_to() {
    let demo = Title::open_or_demo(None, &TitleConfig::default()).unwrap();
    let mut machine = machine(&demo, CpuConfig::default(), Box::new(NoInput), None, None).unwrap();
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    let moments = if xenia_testing::is_long() { [3, 20, 40] } else { [3, 10, 20] };
    for frames in moments {
        machine.run_until(&Limits { frames: Some(frames), ..Limits::default() });
        machine.make_checkpoint().unwrap();
    }
    let control = PaceControl::default();
    control.rewind(true);
    let player = control.clone();
    machine.set_rewind_sink(Box::new(move |text| {
        if text.contains("as far as it goes") {
            player.close();
        }
    }));
    machine.set_pace(Pace::new(control.clone(), None, |_| ()));
    let ends = AtomicBool::new(false);
    let end = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Relaxed) {
                // Each request stops the machine, hundreds of times in a frame.
                control.turbo(false);
                std::thread::sleep(Duration::from_micros(100));
            }
        });
        let end = machine.run(&Limits::default()).end;
        ends.store(true, Relaxed);
        end
    });
    assert_eq!(end, RunEnd::Stopped);
    let frames: Vec<u64> = machine.checkpoints().iter().map(|one| one.frames).collect();
    assert_eq!((frames, machine.position().frames), (vec![3], 4));
}

/// An input port that counts how often it starts over.
struct Motors(Arc<AtomicU32>);

impl Input for Motors {
    fn gamepad(&mut self, _: u32, _: GuestTicks) -> Option<Gamepad> {
        None
    }

    fn set_vibration(&mut self, _: u32, _: u16, _: u16, _: GuestTicks) -> bool {
        false
    }

    fn start_over(&mut self) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn motors_stop_when_a_machine_goes_back() {
    let demo = Title::open_or_demo(None, &TitleConfig::default()).unwrap();
    let count = Arc::new(AtomicU32::new(0));
    let input = Box::new(Motors(count.clone()));
    let mut machine = machine(&demo, CpuConfig::default(), input, None, None).unwrap();
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    machine.run_until(&Limits { frames: Some(2), ..Limits::default() });
    machine.make_checkpoint().unwrap();
    machine.run_until(&Limits { frames: Some(3), ..Limits::default() });
    assert_eq!(count.load(Relaxed), 0);
    machine.go_back_to(0).unwrap();
    assert_eq!(count.load(Relaxed), 1);
}
