//! Controls a running machine from a window: speed, pause, single frames and end.
//!
//! In lockstep, a machine with a pace runs in slices of at most a 60th of a second of guest time.
//! Between slices it may sleep, pause or end. Guest time is counted in instructions, so the guest
//! cannot observe this, and frames and digests equal those of a run without a window. In parallel
//! mode guest time is the host's clock, which runs at the requested speed without sleeping, and
//! figures are reported beside the run.

mod limiter;
#[cfg(not(feature = "window"))]
mod no_figures;

use crate::lock_order;
use crate::progress::MachinePosition;
use crate::state_slots::StateSlot;
use limiter::Limiter;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use xenia_sched::{FIELDS_PER_SECOND, GuestTicks, Limits, TICKS_PER_SECOND};
use xenia_sync::{Condvar, Level, Mutex};

#[cfg(not(feature = "window"))]
pub use no_figures::NoFigures as Figures;
#[cfg(feature = "window")]
pub use xenia_render::Figures;

/// Guest time of a video field: the unit of speed limits, and the length of a piece.
const FIELD: GuestTicks = TICKS_PER_SECOND / FIELDS_PER_SECOND as u64;
/// Speed without a limit if guest time is the host's clock, in guest seconds per host second. A
/// title that cannot keep up skips frames, as on a slow console.
const NO_LIMIT: f64 = 4.0;
/// Interval of host time between two reports of statistics.
pub(crate) const FIGURES_PERIOD: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
struct State {
    paused: bool,
    /// Frames to show despite the pause.
    steps: u64,
    /// Host time that machines have spent in pauses.
    paused_time: Duration,
    /// Whether the machine's loop runs once despite the pause.
    run_loop_once: bool,
    turbo: bool,
    /// Whether the machine rewinds.
    rewinding: bool,
    closing: bool,
    /// Whether the machine that runs, or is being made, ends.
    ending: bool,
    /// Whether an inspection of the machine was requested.
    inspect_requested: bool,
    /// Slot to save the state to.
    save_slot: Option<StateSlot>,
    /// Whether it ends because the user leaves the title.
    leaving: bool,
    /// Whether a machine has ended because of [`Self::ending`].
    ended: bool,
    /// Ends the current piece.
    interrupt: Option<Arc<AtomicBool>>,
}

