//! A phaser: a barrier that threads can join and leave. Hardware threads wait there for each other
//! at the end of each quantum.
//!
//! A hardware thread without a guest thread is not a party, so the others do not wait for it. A
//! phase ends when all parties have arrived.

use xenia_sync::{Condvar, Level, Mutex};

/// A barrier with a dynamic number of parties.
pub(super) struct Phaser {
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    parties: u32,
    arrived: u32,
    phase: u64,
    is_over: bool,
}

impl State {
    /// Ends the phase if all parties have arrived. Returns whether it did.
    fn advance(&mut self) -> bool {
        let all = self.arrived == self.parties;
        if all {
            self.arrived = 0;
            self.phase += 1;
        }
        all
    }
}

impl Default for Phaser {
    fn default() -> Self {
        Self { state: Mutex::new(Level::Leaf, State::default()), moved: Condvar::new() }
    }
}

impl Phaser {
    /// Adds a party.
    pub(super) fn join(&self) {
        self.state.lock().parties += 1;
    }

    /// Removes a party that has not arrived in this phase.
    pub(super) fn leave(&self) {
        let mut state = self.state.lock();
        state.parties -= 1;
        // After the last party this counts a phase for which nobody waits.
        if state.advance() {
            self.moved.notify_all();
        }
    }

    /// Arrives, and waits for all other parties. The caller must hold no lock.
    pub(super) fn arrive(&self) {
        let mut state = self.state.lock();
        state.arrived += 1;
        if state.advance() {
            self.moved.notify_all();
            return;
        }
        // The number, as others may arrive in the next phase before this thread is awake.
        let phase = state.phase;
        while state.phase == phase && !state.is_over {
            self.moved.wait(&mut state);
        }
    }

    /// Ends the run: releases all waiting threads.
    pub(super) fn end(&self) {
        self.state.lock().is_over = true;
        self.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    use std::thread;

    #[test]
    fn phaser_bounds_lead_and_drops_leaving_parties() {
        const PHASES: u64 = 500;
        let phaser = Phaser::default();
        let steps: [AtomicU64; 3] = Default::default();
        for _ in &steps {
            phaser.join();
        }
        thread::scope(|scope| {
            for (index, own) in steps.iter().enumerate() {
                let phaser = &phaser;
                let steps = &steps;
                scope.spawn(move || {
                    // The first party leaves early.
                    let phases = if index == 0 { PHASES / 2 } else { PHASES };
                    for phase in 1..=phases {
                        own.store(phase, SeqCst);
                        phaser.arrive();
                        for (other, step) in steps.iter().enumerate() {
                            let step = step.load(SeqCst);
                            let has_left = other == 0 && step == PHASES / 2;
                            assert!(has_left || (phase..=phase + 1).contains(&step), "{phase} {step}");
                        }
                    }
                    phaser.leave();
                });
            }
        });
        let state = phaser.state.into_inner();
        assert_eq!((state.parties, state.arrived), (0, 0));
    }

    #[test]
    fn the_end_releases_all_waiters() {
        let phaser = Phaser::default();
        phaser.join();
        phaser.join();
        thread::scope(|scope| {
            scope.spawn(|| phaser.arrive());
            phaser.end();
        });
    }
}
