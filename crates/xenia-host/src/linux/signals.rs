//! Signals that end a run, and the one that requests a report of the threads.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The terminal was closed.
pub const HANG_UP: i32 = SIGHUP;
/// Ctrl-C in the terminal.
pub const INTERRUPT: i32 = SIGINT;
/// A request to end.
pub const TERMINATE: i32 = SIGTERM;
/// Signals that end a run, by number and name.
pub const ENDING: [(i32, &str); 3] = [(INTERRUPT, "SIGINT"), (TERMINATE, "SIGTERM"), (HANG_UP, "SIGHUP")];

/// Calls `run` with the number of each signal of [`ENDING`], on a separate thread. A second one
/// ends the process at once, as by default: the signal handler does that itself, so it works in any
/// state of the threads. Signals that were ignored at the start (nohup, background job) stay
/// ignored.
pub fn on_ending(mut run: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    let ignored = ignored_signals();
    let signals = ENDING.map(|(signal, _)| signal).into_iter().filter(|signal| !ignored(*signal));
    let signals: Vec<i32> = signals.collect();
    let once = Arc::new(AtomicBool::new(false));
    for &signal in &signals {
        // The order matters: at the first signal, the conditional default must see the flag clear.
        signal_hook::flag::register_conditional_default(signal, once.clone())
            .and_then(|_| signal_hook::flag::register(signal, once.clone()))?;
    }
    let mut signals = Signals::new(signals)?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in &mut signals {
            run(signal);
        }
    })?;
    Ok(())
}

/// Calls `run` for each SIGUSR1, on a separate thread, unless the signal was ignored at the start.
pub fn on_request_for_report(mut run: impl FnMut() + Send + 'static) -> io::Result<()> {
    if ignored_signals()(SIGUSR1) {
        return Ok(());
    }
    let mut signals = Signals::new([SIGUSR1])?;
    std::thread::Builder::new()
        .name("SIGUSR1".to_owned())
        .spawn(move || signals.forever().for_each(|_| run()))?;
    Ok(())
}

/// Turns the signal for exceeding the file size limit (`ulimit -f`) into an error of the write, as
/// on a full disk. By default the signal would end the process with unfinished outputs.
pub fn outlive_limits_of_files() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::default()).map(drop)
}

/// Signals that were ignored when the program was started.
fn ignored_signals() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = ignored_mask(&status);
    move |signal| mask >> (signal - 1) & 1 != 0
}

fn ignored_mask(status: &str) -> u64 {
    let digits = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    digits.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        let status = "Name:\txenia-rs\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\n";
        let mask = ignored_mask(status);
        assert_eq!((mask & 1, mask >> (SIGINT - 1) & 1), (1, 0), "SIGHUP is number 1");
        assert_eq!(ignored_mask(""), 0);
    }
}
