//! Requests of the user and the system to end the program: a console's events, by the numbers of
//! the signals that mean the same elsewhere.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, SetConsoleCtrlHandler,
};

/// The console was closed.
pub const HANG_UP: i32 = 1;
/// Ctrl-C in the terminal.
pub const INTERRUPT: i32 = 2;
/// Ctrl-Break, the end of the session or of the system.
pub const TERMINATE: i32 = 15;
/// Signals that end a run, by number and name.
pub const ENDING: [(i32, &str); 3] = [(INTERRUPT, "SIGINT"), (TERMINATE, "SIGTERM"), (HANG_UP, "SIGHUP")];

/// Time for the run to end before the system ends the process, which it does after five seconds or
/// when the handler returns.
const GRACE: Duration = Duration::from_secs(10);

type OnEnding = Box<dyn FnMut(i32) + Send>;

static ON_ENDING: Mutex<Option<OnEnding>> = Mutex::new(None);
/// Whether an event has come: the next one ends the process.
static CAME: AtomicBool = AtomicBool::new(false);

/// The system calls it on a separate thread. True: the event is dealt with.
unsafe extern "system" fn on_event(event: u32) -> i32 {
    let signal = match event {
        CTRL_C_EVENT => INTERRUPT,
        CTRL_CLOSE_EVENT => HANG_UP,
        _ => TERMINATE,
    };
    // Not handled: the system's own handler then ends the process.
    if CAME.swap(true, Relaxed) {
        return 0;
    }
    let Ok(mut on_ending) = ON_ENDING.lock() else { return 0 };
    let Some(on_ending) = on_ending.as_mut() else { return 0 };
    on_ending(signal);
    if !matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT) {
        std::thread::sleep(GRACE);
    }
    1
}

/// Calls `run` with the number of the first signal that requests the end. A second one ends the
/// process at once.
pub fn on_ending(run: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    *ON_ENDING.lock().map_err(|_| io::Error::other("a handler of an event panicked"))? = Some(Box::new(run));
    // SAFETY: the function lives as long as the program and may be called on any thread.
    if unsafe { SetConsoleCtrlHandler(Some(on_event), 1) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Not supported, and no error: `run` is not called.
pub fn on_request_for_report(_run: impl FnMut() + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// Changes nothing: a write beyond a limit on sizes of files is an error anyway.
pub fn outlive_limits_of_files() -> io::Result<()> {
    Ok(())
}
