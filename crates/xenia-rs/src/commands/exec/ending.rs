//! Exit of the process by Xlib, which calls `exit` when the connection to the display is lost, as
//! at a logout. [`CurrentRun`] then ends the run as the closing of its window does: every output is
//! written.

use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::sync::Once;
use std::sync::mpsc::Receiver;
use std::time::Duration;
use xenia::interrupt::{Cause, Interrupt};

/// Time for the run to write its outputs after the display has ended.
const OUTPUT_GRACE: Duration = Duration::from_secs(30);

/// When the exit handler is registered. C runs handlers in reverse order, so a handler that is
/// registered after the libraries of the moment are loaded precedes theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// The window is open.
    Window,
    /// The first machine has its graphics device.
    Machine,
}

struct Running {
    interrupt: Interrupt,
    result: Receiver<Result<u8>>,
}

/// The run in progress. Its lock has no level: `exit` takes it when the thread's records of held
/// locks are gone.
static RUNNING: Mutex<Option<Running>> = Mutex::new(None);
static HANDLED: [Once; 2] = [const { Once::new() }; 2];

/// A run whose result the thread of its machine sends.
pub(super) struct CurrentRun {
    interrupt: Interrupt,
}

impl CurrentRun {
    /// Registers a run. There is one at a time.
    pub(super) fn new(interrupt: &Interrupt, result: Receiver<Result<u8>>) -> Self {
        *RUNNING.lock() = Some(Running { interrupt: interrupt.clone(), result });
        Self { interrupt: interrupt.clone() }
    }

    /// Handles the end of the process from this moment on.
    pub(super) fn handle_exit(moment: Moment) {
        HANDLED[moment as usize].call_once(|| {
            if !xenia_host::ending::before_exit(conclude) {
                tracing::warn!(target: "gpu", "if the display ends, the outputs of the run are lost");
            }
        });
    }

    /// Ends the run because its window was closed, unless it has ended, and returns its result.
    pub(super) fn finish(self) -> Result<u8> {
        // If a machine still runs, this is why it ends.
        self.interrupt.request(Cause::Window);
        let running = RUNNING.lock().take().context("the run is over")?;
        running.result.recv().context("the machine's thread ended without a result")?
    }
}

impl Drop for CurrentRun {
    fn drop(&mut self) {
        *RUNNING.lock() = None;
    }
}

/// Called by `exit`: ends the run, waits for its outputs, and ends the process.
extern "C" fn conclude() {
    let Some(running) = RUNNING.lock().take() else { return };
    // The data of the thread that called `exit` is gone already.
    let thread = std::thread::Builder::new().spawn(move || {
        running.interrupt.request(Cause::Window);
        let code = match running.result.recv_timeout(OUTPUT_GRACE) {
            Ok(Ok(code)) => code,
            Ok(Err(error)) => crate::report(&error).number(),
            Err(_) => crate::report(&anyhow::anyhow!(
                "the display has ended, and the run did not end within {} seconds: its outputs are not complete",
                OUTPUT_GRACE.as_secs()
            ))
            .number(),
        };
        xenia_host::ending::exit_now(crate::finish(code));
    });
    if let Ok(thread) = thread {
        let _ = thread.join();
    }
}
