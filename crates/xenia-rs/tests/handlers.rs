//! Waits until a process has a handler for a signal, according to /proc. An earlier signal would
//! kill it.

use std::process::Child;
use std::time::{Duration, Instant};

/// Waits until the process handles the signal of this number, and a moment more.
pub(crate) fn wait_for_handler(child: &mut Child, number: u32) {
    let start = Instant::now();
    while !handles(child.id(), number) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it handled signal {number}");
        assert!(start.elapsed() < Duration::from_mins(2), "signal {number} is not handled");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
}

/// Whether the process catches the signal.
fn handles(process: u32, number: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask >> (number - 1) & 1 != 0)
}
