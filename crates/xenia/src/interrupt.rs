//! Ends a run from outside: signals, closing the window, `--timeout`. Also requests reports of the
//! guest's threads.
//!
//! The first cause asks the machine to stop after its current time slice; the run then ends as at
//! any limit, with every file written. Draws in progress may continue for a moment ([`DRAW_GRACE`],
//! or [`SAVING_DRAW_GRACE`]) and are then cancelled; if a draw was cut short, the report has no
//! digest, because memory no longer has the title's result. A second signal ends the process at
//! once, as by default: the signal handler does that itself, so it works in any state of the
//! threads.

use crate::lock_order;
use anyhow::{Context, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use xenia_gpu::Cancel;
use xenia_host::signals;
use xenia_sync::{Level, Mutex};

/// Time for draws to finish after a request to end.
const DRAW_GRACE: Duration = Duration::from_millis(400);
/// Time for draws to finish if the state is saved at the end: after a draw that was cut short,
/// memory is not the title's, so there would be no state.
const SAVING_DRAW_GRACE: Duration = Duration::from_secs(10);

static IS_ENDING: AtomicBool = AtomicBool::new(false);

/// Whether a signal or `--timeout` has asked the process to end.
pub fn is_ending() -> bool {
    IS_ENDING.load(Relaxed)
}

/// Cause of a run's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The signal with this number arrived.
    Signal(i32),
    /// The window was closed.
    Window,
    /// The time of `--timeout` elapsed.
    Timeout,
}

impl Cause {
    /// Name of the cause in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal(number) => {
                let found = signals::ENDING.iter().find(|(signal, _)| *signal == number);
                found.map_or("a signal", |(_, name)| name)
            }
            Self::Window => "window",
            Self::Timeout => "timeout",
        }
    }
}

#[derive(Default)]
struct State {
    cause: Option<Cause>,
    /// Whether a report of the guest's threads was requested.
    wants_threads: bool,
    /// Whether a bug report was requested.
    wants_report: bool,
    /// Stops the running machine.
    flag: Option<Arc<AtomicBool>>,
    /// Cancels the machine's draws.
    draws: Option<Cancel>,
    /// Whether the machine's state is saved at the end.
    saves: bool,
    /// Wakes a thread that sleeps between two stretches of the machine.
    wake: Option<Box<dyn Fn() + Send>>,
}

impl State {
    /// Stops the machine that is running, if one is.
    fn stop_machine(&self) {
        if let Some(flag) = &self.flag {
            flag.store(true, Relaxed);
        }
    }
}

/// A shared request to end the run; clones share it.
#[derive(Clone)]
pub struct Interrupt(Arc<Mutex<State>>);

impl Default for Interrupt {
    fn default() -> Self {
        Self(Arc::new(Mutex::numbered(Level::Program, lock_order::INTERRUPT, State::default())))
    }
}

impl Interrupt {
    /// Requests the end. Only the first cause is kept.
    pub fn request(&self, cause: Cause) {
        let mut state = self.0.lock();
        if state.cause.is_none() {
            state.cause = Some(cause);
            self.cancel_draws_after(if state.saves { SAVING_DRAW_GRACE } else { DRAW_GRACE });
        }
        state.stop_machine();
        if let Some(wake) = &state.wake {
            wake();
        }
    }

    /// After some time, cancels the draws of the machine that is running then.
    fn cancel_draws_after(&self, delay: Duration) {
        let interrupt = self.clone();
        // If the thread cannot be started, the draws' own limits end them.
        let _ = std::thread::Builder::new().name("cancel draws".to_owned()).spawn(move || {
            std::thread::sleep(delay);
            if let Some(draws) = &interrupt.0.lock().draws {
                draws.set();
            }
        });
    }

    /// Cause of the requested end, if it was requested.
    pub fn cause(&self) -> Option<Cause> {
        self.0.lock().cause
    }

    /// Notes a request, and stops the machine, which carries it out.
    fn note(&self, note: impl FnOnce(&mut State)) {
        let mut state = self.0.lock();
        note(&mut state);
        state.stop_machine();
    }

    /// Requests a report of the guest's threads; the run continues.
    pub fn request_thread_dump(&self) {
        self.note(|state| state.wants_threads = true);
    }

    /// Whether a report of the threads was requested; clears the request.
    pub(crate) fn take_thread_dump_request(&self) -> bool {
        std::mem::take(&mut self.0.lock().wants_threads)
    }

    /// Requests a bug report; the run continues.
    pub fn request_bug_report(&self) {
        self.note(|state| state.wants_report = true);
    }

    /// Whether a bug report was requested; clears the request.
    pub(crate) fn take_bug_report_request(&self) -> bool {
        std::mem::take(&mut self.0.lock().wants_report)
    }