impl State {
    /// Whether the machine is to go back.
    fn rewinds(&self) -> bool {
        self.rewinding && !self.closing && !self.ending
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Default for Shared {
    fn default() -> Self {
        let state = Mutex::numbered(Level::Program, lock_order::PACE, State::default());
        Self { state, changed: Condvar::new() }
    }
}

/// The window's handle; clones share their state.
#[derive(Clone, Debug, Default)]
pub struct PaceControl(Arc<Shared>);

impl PaceControl {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.state.lock();
        change(&mut state);
        if let Some(interrupt) = &state.interrupt {
            interrupt.store(true, Relaxed);
        }
        self.0.changed.notify_all();
    }

    /// Pauses or resumes the machine.
    pub fn pause(&self, paused: bool) {
        self.change(|state| {
            state.paused = paused;
            state.steps = 0;
        });
    }

    /// Host time that machines have spent in pauses since the last call.
    pub fn take_paused_time(&self) -> Duration {
        std::mem::take(&mut self.0.state.lock().paused_time)
    }

    /// Advances a paused machine by one frame.
    pub fn step(&self) {
        self.change(|state| state.steps += 1);
    }

    /// Runs the loop of a paused machine once, so that it answers a request; no frame is shown.
    pub fn go_round(&self) {
        self.change(|state| state.run_loop_once = true);
    }

    /// Lets the machine go back, a checkpoint at a time, for as long as this is on.
    pub fn rewind(&self, on: bool) {
        self.change(|state| state.rewinding = on);
    }

    /// Removes or restores the speed limit.
    pub fn turbo(&self, on: bool) {
        self.change(|state| state.turbo = on);
    }

    /// Requests an inspection of the machine; no frame is shown.
    pub fn request_inspection(&self) {
        self.change(|state| state.inspect_requested = true);
    }

    /// Lets the machine that runs save its state to a slot; no frame is shown.
    pub fn save_state(&self, slot: StateSlot) {
        self.change(|state| state.save_slot = Some(slot));
    }

    /// Lets the machine that runs save its state to a slot, and ends it.
    pub fn save_and_end(&self, slot: StateSlot) {
        self.change(|state| {
            state.save_slot = Some(slot);
            state.ending = true;
        });
    }

    /// Ends the machine that runs, or is being made; those that follow it run.
    pub fn end_machine(&self) {
        self.change(|state| state.ending = true);
    }

    /// Ends the machine that runs, because the user leaves its title.
    pub fn leave(&self) {
        self.change(|state| {
            state.ending = true;
            state.leaving = true;
        });
    }

    /// Whether a machine has ended by [`Self::end_machine`]; forgets it.
    pub fn take_ended(&self) -> bool {
        std::mem::take(&mut self.0.state.lock().ended)
    }

    /// Forgets a request to end a machine that had ended by itself.
    pub fn expect_machine(&self) {
        self.change(|state| (state.ending, state.leaving, state.save_slot) = (false, false, None));
    }

    /// Ends the machine, and all machines that follow it.
    pub fn close(&self) {
        self.change(|state| state.closing = true);
    }
}

/// The machine's handle.
pub struct Pace {
    control: PaceControl,
    limiter: Limiter,
    /// Guest seconds per host second; `None` is unlimited.
    speed: Option<f64>,
    /// Guest time is the host's clock, which runs at [`Self::speed`].
    has_clock: bool,
    start: Instant,
    report: Box<dyn FnMut(Figures) + Send>,
    reported_at: Option<Instant>,
    /// Number of frames at which the current single step ends.
    step_to: Option<u64>,
    /// Whether the machine keeps checkpoints.
    can_rewind: bool,
    /// Whether a thread stops the machine periodically.
    stops_periodically: bool,
}

impl Pace {
    /// Limits the speed to this many fields per second of host time; `report` is called with
    /// statistics a few times per second.
    pub fn new(
        control: PaceControl,
        limit: Option<NonZeroU32>,
        report: impl FnMut(Figures) + Send + 'static,
    ) -> Self {
        let speed = limit.map(|limit| f64::from(limit.get()) / f64::from(FIELDS_PER_SECOND));
        Self {
            control,
            limiter: Limiter::new(speed),
            speed,
            has_clock: false,
            start: Instant::now(),
            report: Box::new(report),
            reported_at: None,
            step_to: None,
            can_rewind: false,
            stops_periodically: false,
        }
    }

    /// Stops the machine periodically by its flag: in lockstep for statistics, because a field may
    /// take a slow title seconds, and with rewinding for checkpoints. Ends with the flag, so that
    /// only the first call has an effect.
    pub fn stop_periodically(&mut self, interrupt: &Arc<AtomicBool>) {
        if std::mem::replace(&mut self.stops_periodically, true) {
            return;
        }
        let ticking = Arc::downgrade(interrupt);
        std::thread::spawn(move || {
            while let Some(interrupt) = ticking.upgrade() {
                interrupt.store(true, Relaxed);
                drop(interrupt);
                std::thread::sleep(FIGURES_PERIOD);
            }
        });
    }

    /// Sets the flag that stops the machine; sets it at once if a request is open.
    pub fn watch(&self, interrupt: Arc<AtomicBool>) {
        let mut state = self.control.0.state.lock();
        let is_requested =
            state.closing || state.ending || state.save_slot.is_some() || state.inspect_requested;
        if is_requested || state.paused && self.step_to.is_none() {
            interrupt.store(true, Relaxed);
        }
        state.interrupt = Some(interrupt);
    }

    /// The slot to which the state is to be saved now, if that was requested.
    pub(crate) fn take_save_slot(&mut self) -> Option<StateSlot> {
        self.control.0.state.lock().save_slot.take()
    }

    /// Takes the request for an inspection of the machine; returns whether there was one.
    pub(crate) fn take_inspect_request(&mut self) -> bool {
        std::mem::take(&mut self.control.0.state.lock().inspect_requested)
    }

