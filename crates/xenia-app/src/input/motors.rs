//! What a controller's motors are to do: left there by whoever asks, taken by the thread that talks
//! to the controller.

use parking_lot::{Condvar, Mutex};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Default)]
struct State {
    /// Left, of low frequency, and right.
    wanted: (u16, u16),
    changed: bool,
    gone: bool,
}

/// What the thread is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Run them like this: because it has changed, or because it goes on.
    Run(u16, u16),
    /// The controller is gone.
    End,
}

/// See the module's documentation; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Motors(Arc<(Mutex<State>, Condvar)>);

impl Motors {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.0.lock());
        self.0.1.notify_all();
    }

    /// They are to run like this from now on. Never waits for the controller.
    pub fn set(&self, left: u16, right: u16) {
        self.change(|state| {
            state.changed |= state.wanted != (left, right);
            state.wanted = (left, right);
        });
    }

    /// Nobody sets them any more.
    pub fn end(&self) {
        self.change(|state| state.gone = true);
    }

    /// Waits for something to do, for this long at most.
    pub fn next(&self, patience: Duration) -> Order {
        let mut state = self.0.0.lock();
        if !state.changed && !state.gone {
            self.0.1.wait_for(&mut state, patience);
        }
        state.changed = false;
        if state.gone { Order::End } else { Order::Run(state.wanted.0, state.wanted.1) }
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
        assert_eq!(motors.next(Duration::from_mins(1)), Order::Run(3, 4));
        assert_eq!(motors.next(Duration::ZERO), Order::Run(3, 4), "it goes on");
        motors.end();
        assert_eq!(motors.next(Duration::from_mins(1)), Order::End);
    }
}