    /// Makes SIGUSR1 request a report of the threads.
    pub fn listen_for_threads(&self) -> Result<()> {
        let by_signal = self.clone();
        signals::on_request_for_report(move || by_signal.request_thread_dump()).context("signal handlers")
    }

    /// Sets `flag` when the end is requested (at once if it has been), and cancels `draws` if they
    /// take too long.
    pub fn watch(&self, flag: Arc<AtomicBool>, draws: Option<Cancel>) {
        let mut state = self.0.lock();
        state.draws = draws;
        if state.cause.is_some() || state.wants_threads || state.wants_report {
            flag.store(true, Relaxed);
        }
        state.flag = Some(flag);
    }

    /// Notes whether the state of the machine that runs is saved at the end.
    pub(crate) fn set_saves_state(&self, saves: bool) {
        self.0.lock().saves = saves;
    }

    /// Calls `wake` when the end is requested; at once if it has been.
    pub fn when_requested(&self, wake: impl Fn() + Send + 'static) {
        let mut state = self.0.lock();
        if state.cause.is_some() {
            wake();
        }
        state.wake = Some(Box::new(wake));
    }

    /// Makes signals and `timeout` request the end.
    pub fn listen(timeout: Option<Duration>) -> Result<Self> {
        let interrupt = Self::default();
        let by_signal = interrupt.clone();
        let on_signal = move |signal| {
            IS_ENDING.store(true, Relaxed);
            by_signal.request(Cause::Signal(signal));
        };
        signals::on_ending(on_signal).context("signal handlers")?;
        if let Some(timeout) = timeout {
            let by_time = interrupt.clone();
            std::thread::Builder::new()
                .name("timeout".to_owned())
                .spawn(move || {
                    std::thread::sleep(timeout);
                    IS_ENDING.store(true, Relaxed);
                    by_time.request(Cause::Timeout);
                })
                .context("--timeout")?;
        }
        Ok(interrupt)
    }
}

/// Turns the signal for exceeding the file size limit (`ulimit -f`) into an error of the write, as
/// on a full disk. By default the signal would end the process with unfinished outputs.
pub fn outlive_limits_of_files() -> Result<()> {
    signals::outlive_limits_of_files().context("signal handlers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_interrupt_cause_wins_and_reaches_late_watchers() {
        let interrupt = Interrupt::default();
        let early = Arc::new(AtomicBool::new(false));
        let late = Arc::new(AtomicBool::new(false));
        interrupt.watch(early.clone(), None);
        assert!(!early.load(Relaxed) && interrupt.cause().is_none());
        interrupt.request(Cause::Signal(signals::TERMINATE));
        interrupt.request(Cause::Window);
        assert!(early.load(Relaxed));
        assert_eq!(interrupt.cause(), Some(Cause::Signal(signals::TERMINATE)));
        interrupt.watch(late.clone(), None);
        assert!(late.load(Relaxed), "a machine that comes later ends, too");
        let woken = Arc::new(AtomicBool::new(false));
        let wake = woken.clone();
        interrupt.when_requested(move || wake.store(true, Relaxed));
        assert!(woken.load(Relaxed));
    }

    #[test]
    fn a_request_for_threads_stops_the_machine_once_and_ends_nothing() {
        let interrupt = Interrupt::default();
        let flag = Arc::new(AtomicBool::new(false));
        interrupt.request_thread_dump();
        interrupt.watch(flag.clone(), None);
        assert!(flag.swap(false, Relaxed), "it came before the machine");
        assert!(interrupt.take_thread_dump_request() && !interrupt.take_thread_dump_request());
        interrupt.request_thread_dump();
        assert!(flag.load(Relaxed) && interrupt.cause().is_none());
    }

    #[test]
    fn draws_are_cancelled_when_they_take_longer() {
        let interrupt = Interrupt::default();
        let draws = Cancel::default();
        interrupt.watch(Arc::default(), Some(draws.clone()));
        let start = std::time::Instant::now();
        interrupt.request(Cause::Timeout);
        while !draws.is_set() {
            assert!(start.elapsed() < Duration::from_mins(1));
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(start.elapsed() >= DRAW_GRACE, "draws may continue for a moment");
    }

    #[test]
    fn draws_have_longer_where_the_state_is_saved() {
        let interrupt = Interrupt::default();
        let draws = Cancel::default();
        interrupt.watch(Arc::default(), Some(draws.clone()));
        interrupt.set_saves_state(true);
        let start = std::time::Instant::now();
        interrupt.request(Cause::Window);
        std::thread::sleep(2 * DRAW_GRACE);
        assert!(!draws.is_set() || start.elapsed() >= SAVING_DRAW_GRACE);
    }
}