    /// Whether the user has left the title.
    pub(crate) fn was_left(&self) -> bool {
        let state = self.control.0.state.lock();
        state.closing || state.leaving
    }

    /// Sets whether the machine keeps checkpoints to go back to.
    pub(crate) fn set_can_rewind(&mut self, can_rewind: bool) {
        self.can_rewind = can_rewind;
    }

    /// Whether the machine is to go back.
    pub fn is_rewinding(&self) -> bool {
        self.can_rewind && self.control.0.state.lock().rewinds()
    }

    /// Waits up to `time` while the machine goes back, and forgets how fast it was before.
    pub fn hold(&mut self, time: Duration) {
        self.limiter.restart();
        let end = Instant::now() + time;
        let mut state = self.control.0.state.lock();
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|_| state.rewinds()) {
            self.control.0.changed.wait_for(&mut state, left);
        }
    }

    /// Forgets a request to end the machine, as its state could not be saved before.
    pub(crate) fn keep_machine(&mut self) {
        self.control.0.state.lock().ending = false;
    }

    /// Notes the start of a run.
    pub fn begin(&mut self, figures: impl Fn() -> Figures) {
        // Host time has passed since the last run.
        self.limiter.restart();
        self.report_now(&figures);
    }

    /// The requested speed in guest seconds per host second, for a machine whose time is the host's
    /// clock.
    pub fn speed(&self) -> f64 {
        let turbo = self.control.0.state.lock().turbo;
        self.speed.filter(|_| !turbo).unwrap_or(NO_LIMIT)
    }

    /// Sets whether guest time is the host's clock, at the speed requested last.
    pub(crate) fn set_has_clock(&mut self, has_clock: bool) {
        self.has_clock = has_clock;
    }

    /// End of the next piece.
    pub fn limits(&self, whole: &Limits, at: &MachinePosition) -> Limits {
        let frames = match (self.step_to, whole.frames) {
            (Some(step), Some(limit)) => Some(step.min(limit)),
            (step, limit) => step.or(limit),
        };
        // Each piece ends with its field, as only `between` can wait for the host's clock.
        let ticks = (!self.has_clock).then_some((at.now / FIELD + 1) * FIELD);
        Limits { frames, ticks, ..whole.clone() }
    }

    /// Called between two slices. Returns when the next may start, or false if the machine must
    /// end.
    pub fn between_slices(&mut self, at: &MachinePosition, figures: impl Fn() -> Figures) -> bool {
        if self.reported_at.is_none_or(|last| last.elapsed() >= FIGURES_PERIOD) {
            self.report_now(&figures);
        }
        let control = self.control.clone();
        let mut state = control.0.state.lock();
        let mut wait_until = None;
        loop {
            if state.closing {
                return false;
            }
            // The state is saved before the machine ends: `save_and_end` requests both.
            if state.save_slot.is_some() || state.inspect_requested {
                return true;
            }
            if std::mem::take(&mut state.ending) {
                state.ended = true;
                return false;
            }
            if std::mem::take(&mut state.run_loop_once) || self.can_rewind && state.rewinding {
                return true;
            }
            if state.paused {
                if self.step_to.is_some_and(|frames| at.frames < frames) {
                    return true;
                }
                self.step_to = None;
                if state.steps > 0 {
                    state.steps -= 1;
                    self.step_to = Some(at.frames + 1);
                    return true;
                }
                self.report_now(&figures);
                self.limiter.restart();
                wait_until = None;
                let begun = Instant::now();
                control.0.changed.wait(&mut state);
                state.paused_time += begun.elapsed();
                continue;
            }
            self.step_to = None;
            if state.turbo || self.has_clock {
                self.limiter.restart();
                return true;
            }
            let now = self.start.elapsed();
            let until = *wait_until.get_or_insert_with(|| now + self.limiter.wait(now, at.now));
            if until <= now {
                return true;
            }
            control.0.changed.wait_for(&mut state, until.saturating_sub(now));
        }
    }

    /// Passes statistics to the window.
    pub(crate) fn report_now(&mut self, figures: impl FnOnce() -> Figures) {
        (self.report)(figures());
        self.reported_at = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests;
