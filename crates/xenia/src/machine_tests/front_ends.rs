//! Tests of debuggers that control a machine without gdb.

use super::*;
use crate::machine::{Debugged, FrontEnd};
use xenia_gdb::{Debuggee, Progress};

/// A debugger during whose session the end is requested.
struct Ending(Interrupt);

impl FrontEnd for Ending {
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> Result<()> {
        machine.travel_to(1000)?;
        self.0.request(Cause::Timeout);
        // A key that stops the machine resets the flag for its next run.
        machine.stop_flag().store(false, Relaxed);
        let thread = machine.threads().first().copied();
        assert!(machine.travel_to(2000).is_err() && machine.last_writer(DATA, 4).is_err());
        for step in [thread, None] {
            assert_eq!(machine.resume(step), Progress::Ended);
            assert_eq!(machine.resume_backwards(step), Progress::Ended);
        }
        assert_eq!(machine.position().instructions, 1000);
        Ok(())
    }
}

/// A debugger that goes back by several instructions of a thread at once.
struct SteppingBack;

impl FrontEnd for SteppingBack {
    fn control(&mut self, machine: &mut Debugged<'_, '_>) -> Result<()> {
        machine.travel_to(5000)?;
        let thread = machine.visited_thread();
        let mut before = Vec::new();
        while before.len() < 600 {
            let moment = machine.position().instructions;
            match machine.resume(Some(thread)) {
                // Other threads have run.
                Progress::Running => {}
                progress => {
                    assert_eq!(progress, Progress::Stepped { thread });
                    before.push(moment);
                }
            }
        }
        let end = machine.position().instructions;
        // The first stretch back has 512 instructions.
        for count in [0, 1, 2, 90, 513, 600] {
            machine.travel_to(end)?;
            assert_eq!(machine.step_back(thread, count as u64), Progress::Stepped { thread });
            let moment = before.get(before.len() - count).copied().unwrap_or(end);
            assert_eq!(machine.position().instructions, moment, "{count} steps");
        }
        assert_eq!(machine.step_back(thread, u64::MAX), Progress::Beginning);
        assert_eq!(machine.position().instructions, 0);
        Ok(())
    }
}

#[test]
fn several_steps_back_are_made_at_once() {
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let mut machine = Machine::new(&poller(), MachineOptions::new(&engine, &picture)).unwrap();
    machine.set_front_end(Box::new(SteppingBack));
    assert!(!machine.run(&instructions()).has_lost_output);
}

#[test]
fn a_requested_end_outlasts_the_stop_flag() {
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let mut machine = Machine::new(&poller(), MachineOptions::new(&engine, &picture)).unwrap();
    let interrupt = Interrupt::default();
    machine.set_interrupt(interrupt.clone());
    machine.set_front_end(Box::new(Ending(interrupt)));
    let finished = machine.run(&instructions());
    assert_eq!((finished.report.exit, finished.has_lost_output), (End::Timeout, false));
}
