//! The requested state of a controller's motors: set by the machine, read by the thread that drives
//! the controller.

use crate::lock_order;
use std::sync::Arc;
use std::time::Duration;
use xenia_sync::{Condvar, Level, Mutex};

#[derive(Debug, Default)]
struct State {
    /// Speeds of the left (low-frequency) and the right motor.
    wanted: (u16, u16),
    changed: bool,
    gone: bool,
}

/// A command to the motors' thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MotorCommand {
    /// Run the motors at these speeds; sent on changes, and repeatedly to keep an effect going.
    Run(u16, u16),
    /// Stop: the controller is gone.
    End,
}

/// The requested motor speeds of one controller; clones share them.
#[derive(Clone, Debug)]
pub struct Motors(Arc<(Mutex<State>, Condvar)>);

impl Default for Motors {
    fn default() -> Self {
        let state = Mutex::numbered(Level::Host, lock_order::MOTORS, State::default());
        Self(Arc::new((state, Condvar::new())))
    }
}

impl Motors {
    /// Sets the speeds, and wakes the thread that drives the motors if they differ from before.
    /// Never waits for the controller.
    pub fn set(&self, left: u16, right: u16) {
        let mut state = self.0.0.lock();
        if state.wanted == (left, right) {
            return;
        }
        state.wanted = (left, right);
        state.changed = true;
        drop(state);
        self.0.1.notify_all();
    }

    /// Ends the thread that drives the motors.
    pub fn end(&self) {
        self.0.0.lock().gone = true;
        self.0.1.notify_all();
    }

    /// Waits for a command, for at most `timeout`.
    pub fn next(&self, timeout: Duration) -> MotorCommand {
        let mut state = self.0.0.lock();
        if !state.changed && !state.gone {
            // Without a loop: a spurious wake-up only repeats the command.
            self.0.1.wait_for(&mut state, timeout);
        }
        state.changed = false;
        if state.gone { MotorCommand::End } else { MotorCommand::Run(state.wanted.0, state.wanted.1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_what_counts() {
        let motors = Motors::default();
        motors.set(1, 2);
        motors.set(3, 4);
        assert_eq!(motors.next(Duration::from_mins(1)), MotorCommand::Run(3, 4));
        assert_eq!(motors.next(Duration::ZERO), MotorCommand::Run(3, 4), "it goes on");
        motors.end();
        assert_eq!(motors.next(Duration::from_mins(1)), MotorCommand::End);
    }
}
